/** What a CSV of unknown making holds, column by column, from one pass over all of its rows. */
import { badInput } from '../fault.ts';
import { type CsvDialect, readRecords, readStart, recordCutter } from '../files/csv.ts';
import { random } from '../learn/random.ts';
import { parseNumber } from './columns.ts';
import { parseTime, type TimeFormat } from './time.ts';
import { readWritten } from './written-number.ts';

export interface ColumnProfile {
  readonly name: string;
  /** Cells that hold something, markers of missing values aside. */
  readonly present: number;
  /** Markers of missing values that are no empty cell, and how often each stands there. */
  readonly markers: ReadonlyMap<string, number>;
  /** How often each value occurs; undefined beyond DISTINCT_LIMIT values. */
  readonly counts: ReadonlyMap<string, number> | undefined;
  /** How every present cell can be read. */
  readonly kind: 'number' | 'time' | 'text';
  /** Of text: whether all of it is numbers, but with units that differ. */
  readonly mixedUnits: boolean;
  /** Of numbers: whether all are whole, and their range. */
  readonly whole: boolean;
  readonly low: number;
  readonly high: number;
  /** Of numbers: currency, unit and thousands separator, which are to be stripped. */
  readonly affixes: readonly string[];
  readonly format: TimeFormat | undefined;
  /** Of times: whether day before month and month before day both fit. */
  readonly ambiguous: boolean;
  /** Numbers and times: whether they never fall from row to row. */
  readonly ascending: boolean;
  readonly longest: number;
}

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

export const DISTINCT_LIMIT = 1000;
const SAMPLE_ROWS = 20_000;
const SNIFFED = 20;
const MARKER = /^(na|n\/a|n\.a\.|nan|null|none|nil|\?|-|--|missing|unknown)$/i;
const TIMES: readonly TimeFormat[] = ['iso', 'day_first', 'month_first'];

/** Fails with exit code 2 for what is no table with a header. */
export function profileFile(path: string): Profile {
  const dialect: CsvDialect = { separator: sniffSeparator(path), comment: '' };
  let columns: ColumnReader[] = [];
  let rows = 0;
  let ragged = 0;
  let blank = 0;
  const sample: string[][] = [];
  const { int } = random(0, 'profile');
  readRecords(
    path,
    (fields, line) => {
      if (columns.length === 0) {
        columns = checkHeader(path, fields, line).map(columnReader);
        return;
      }
      if (fields.length === 1 && fields[0]!.trim() === '' && columns.length > 1) {
        blank++;
        return;
      }
      // Empty lines at the end are none.
      ragged += blank;
      blank = 0;
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
  if (names.includes('__proto__')) throw badInput(`${at}  a column cannot be called "__proto__": rename it`);
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
  /** The decimal sign that the column's numbers can only have, if there is one. */
  readonly sign: '.' | ',' | undefined;
  add(cell: string): void;
  profile(decimal: '.' | ','): ColumnProfile;
}

/** What the numbers of a column come to if they are read with one decimal sign. */
interface Reading {
  fits: boolean;
  whole: boolean;
  low: number;
  high: number;
  last: number;
  ascending: boolean;
  thousands: boolean;
}

const newReading = (): Reading => ({
  fits: true,
  whole: true,
  low: Number.POSITIVE_INFINITY,
  high: Number.NEGATIVE_INFINITY,
  last: Number.NEGATIVE_INFINITY,
  ascending: true,
  thousands: false,
});

function take(reading: Reading, value: number | undefined, thousands: boolean): void {
  if (value === undefined) reading.fits = false;
  if (value === undefined || !reading.fits) return;
  if (value < reading.low) reading.low = value;
  if (value > reading.high) reading.high = value;
  if (reading.whole && !Number.isInteger(value)) reading.whole = false;
  if (value < reading.last) reading.ascending = false;
  reading.last = value;
  reading.thousands ||= thousands;
}

/** Keeps what every cell so far could be read as; most cells ask for one test only. */
function columnReader(name: string): ColumnReader {
  let present = 0;
  const markers = new Map<string, number>();
  let counts: Map<string, number> | undefined = new Map();
  let isNumber = true;
  const [point, comma] = [newReading(), newReading()];
  const around = new Set<string>();
  const units = new Set<string>();
  let times = TIMES;
  let timesAscend = true;
  let lastTime = Number.NEGATIVE_INFINITY;
  let longest = 0;

  const addNumber = (cell: string) => {
    const written = readWritten(cell);
    if (written === undefined) {
      isNumber = false;
      return;
    }
    take(point, written.point, written.hasThousands.point);
    take(comma, written.comma, written.hasThousands.comma);
    if (written.before !== '') around.add(written.before);
    if (units.size <= 2) units.add(written.behind);
    if (!point.fits && !comma.fits) isNumber = false;
  };
  const addTime = (cell: string) => {
    times = times.filter((format) => parseTime(cell, format) !== undefined);
    if (times.length === 0) return;
    const value = parseTime(cell, times[0]!)!;
    if (value < lastTime) timesAscend = false;
    lastTime = value;
  };

  return {
    get sign() {
      if (!isNumber || present === 0 || point.fits === comma.fits) return undefined;
      return point.fits ? '.' : ',';
    },
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
      if (isNumber) {
        addNumber(cell);
        if (!isNumber && present > 1) times = [];
      }
      if (!isNumber && times.length > 0) addTime(cell);
    },
    profile(decimal) {
      const reading = (decimal === ',' && comma.fits) || !point.fits ? comma : point;
      const hasUnits = isNumber && present > 0 && units.size > 1;
      const kind =
        present === 0 || hasUnits ? 'text' : isNumber ? 'number' : times.length > 0 ? 'time' : 'text';
      const thousands = reading.thousands ? [reading === comma ? '.' : ','] : [];
      return {
        name,
        present,
        markers,
        counts,
        kind,
        mixedUnits: hasUnits,
        whole: reading.whole,
        low: reading.low,
        high: reading.high,
        affixes:
          kind === 'number' ? [...around, ...[...units].filter((unit) => unit !== ''), ...thousands] : [],
        format: kind === 'time' ? times[0] : undefined,
        ambiguous: times.length > 1 && times[0] !== 'iso',
        ascending: kind === 'time' ? timesAscend : reading.ascending,
        longest,
      };
    },
  };
}
