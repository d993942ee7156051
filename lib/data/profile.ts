/** What a CSV of unknown making holds, column by column, from one pass over all of its rows. */
import { badInput } from '../fault.ts';
import { type CsvDialect, readRecords } from '../files/csv.ts';
import { random } from '../learn/random.ts';
import { parseNumber } from './columns.ts';
import { parseTime, type TimeFormat } from './time.ts';

export interface ColumnProfile {
  readonly name: string;
  /** Cells that hold something, markers of missing values aside. */
  readonly present: number;
  /** Markers of missing values that are no empty cell, and how often each stands there. */
  readonly markers: ReadonlyMap<string, number>;
  /** How often each value occurs; undefined beyond DISTINCT_LIMIT values. */
  readonly counts: ReadonlyMap<string, number> | undefined;
  /** How every present cell can be read: as what is first true. */
  readonly kind: 'number' | 'decimal comma' | 'number with text' | 'time' | 'text';
  /** Of numbers: whether all are whole, and their range. */
  readonly whole: boolean;
  readonly low: number;
  readonly high: number;
  /** Of numbers with text: what stands around them. */
  readonly affixes: readonly string[];
  readonly format: TimeFormat | undefined;
  /** Numbers and times: whether they never fall from row to row. */
  readonly ascending: boolean;
  readonly longest: number;
}

export interface Profile {
  readonly dialect: CsvDialect;
  readonly rows: number;
  /** Rows with another number of fields than the header, which nothing else here counts. */
  readonly ragged: number;
  readonly columns: readonly ColumnProfile[];
  /** Rows drawn at random, in the order of the columns; cells trimmed. */
  readonly sample: readonly (readonly string[])[];
}

export const DISTINCT_LIMIT = 1000;
const SAMPLE_ROWS = 20_000;
const AFFIX_LIMIT = 3;
const MARKER = /^(na|n\/a|n\.a\.|nan|null|none|nil|\?|-|--|missing|unknown)$/i;
const TIMES: readonly TimeFormat[] = ['iso', 'day_first', 'month_first'];
const AFFIXED = /^([$€£¥₹]?)\s*([+-]?\d[\d,]*(?:\.\d+)?)\s*(%|[^\d\s.,+-][^\d,]{0,11})?$/u;

/** Fails with exit code 2 for what is no table with a header. */
export function profileFile(path: string): Profile {
  const dialect: CsvDialect = { separator: sniffSeparator(path), comment: '' };
  let columns: ColumnReader[] = [];
  let rows = 0;
  let ragged = 0;
  const sample: string[][] = [];
  const { int } = random(0, 'profile');
  readRecords(
    path,
    (fields, line) => {
      if (columns.length === 0) {
        columns = checkHeader(path, fields, line).map(columnReader);
        return;
      }
      if (fields.length === 1 && fields[0]!.trim() === '') return;
      if (fields.length !== columns.length) {
        ragged++;
        return;
      }
      rows++;
      for (let i = 0; i < fields.length; i++) {
        fields[i] = fields[i]!.trim();
        columns[i]!.add(fields[i]!);
      }
      if (sample.length < SAMPLE_ROWS) sample.push(fields);
      else {
        const at = int(rows);
        if (at < SAMPLE_ROWS) sample[at] = fields;
      }
    },
    dialect,
  );
  if (columns.length === 0) throw badInput(`${path}  is empty: it has no header and no rows`);
  if (rows === 0) throw badInput(`${path}:1  has a header but no rows`);
  if (ragged > rows)
    throw badInput(
      `${path}  is no table: ${ragged} of ${ragged + rows} rows have not the ${columns.length} fields of the header`,
    );
  return { dialect, rows, ragged, columns: columns.map((column) => column.profile()), sample };
}

