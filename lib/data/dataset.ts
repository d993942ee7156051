/** Prepared data as numbers: what training, monitoring and comparison read. */
import type { Schema } from '../config/schema.ts';
import { badInput } from '../fault.ts';
import type { Matrix } from '../learn/matrix.ts';
import { seedOf } from '../learn/random.ts';
import { type NamedColumn, rolesOf } from './columns.ts';
import { validateFile } from './validate.ts';

export interface Dataset {
  /** Raw inputs in schema order: numbers, category indices, NaN where missing. */
  readonly inputs: Matrix;
  /** Sensitive columns, which no model reads: category indices or numbers, NaN where missing. */
  readonly sensitive: Matrix;
  /** Class index per row. */
  readonly target: Uint8Array;
  /** Rows of one entity, by their id columns, share a number: they must not be on both sides of a fold. */
  readonly entities: Int32Array;
}

/** Reads a prepared CSV; fails with exit code 2 at the first row that breaks the schema. */
export function readDataset(path: string, schema: Schema): Dataset {
  const roles = rolesOf(schema);
  return readColumns(path, roles.kept, roles.inputs, roles.sensitive, roles.target);
}

function readColumns(
  path: string,
  kept: readonly NamedColumn[],
  inputs: readonly NamedColumn[],
  sensitive: readonly NamedColumn[],
  target: NamedColumn,
): Dataset {
  const at = [...inputs, ...sensitive].map((column) => kept.findIndex(({ name }) => name === column.name));
  const targetAt = kept.findIndex(({ name }) => name === target.name);
  const idsAt = kept.flatMap(({ role }, i) => (role === 'id' ? [i] : []));
  const width = inputs.length;
  const apart = sensitive.length;
  let values = new Float64Array(1024 * width);
  let groups = new Float64Array(1024 * apart);
  let labels = new Uint8Array(1024);
  let entities = new Int32Array(1024);
  let rows = 0;
  validateFile(
    path,
    kept,
    ({ values: read, cells }) => {
      if (rows === labels.length) {
        values = grown(values, Float64Array, width);
        groups = grown(groups, Float64Array, apart);
        labels = grown(labels, Uint8Array, 1);
        entities = grown(entities, Int32Array, 1);
      }
      for (let f = 0; f < width; f++) values[rows * width + f] = read[at[f]!]!;
      for (let f = 0; f < apart; f++) groups[rows * apart + f] = read[at[width + f]!]!;
      const id = idsAt.map((i) => cells[i]).join('\n');
      entities[rows] = seedOf(0, id.trim() === '' ? rows : id);
      labels[rows++] = read[targetAt]!;
    },
    ({ line, reasons }) => {
      throw badInput(`${path}:${line}  ${reasons[0]}`);
    },
  );
  return {
    inputs: { names: inputs.map(({ name }) => name), rows, values: values.slice(0, rows * width) },
    sensitive: { names: sensitive.map(({ name }) => name), rows, values: groups.slice(0, rows * apart) },
    target: labels.slice(0, rows),
    entities: entities.slice(0, rows),
  };
}

function grown<T extends Float64Array | Uint8Array | Int32Array>(
  array: T,
  kind: new (length: number) => T,
  width: number,
): T {
  const rows = array.length / Math.max(width, 1);
  const larger = new kind(Math.ceil(rows * 1.5) * width);
  larger.set(array);
  return larger;
}
