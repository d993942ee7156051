/** What a CSV of unknown making holds, column by column, from one pass over all of its rows. */
import { RESERVED } from '../../lib/config/values.ts';
import { parseNumber } from '../../lib/data/columns.ts';
import { badInput } from '../../lib/fault.ts';
import { readStart, recordCutter } from '../../lib/files/csv.ts';
import { type CsvDialect, type CsvRecord, scanRecords, textsOf } from '../../lib/files/csv-records.ts';
import { random } from '../../lib/numbers/random.ts';
import { type ColumnProfile, type ColumnReader, columnReader, MARKER } from './column-reader.ts';

export interface Profile {
  readonly dialect: CsvDialect;
  /** The decimal sign. */
  readonly decimal: '.' | ',';
  readonly rows: number;
  /** Rows with another number of fields than the header, empty lines among them; nothing else here counts them. */
  readonly ragged: number;
  readonly columns: readonly ColumnProfile[];
  /** Rows drawn at random, in the order of the columns; cells trimmed. */
  readonly sample: readonly (readonly string[])[];
}

const SAMPLE_ROWS = 20_000;
const SNIFFED = 20;
/** A number that names a column often. */
const YEAR = /^(19|20)\d\d$/;

/** Fails with exit code 2 for what is no table with a header. */
export function profileFile(path: string): Profile {
  const dialect: CsvDialect = { separator: sniffSeparator(path), comment: '' };
  let columns: ColumnReader[] = [];
  let rows = 0;
  let ragged = 0;
  let blank = 0;
  const sample: string[][] = [];
  const { int } = random(0, 'profile');
  const take = (record: CsvRecord, line: number) => {
    if (columns.length === 0) {
      columns = checkHeader(path, textsOf(record), line).map(columnReader);
      return;
    }
    if (record.length === 1 && columns.length > 1 && record.text(0).trim() === '') {
      blank++;
      return;
    }
    // Empty lines at the end are none.
    ragged += blank;
    blank = 0;
    if (record.length !== columns.length) {
      ragged++;
      return;
    }
    rows++;
    for (let i = 0; i < columns.length; i++) columns[i]!.add(record, i);
    const place = rows <= SAMPLE_ROWS ? rows - 1 : int(rows);
    if (place < SAMPLE_ROWS) sample[place] = textsOf(record).map((cell) => cell.trim());
  };
  scanRecords(path, take, dialect);
  if (columns.length === 0) throw badInput(`${path}  is empty: it has no header and no rows`);
  if (rows === 0) throw badInput(`${path}:1  has a header but no rows`);
  if (ragged > rows)
    throw badInput(
      `${path}  is no table: ${ragged} of ${ragged + rows} rows have not the ${columns.length} fields of the header`,
    );
  const isComma =
    columns.some((column) => column.sign === ',') ||
    (dialect.separator === ';' && !columns.some((column) => column.sign === '.'));
  const decimal = isComma ? ',' : '.';
  return {
    dialect,
    decimal,
    rows,
    ragged,
    columns: columns.map((column) => column.profile(decimal)),
    sample,
  };
}

/** The separator that the first lines hold most often, as often in each; a comma where none is. */
function sniffSeparator(path: string): string {
  const cutter = recordCutter();
  const lines: string[] = [];
  for (const line of cutter.push(readStart(path)).whole.split('\n').slice(0, SNIFFED)) lines.push(line);
  if (lines.length === 0) lines.push(cutter.rest());
  const fieldsOf = (line: string, separator: string) => line.replace(/"[^"]*"/g, '').split(separator).length;
  const widths = [',', ';', '\t', '|'].map((separator) => {
    const header = fieldsOf(lines[0] ?? '', separator);
    const alike = lines.filter((line) => fieldsOf(line, separator) === header).length;
    return { separator, score: header > 1 ? alike * 1000 + header : 0 };
  });
  return widths.reduce((best, each) => (each.score > best.score ? each : best)).separator;
}

function checkHeader(path: string, fields: readonly string[], line: number): string[] {
  const names = fields.map((name) => name.trim());
  const at = `${path}:${line}`;
  if (names.length === 1)
    throw badInput(`${at}  has a single field: not a table of columns separated by , ; | or tab`);
  const empty = names.indexOf('');
  if (empty >= 0) throw badInput(`${at}  column ${empty + 1} has no name in the header`);
  const reserved = names.find((name) => RESERVED.includes(name));
  if (reserved !== undefined) throw badInput(`${at}  a column cannot be called "${reserved}": rename it`);
  const markers = names.filter((name) => MARKER.test(name));
  const number =
    names.find((name) => parseNumber(name) !== undefined && !YEAR.test(name)) ??
    (markers.length * 2 > names.length ? markers[0] : undefined);
  if (number !== undefined)
    throw badInput(
      `${at}  holds "${number}", so it looks like data: a header with the columns' names is needed`,
    );
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badInput(`${at}  column "${twice}" stands twice in the header`);
  return names;
}