/** The separator that the first lines hold most often, as often in each; a comma where none is. */
function sniffSeparator(path: string): string {
  const lines: string[] = [];
  const enough = new Error('enough');
  try {
    readRecords(
      path,
      (fields) => {
        lines.push(fields.join(''));
        if (lines.length === 20) throw enough;
      },
      { separator: '\u0001', comment: '' },
    );
  } catch (error) {
    if (error !== enough) throw error;
  }
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
  const number = names.find((name) => parseNumber(name) !== undefined || MARKER.test(name));
  if (number !== undefined)
    throw badInput(
      `${at}  holds "${number}", so it looks like data: a header with the columns' names is needed`,
    );
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badInput(`${at}  column "${twice}" stands twice in the header`);
  return names;
}

interface ColumnReader {
  add(cell: string): void;
  profile(): ColumnProfile;
}

/** Keeps what every cell so far could be read as; most cells ask for one test only. */
function columnReader(name: string): ColumnReader {
  let present = 0;
  const markers = new Map<string, number>();
  let counts: Map<string, number> | undefined = new Map();
  let [isNumber, isComma, isAffixed] = [true, true, true];
  let times = TIMES;
  const affixes = new Set<string>();
  let whole = true;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let ascending = true;
  let last = Number.NEGATIVE_INFINITY;
  let longest = 0;

  const read = (value: number) => {
    if (value < low) low = value;
    if (value > high) high = value;
    if (whole && !Number.isInteger(value)) whole = false;
    if (value < last) ascending = false;
    last = value;
  };
  const readAffixed = (cell: string): number | undefined => {
    const [, before = '', digits = '', after = ''] = AFFIXED.exec(cell) ?? [];
    if (digits === '') return undefined;
    for (const text of [before, after.trim(), digits.includes(',') ? ',' : ''])
      if (text !== '') affixes.add(text);
    if (affixes.size > AFFIX_LIMIT) return undefined;
    return parseNumber(digits.replaceAll(',', ''));
  };
  const addNumber = (cell: string): boolean => {
    const value = parseNumber(cell);
    if (value !== undefined && (isNumber || isComma || isAffixed)) {
      read(value);
      return true;
    }
    isNumber = false;
    if (isComma) {
      const comma = /^[+-]?\d+,\d+$/.test(cell) ? parseNumber(cell.replace(',', '.')) : undefined;
      if (comma === undefined) isComma = false;
      else read(comma);
    }
    if (isAffixed) {
      const affixed = readAffixed(cell);
      if (affixed === undefined) isAffixed = false;
      else if (!isComma) read(affixed);
    }
    return isComma || isAffixed;
  };
  const addTime = (cell: string) => {
    times = times.filter((format) => parseTime(cell, format) !== undefined);
    if (times.length > 0) {
      const value = parseTime(cell, times[0]!)!;
      if (value < last) ascending = false;
      last = value;
    }
  };

  return {
    add(cell) {
      if (cell === '') return;
      if (MARKER.test(cell)) {
        markers.set(cell, (markers.get(cell) ?? 0) + 1);
        return;
      }
      present++;
      if (cell.length > longest) longest = cell.length;
      if (counts !== undefined) {
        counts.set(cell, (counts.get(cell) ?? 0) + 1);
        if (counts.size > DISTINCT_LIMIT) counts = undefined;
      }
      if (isNumber || isComma || isAffixed) {
        if (!addNumber(cell) && present > 1) times = [];
      }
      if (!isNumber && !isComma && !isAffixed && times.length > 0) addTime(cell);
    },
    profile() {
      const kind =
        present === 0
          ? 'text'
          : isNumber
            ? 'number'
            : isComma
              ? 'decimal comma'
              : isAffixed
                ? 'number with text'
                : times.length > 0
                  ? 'time'
                  : 'text';
      const format = kind === 'time' ? times[0] : undefined;
      return {
        name,
        present,
        markers,
        counts,
        kind,
        whole,
        low,
        high,
        affixes: [...affixes],
        format,
        ascending,
        longest,
      };
    },
  };
}
