/** Checking a raw table against the schema, row by row. */
import type { NamedColumn } from '../config/roles.ts';
import type { Config } from '../config/schema.ts';
import { badInput } from '../fault.ts';
import { type CsvRecord, scanRecords, textsOf } from '../files/csv-records.ts';
import { fits, readCell, writeCell } from './columns.ts';

/** How the raw file is written; a prepared file is plain: commas, a header, empty cells for missing values. */
export type Dialect = Config['data']['csv'];

export const PLAIN: Dialect = { separator: ',', header: true, comment: '', missing: [], decimal: '.' };

/** A row that breaks the schema. */
export interface InvalidRow {
  readonly file: string;
  readonly line: number;
  /** Every problem of the row, each naming its column. */
  readonly reasons: readonly string[];
  readonly cells: readonly string[];
}

/** A row that fits the schema. The same object is handed over for each: what it says is of the current one. */
export interface ValidRow {
  /** By column: values, category indices, NaN where missing; 0 for text. */
  readonly values: Float64Array;
  /** The cell of a column in its one written form. */
  cell(column: number): string;
}

/**
 * Reads a CSV whose header must hold exactly these columns, in any order (without a header they stand in this order), and
 * hands over each row in their order. Fails with exit code 2 for a wrong header or a file without rows.
 */
export function validateFile(
  path: string,
  columns: readonly NamedColumn[],
  onValid: (row: ValidRow, line: number) => void,
  onInvalid: (row: InvalidRow) => void,
  dialect: Dialect = PLAIN,
): void {
  let order = dialect.header ? undefined : columns.map((_, i) => i);
  let width = columns.length;
  let rows = 0;
  const read = rowReader(columns, dialect);
  /** Empty lines, which are wrong only where rows follow. */
  const blank: number[] = [];
  const refuse = (line: number, reasons: readonly string[], cells: readonly string[]) =>
    onInvalid({ file: path, line, reasons, cells });
  const take = (record: CsvRecord, line: number) => {
    if (order === undefined) {
      order = matchHeader(path, textsOf(record), columns);
      width = record.length;
      return;
    }
    if (record.length === 1 && width > 1 && record.text(0).trim() === '') {
      blank.push(line);
      return;
    }
    for (const at of blank.splice(0)) refuse(at, ['the line is empty'], ['']);
    rows++;
    if (record.length !== width) {
      const whose = dialect.header ? 'the header' : 'the schema';
      const fields = record.length === 1 ? 'field' : 'fields';
      refuse(line, [`${record.length} ${fields} where ${whose} has ${width}`], textsOf(record));
      return;
    }
    const { row, problems } = read(record, order);
    if (problems.length === 0) onValid(row, line);
    else
      refuse(
        line,
        problems.map(({ column, problem }) => `column "${columns[column]!.name}": ${problem}`),
        order.map((at) => record.text(at).trim()),
      );
  };
  scanRecords(path, take, dialect);
  if (order === undefined) throw badInput(`${path}  is empty: it has no header and no rows`);
  if (rows === 0) throw badInput(`${path}:1  has ${dialect.header ? 'a header but ' : ''}no rows`);
}

/** A cell that its column may not hold. */
export interface CellProblem {
  /** Place of the column among those that are read. */
  readonly column: number;
  readonly problem: string;
}

/**
 * Reads one record after the other; `order` is where it has each column. Plain numbers and known categories, which are
 * nearly all cells, are taken at once; what is left goes through readCell. What a column may not hold is NaN among the values.
 */
export function rowReader(
  columns: readonly NamedColumn[],
  { missing, decimal }: Pick<Dialect, 'missing' | 'decimal'>,
) {
  const values = new Float64Array(columns.length);
  const cells = new Array<string>(columns.length).fill('');
  const row: ValidRow = {
    values,
    cell: (column) => writeCell(columns[column]!, values[column]!, cells[column]!),
  };
  const isMissing = new Set(missing);
  const hasMissingNumbers = missing.some((text) => /\d/.test(text));
  const isPlain = columns.map(
    ({ type, role, strip }) =>
      (type === 'number' || type === 'integer') &&
      role !== 'ignored' &&
      strip === undefined &&
      !hasMissingNumbers,
  );
  const indices = columns.map(
    ({ categories, role }) => new Map(role === 'ignored' ? [] : categories?.map((name, i) => [name, i])),
  );
  return (record: CsvRecord, order: readonly number[]) => {
    const problems: CellProblem[] = [];
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      if (isPlain[i]) {
        const value = record.number(order[i]!);
        if (fits(column, value)) {
          values[i] = value;
          cells[i] = '';
          continue;
        }
      }
      const text = record.text(order[i]!).trim();
      const index = indices[i]!.get(text);
      if (index !== undefined) {
        values[i] = index;
        continue;
      }
      const cell = isMissing.has(text) ? '' : text;
      const value = readCell(column, cell, decimal);
      values[i] = typeof value === 'string' ? Number.NaN : value;
      cells[i] = cell;
      if (typeof value === 'string') problems.push({ column: i, problem: value });
    }
    return { row, problems };
  };
}

/** The first name that stands twice. */
export function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

const NAMES_SHOWN = 6;

/** For each column, where the header has it. */
function matchHeader(path: string, header: readonly string[], columns: readonly NamedColumn[]): number[] {
  const names = header.map((name) => name.trim());
  const twice = firstTwice(names);
  const places = new Map(names.map((name, c) => [name, c]));
  const known = new Set(columns.map(({ name }) => name));
  if (twice !== undefined) throw badInput(`${path}:1  column "${twice}" stands twice in the header`);
  const missing = columns.filter(({ name }) => !places.has(name));
  if (names.length === 1 && columns.length > 1) {
    throw badInput(
      `${path}:1  the header is a single field: is the separator another one (data.csv.separator)?`,
    );
  }
  if (missing.length > 0) {
    throw badInput(
      `${path}:1  column ${missing.map((column) => `"${column.name}"`).join(', ')} of the schema ${missing.length === 1 ? 'is' : 'are'} missing`,
    );
  }
  const extra = names.filter((name) => !known.has(name));
  if (extra.length > 0) {
    throw badInput(
      `${path}:1  column ${extra
        .slice(0, NAMES_SHOWN)
        .map((name) => `"${name}"`)
        .join(
          ', ',
        )}${extra.length > NAMES_SHOWN ? ` and ${extra.length - NAMES_SHOWN} more` : ''} is not in the schema; declare it there or take it out`,
    );
  }
  return columns.map(({ name }) => places.get(name)!);
}
