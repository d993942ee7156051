/** Checking a raw table against the schema, row by row. */
import type { Config } from '../config/schema.ts';
import { badInput } from '../fault.ts';
import { readRecords } from '../files/csv.ts';
import { type NamedColumn, readCell, writeCell } from './columns.ts';

/** How the raw file is written; a prepared file is plain: commas, a header, empty cells for missing values. */
export type Dialect = Config['data']['csv'];

const PLAIN: Dialect = { separator: ',', header: true, comment: '', missing: [], decimal: '.' };

/** A row that breaks the schema. */
export interface InvalidRow {
  readonly file: string;
  readonly line: number;
  /** Every problem of the row, each naming its column. */
  readonly reasons: readonly string[];
  readonly cells: readonly string[];
}

/** Valid rows: cells in their one written form, values as numbers (NaN missing, categories as indices). */
export interface ValidRow {
  readonly cells: string[];
  readonly values: number[];
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
  const isMissing = new Set(dialect.missing);
  const isCategory = columns.map(({ categories }) => new Set(categories));
  /** Empty lines, which are wrong only where rows follow. */
  const blank: number[] = [];
  const refuse = (line: number, reason: string, cells: readonly string[]) =>
    onInvalid({ file: path, line, reasons: [reason], cells });
  const take = (fields: string[], line: number) => {
    if (order === undefined) {
      order = matchHeader(path, fields, columns);
      width = fields.length;
      return;
    }
    if (fields.length === 1 && fields[0]!.trim() === '' && width > 1) {
      blank.push(line);
      return;
    }
    for (const at of blank.splice(0)) refuse(at, 'the line is empty', ['']);
    rows++;
    if (fields.length !== width) {
      const whose = dialect.header ? 'the header' : 'the schema';
      refuse(
        line,
        `${fields.length} ${fields.length === 1 ? 'field' : 'fields'} where ${whose} has ${width}`,
        fields,
      );
      return;
    }
    const cells = new Array<string>(columns.length);
    const values = new Array<number>(columns.length);
    let reasons: string[] | undefined;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const raw = fields[order[i]!]!.trim();
      const cell = isMissing.has(raw) && !isCategory[i]!.has(raw) ? '' : raw;
      const value = readCell(column, cell, dialect.decimal);
      if (typeof value === 'string') {
        reasons ??= [];
        reasons.push(`column "${column.name}": ${value}`);
        cells[i] = cell;
      } else {
        values[i] = value;
        cells[i] = writeCell(column, value, cell);
      }
    }
    if (reasons === undefined) onValid({ cells, values }, line);
    else onInvalid({ file: path, line, reasons, cells: order.map((at) => fields[at]!.trim()) });
  };
  readRecords(path, take, dialect);
  if (order === undefined) throw badInput(`${path}  is empty: it has no header and no rows`);
  if (rows === 0) throw badInput(`${path}:1  has ${dialect.header ? 'a header but ' : ''}no rows`);
}

/** For each column, where the header has it. */
function matchHeader(path: string, header: readonly string[], columns: readonly NamedColumn[]): number[] {
  const names = header.map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badInput(`${path}:1  column "${twice}" stands twice in the header`);
  const missing = columns.filter((column) => !names.includes(column.name));
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
  const extra = names.filter((name) => !columns.some((column) => column.name === name));
  if (extra.length > 0) {
    throw badInput(
      `${path}:1  column ${extra.map((name) => `"${name}"`).join(', ')} is not in the schema; declare it there or take it out`,
    );
  }
  return columns.map((column) => names.indexOf(column.name));
}
