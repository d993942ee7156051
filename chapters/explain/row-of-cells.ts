/** Rows of CSV cells as the JSON rows that they would be. */
import type { Config, Schema } from '../../lib/config/schema.ts';
import { readRawCell } from '../../lib/data/columns.ts';
import type { RowValue } from '../../lib/record/events.ts';
import type { Signature } from '../../lib/train/signature.ts';

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
