/** What one column of a CSV of unknown making holds, from its cells one after the other. */
import { parseTime, type TimeFormat } from '../../lib/data/time.ts';
import type { CsvRecord } from '../../lib/files/csv-records.ts';
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
  /** Of text that is all numbers, but with units that differ: these, '' for none; else nothing. */
  readonly mixedUnits: readonly string[];
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

/** Beyond so many different values they are no longer counted. */
export const DISTINCT_LIMIT = 1000;
/** What people write where nothing is known. */
export const MARKER = /^(na|n\/a|n\.a\.|nan|null|none|nil|\?|-|--|missing|unknown)$/i;
const TIMES: readonly TimeFormat[] = ['iso', 'day_first', 'month_first'];

export interface ColumnReader {
  /** The decimal sign that the column's numbers can only have, if there is one. */
  readonly sign: '.' | ',' | undefined;
  /** Takes the column's field of a record. */
  add(record: CsvRecord, field: number): void;
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
export function columnReader(name: string): ColumnReader {
  let present = 0;
  const markers = new Map<string, number>();
  let counts: Map<string, number> | undefined = new Map();
  let isNumber = true;
  const [point, comma] = [newReading(), newReading()];
  const around = new Set<string>();
  const units = new Set<string>();
  /** Whether a number without a unit has been seen. */
  let hasBare = false;
  let times = TIMES;
  let timesAscend = true;
  let lastTime = Number.NEGATIVE_INFINITY;
  let longest = 0;

  /** Plain numbers, of which no other reading is possible; false for what has to be read as a text. */
  const addPlain = (record: CsvRecord, field: number): boolean => {
    if (!isNumber) return false;
    const value = record.number(field);
    const { decimals } = record;
    // Three digits behind a point may as well be thousands.
    if (Number.isNaN(value) || decimals === 0 || (decimals === 3 && comma.fits)) return false;
    take(point, value, false);
    take(comma, decimals < 0 ? value : undefined, false);
    if (!hasBare) units.add('');
    hasBare = true;
    if (!point.fits && !comma.fits) isNumber = false;
    return true;
  };
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
  const count = (cell: string) => {
    if (counts === undefined) return;
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
    if (counts.size > DISTINCT_LIMIT) counts = undefined;
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
    add(record, field) {
      if (counts === undefined && addPlain(record, field)) {
        present++;
        if (!isNumber) times = [];
        return;
      }
      const cell = record.text(field).trim();
      if (cell === '') return;
      const known = counts?.get(cell) ?? 0;
      if (known > 0 && !isNumber && times.length === 0) {
        present++;
        counts!.set(cell, known + 1);
        return;
      }
      if (MARKER.test(cell)) {
        markers.set(cell, (markers.get(cell) ?? 0) + 1);
        return;
      }
      present++;
      if (cell.length > longest) longest = cell.length;
      count(cell);
      if (isNumber) {
        if (!addPlain(record, field)) addNumber(cell);
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
        mixedUnits: hasUnits ? [...units] : [],
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
