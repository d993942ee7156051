/** Rows that fit the schema, column by column: a number each, and the texts of columns of text. */
import type { NamedColumn } from '../config/roles.ts';
import { csvWriter } from '../files/csv-writer.ts';
import type { Matrix } from '../numbers/matrix.ts';
import { seedOf } from '../numbers/random.ts';
import { writeCell } from './columns.ts';
import type { ValidRow } from './validate.ts';

/** What stays in cache while columns become rows. */
const ROWS_TOGETHER = 1024;

export interface Table {
  readonly columns: readonly NamedColumn[];
  readonly rows: number;
  /** By column and row: values, category indices, milliseconds since 1970, NaN where missing; 0 for text. */
  readonly values: readonly Float64Array[];
  /** By column and row, where the column is text. */
  readonly texts: readonly (readonly string[] | undefined)[];
}

/** Collects rows; their columns may be among others. */
export function tableBuilder(columns: readonly NamedColumn[]) {
  let capacity = 1024;
  let rows = 0;
  const values = columns.map(() => new Float64Array(capacity));
  const texts = columns.map(({ type }) => (type === 'text' ? ([] as string[]) : undefined));
  return {
    get rows() {
      return rows;
    },
    /** `at` is where the row has each column. */
    add(row: ValidRow, at: readonly number[]): void {
      if (rows === capacity) {
        capacity *= 2;
        for (const [c, column] of values.entries()) {
          values[c] = new Float64Array(capacity);
          values[c].set(column);
        }
      }
      for (let c = 0; c < at.length; c++) {
        values[c]![rows] = row.values[at[c]!]!;
        texts[c]?.push(row.cell(at[c]!));
      }
      rows++;
    },
    valueAt: (row: number, column: number): number => values[column]![row]!,
    /** Takes rows out; those behind them move up. */
    drop(gone: { has(row: number): boolean; readonly size: number }): void {
      if (gone.size === 0) return;
      let to = 0;
      for (let row = 0; row < rows; row++) {
        if (gone.has(row)) continue;
        for (const column of values) column[to] = column[row]!;
        for (const column of texts) if (column !== undefined) column[to] = column[row]!;
        to++;
      }
      rows = to;
      for (const column of texts) if (column !== undefined) column.length = rows;
    },
    table: (): Table => ({ columns, rows, values: values.map((column) => column.subarray(0, rows)), texts }),
  };
}

export type TableBuilder = ReturnType<typeof tableBuilder>;

/** A cell in its one written form. */
export function cellOf({ columns, values, texts }: Table, row: number, column: number): string {
  return writeCell(columns[column]!, values[column]![row]!, texts[column]?.[row] ?? '');
}

/** Writes a header and the given rows as CSV. */
export function writeRows(table: Table, rows: Int32Array, sink: (piece: Uint8Array) => void): void {
  const { columns, values, texts } = table;
  const csv = csvWriter(sink);
  const codes = columns.map(({ categories }) => categories?.map((category) => csv.encode(category)));
  const isNumber = columns.map(({ type }) => type === 'number' || type === 'integer');
  csv.record(columns.map(({ name }) => name));
  // Rows may lie anywhere in the columns: block by block, so that the waits for them overlap.
  const block = new Float64Array(ROWS_TOGETHER * columns.length);
  for (let from = 0; from < rows.length; from += ROWS_TOGETHER) {
    const count = Math.min(ROWS_TOGETHER, rows.length - from);
    for (const [c, column] of values.entries())
      for (let i = 0; i < count; i++) block[i * columns.length + c] = column[rows[from + i]!]!;
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < columns.length; c++) {
        const value = block[i * columns.length + c]!;
        if (Number.isNaN(value)) csv.text('');
        else if (isNumber[c]) csv.number(value);
        else if (codes[c] !== undefined) csv.encoded(codes[c]![value]!);
        else csv.text(writeCell(columns[c]!, value, texts[c]?.[rows[from + i]!] ?? ''));
      }
      csv.endRecord();
    }
  }
  csv.end();
}

/** Some columns of a table as rows of numbers, in memory that threads can share. */
export function matrixOf({ columns, rows, values }: Table, wanted: readonly NamedColumn[]): Matrix {
  const names = wanted.map(({ name }) => name);
  const from = names.map((name) => values[columns.findIndex((column) => column.name === name)]!);
  const matrix = new Float64Array(new SharedArrayBuffer(rows * names.length * 8));
  const width = names.length;
  for (let block = 0; block < rows; block += ROWS_TOGETHER) {
    const end = Math.min(rows, block + ROWS_TOGETHER);
    for (const [f, column] of from.entries())
      for (let row = block; row < end; row++) matrix[row * width + f] = column[row]!;
  }
  return { names, rows, values: matrix };
}

/** Rows with the same identifiers share a number; one whose identifiers are empty is an entity of its own. Undefined without id columns. */
export function entitiesOf(table: Table): Int32Array | undefined {
  const ids = table.columns.flatMap(({ role }, c) => (role === 'id' ? [c] : []));
  if (ids.length === 0) return undefined;
  return Int32Array.from({ length: table.rows }, (_, row) => {
    const id = ids.map((c) => cellOf(table, row, c)).join('\n');
    return seedOf(0, id.trim() === '' ? row : id);
  });
}
