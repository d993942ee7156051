/** Rows of CSV cells as the JSON rows that they would be. */
import { parseNumber } from '../data/columns.ts';
import type { Signature, SignatureInput } from '../registry/signature.ts';
import type { RowValue } from './input.ts';

/** A cell as a JSON value: a number where the column has them, null where it is empty. */
export function valueOfCell({ type }: SignatureInput, cell: string): RowValue {
  if (cell === '') return null;
  return type === 'number' || type === 'integer' ? (parseNumber(cell) ?? cell) : cell;
}

/** The fields that the signature knows. */
export function rowOfCells(
  { inputs, ids, sensitive }: Signature,
  cells: Readonly<Record<string, string>>,
): Record<string, RowValue> {
  return Object.fromEntries(
    [...inputs, ...ids, ...sensitive].flatMap((column) => {
      const cell = cells[column.name];
      return cell === undefined ? [] : [[column.name, valueOfCell(column, cell)]];
    }),
  );
}
