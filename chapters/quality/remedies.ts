/** Declared remedies: what each would change of a row, cell by cell. Nothing is changed that is not listed. */
import type { Config } from '../../lib/config/schema.ts';
import { parseNumber } from '../../lib/data/columns.ts';
import { badInput } from '../../lib/fault.ts';
import { type CsvRecord, scanRecords, textsOf } from '../../lib/files/csv-records.ts';
import { valueAtRank } from './rank.ts';
import type { Remedy } from './settings.ts';

export interface Change {
  readonly line: number;
  readonly column: string;
  readonly before: string;
  readonly after: string;
  readonly remedy: string;
}

export function remedyWords(remedy: Remedy): string {
  if (remedy.do === 'impute') return `impute "${remedy.column}" by ${remedy.value}`;
  if (remedy.do === 'clip') return `clip "${remedy.column}" to ${remedy.min_value} … ${remedy.max_value}`;
  if (remedy.do === 'map') return `map "${remedy.column}"`;
  if (remedy.do === 'drop_duplicates')
    return `drop duplicates by ${remedy.columns.map((name) => `"${name}"`).join(', ')}`;
  return `${remedy.do} rows that fail ${remedy.failing}`;
}

type CellRemedy = Extract<Remedy, { do: 'impute' | 'clip' | 'map' }>;

/** Changes a cell, or leaves it: returns what stands there then. */
type Mend = (cell: string) => string;

export interface MendedRow {
  readonly line: number;
  readonly cells: readonly string[];
  /** The duplicate remedy that takes the row out. */
  readonly duplicateOf: string | undefined;
}

/** Reads a file and hands over its header and each row as the remedies leave it. */
export function mendRows(
  path: string,
  { data }: Pick<Config, 'data'>,
  schemaNames: readonly string[],
  remedies: readonly Remedy[],
  onHeader: (names: readonly string[]) => void,
  onRow: (row: MendedRow) => void,
  onChange: (change: Change) => void,
): void {
  const { csv } = data;
  const ofCells = remedies.filter((remedy): remedy is CellRemedy =>
    ['impute', 'clip', 'map'].includes(remedy.do),
  );
  const fills = fillsOf(path, data, schemaNames, ofCells);
  const isMissing = (cell: string) => cell === '' || csv.missing.includes(cell);
  const mends: { column: string; at: number; mend: Mend; words: string }[] = [];
  const drops: { places: number[]; words: string; seen: Map<string, number> }[] = [];
  const begin = (names: readonly string[]) => {
    onHeader(names);
    const placeOf = (name: string) => {
      const at = names.indexOf(name);
      if (at < 0) throw badInput(`${path}:1  column "${name}", which a remedy names, is not in the header`);
      return at;
    };
    for (const remedy of ofCells)
      mends.push({
        column: remedy.column,
        at: placeOf(remedy.column),
        mend: mendOf(remedy, fills, isMissing, csv.decimal),
        words: remedyWords(remedy),
      });
    for (const remedy of remedies)
      if (remedy.do === 'drop_duplicates')
        drops.push({ places: remedy.columns.map(placeOf), words: remedyWords(remedy), seen: new Map() });
  };
  let isBegun = !csv.header;
  if (isBegun) begin(schemaNames);
  scanRecords(
    path,
    (record, line) => {
      if (!isBegun) {
        isBegun = true;
        begin(textsOf(record).map((name) => name.trim()));
        return;
      }
      if (record.length === 1 && record.text(0).trim() === '') return;
      const cells = trimmed(record);
      for (const { column, at, mend, words } of mends) {
        const before = cells[at];
        if (before === undefined) continue;
        const after = mend(before);
        if (after === before) continue;
        cells[at] = after;
        onChange({ line, column, before, after, remedy: words });
      }
      let duplicateOf: string | undefined;
      for (const { places, words, seen } of drops) {
        const key = places.map((at) => cells[at] ?? '').join('\n');
        const first = seen.get(key);
        if (first === undefined) seen.set(key, line);
        else duplicateOf ??= `${words}: line ${first} is the same`;
      }
      onRow({ line, cells, duplicateOf });
    },
    csv,
  );
}

function trimmed(record: CsvRecord): string[] {
  return textsOf(record).map((cell) => cell.trim());
}

function mendOf(
  remedy: CellRemedy,
  fills: ReadonlyMap<string, string>,
  isMissing: (cell: string) => boolean,
  decimal: '.' | ',',
): Mend {
  if (remedy.do === 'map')
    return (cell) => (Object.hasOwn(remedy.values, cell) ? remedy.values[cell]! : cell);
  if (remedy.do === 'impute') {
    const fill = fills.get(remedy.column)!;
    return (cell) => (isMissing(cell) ? fill : cell);
  }
  const { min_value, max_value } = remedy;
  const written = (value: number) => String(value).replace('.', decimal);
  return (cell) => {
    const value = parseNumber(decimal === ',' ? cell.replace(',', '.') : cell);
    if (value === undefined || (value >= min_value && value <= max_value)) return cell;
    return written(value < min_value ? min_value : max_value);
  };
}

/** What stands in for a missing cell, by column; a median or the most frequent is that of the file. */
function fillsOf(
  path: string,
  data: Config['data'],
  schemaNames: readonly string[],
  remedies: readonly CellRemedy[],
): Map<string, string> {
  const fills = new Map<string, string>();
  const wanted: { column: string; value: string; cells: string[] }[] = [];
  for (const remedy of remedies)
    if (remedy.do === 'impute') {
      if (remedy.value === 'median' || remedy.value === 'most_frequent')
        wanted.push({ column: remedy.column, value: remedy.value, cells: [] });
      else fills.set(remedy.column, String(remedy.value));
    }
  if (wanted.length === 0) return fills;
  const { csv } = data;
  let names: readonly string[] | undefined = csv.header ? undefined : schemaNames;
  scanRecords(
    path,
    (record) => {
      if (names === undefined) {
        names = trimmed(record);
        return;
      }
      for (const { column, cells } of wanted) {
        const at = names.indexOf(column);
        const cell = at < 0 || at >= record.length ? '' : record.text(at).trim();
        if (cell !== '' && !csv.missing.includes(cell)) cells.push(cell);
      }
    },
    csv,
  );
  for (const { column, value, cells } of wanted)
    fills.set(column, value === 'median' ? medianCell(cells, csv.decimal) : mostFrequent(cells));
  return fills;
}

/** The lower median, as it is written in the file. */
function medianCell(cells: readonly string[], decimal: '.' | ','): string {
  const numbers = Float64Array.from(
    cells.flatMap((cell) => parseNumber(decimal === ',' ? cell.replace(',', '.') : cell) ?? []),
  );
  return numbers.length === 0
    ? ''
    : String(valueAtRank(numbers, (numbers.length - 1) >> 1)).replace('.', decimal);
}

function mostFrequent(cells: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return [...counts].reduce(
    (best, each) => (each[1] > best[1] || (each[1] === best[1] && each[0] < best[0]) ? each : best),
    ['', 0] as [string, number],
  )[0];
}

/** Names of every column of the schema: those of a file without a header. */
export function schemaNames({ schema }: Pick<Config, 'schema'>): string[] {
  return Object.keys(schema);
}
