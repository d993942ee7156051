/** Rows of CSV cells as the JSON rows that they would be. */
import type { Config, Schema } from '../config/schema.ts';
import { parseNumber, readRawCell } from '../data/columns.ts';
import type { RowValue } from '../record/events.ts';
import type { Signature, SignatureInput } from '../train/signature.ts';

/** A cell as a JSON value: a number where the column has them, null where it is empty. */
export function valueOfCell({ type }: SignatureInput, cell: string): RowValue {
  if (cell === '') return null;
  return type === 'number' || type === 'integer' ? (parseNumber(cell) ?? cell) : cell;
}

/** The fields that the signature knows, of a file that is written as the project's raw file is. */
export function rowOfCells(
  { inputs, ids, sensitive }: Signature,
  schema: Schema,
  csv: Config['data']['csv'],
  cells: Readonly<Record<string, string>>,
): Record<string, RowValue> {
  return Object.fromEntries(
    [...inputs, ...ids, ...sensitive].flatMap((column): [string, RowValue][] => {
      const cell = cells[column.name]?.trim();
      if (cell === undefined) return [];
      const declared = schema[column.name];
      const read = declared === undefined ? cell : readRawCell({ ...declared, missing: 'keep' }, cell, csv);
      if (typeof read === 'string') return [[column.name, cell]];
      if (Number.isNaN(read)) return [[column.name, null]];
      return [[column.name, column.categories?.[read] ?? (column.type === 'text' ? cell : read)]];
    }),
  );
}
