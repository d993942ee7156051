/** Prepared data as numbers: what training, monitoring and comparison read. */
import { rolesOf } from '../config/roles.ts';
import type { Schema } from '../config/schema.ts';
import { badInput } from '../fault.ts';
import { type Matrix, takeRows } from '../numbers/matrix.ts';
import { entitiesOf, matrixOf, type Table, tableBuilder } from './table.ts';
import { validateFile } from './validate.ts';

export interface Dataset {
  /** Raw inputs in schema order: numbers, category indices, NaN where missing. */
  readonly inputs: Matrix;
  /** Sensitive columns, which no model reads: category indices or numbers, NaN where missing. */
  readonly sensitive: Matrix;
  /** Class index per row. */
  readonly target: Uint8Array;
  /**
   * Rows of one entity, by their id columns, share a number: they must not be on both sides of a fold. Undefined without id
   * columns, where every row is an entity of its own.
   */
  readonly entities: Int32Array | undefined;
}

/** Reads a prepared CSV; fails with exit code 2 at the first row that breaks the schema. */
export function readDataset(path: string, schema: Schema): Dataset {
  const { kept } = rolesOf(schema);
  const collected = tableBuilder(kept);
  const at = kept.map((_, i) => i);
  validateFile(
    path,
    kept,
    (row) => collected.add(row, at),
    ({ line, reasons }) => {
      throw badInput(`${path}:${line}  ${reasons[0]}`);
    },
  );
  return datasetOf(collected.table(), schema);
}

/** Prepared rows as a model's inputs, its target and what goes with them. */
export function datasetOf(table: Table, schema: Schema): Dataset {
  const { inputs, sensitive } = rolesOf(schema);
  const target = table.columns.findIndex(({ role }) => role === 'target');
  return {
    inputs: matrixOf(table, inputs),
    sensitive: matrixOf(table, sensitive),
    target: Uint8Array.from(table.values[target]!),
    entities: entitiesOf(table),
  };
}

/** The given rows of a dataset, in the given order. */
export function takeDataset({ inputs, sensitive, target, entities }: Dataset, rows: Int32Array): Dataset {
  return {
    inputs: takeRows(inputs, rows),
    sensitive: takeRows(sensitive, rows),
    target: Uint8Array.from(rows, (row) => target[row]!),
    entities: entities && rows.map((row) => entities[row]!),
  };
}
