/** Which valid rows are for training and which are production's future. */
import type { Config } from '../config/schema.ts';
import { badInput } from '../fault.ts';
import { random, shuffled } from '../numbers/random.ts';
import { entitiesOf, type Table } from './table.ts';

/** Row numbers. */
export interface SplitRows {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/**
 * chronological: the first rows of the file, or by the column with role time, are for training. stratified: drawn by
 * random_state, the same share of every class.
 */
export function splitRows(config: Config, path: string, table: Table): SplitRows {
  const { rows } = table;
  const { method, train_rows = 0 } = config.split;
  const count = train_rows < 1 ? Math.round(train_rows * rows) : train_rows;
  if (count >= rows || count < 1)
    throw badInput(
      `${path}  has ${rows} valid rows; split.train_rows takes ${count} and leaves ${count < 1 ? 'none for training' : 'none for production'}`,
    );
  if (method === 'stratified') return stratify(config, table, count);
  const ordered = inTime(table);
  return { train: ordered.slice(0, count), test: ordered.slice(count) };
}

/** As in the file where the schema has no time; rows without a time come first. */
function inTime({ columns, rows, values }: Table): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  const at = columns.findIndex(({ role }) => role === 'time');
  if (at < 0) return order;
  const times = values[at]!.map((time) => (Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time));
  const isOrdered = times.every((time, row) => row === 0 || time >= times[row - 1]!);
  return isOrdered ? order : order.sort((a, b) => times[a]! - times[b]! || a - b);
}

/** Rows of each class in turn are dealt by the share that is for training; rows of one entity go where its first one went. Those of production come in the order drawn. */
function stratify(config: Config, table: Table, count: number): SplitRows {
  const { columns, rows, values } = table;
  const target = columns.findIndex(({ role }) => role === 'target');
  const labels = values[target]!;
  const drawn = shuffled(rows, random(config.model_params.random_state, 'split'));
  const isTrain = new Uint8Array(rows);
  const share = count / rows;
  const entities = entitiesOf(table);
  const partOf = new Map<number, number>();
  let dealt = 0;
  for (let label = 0; label < columns[target]!.categories!.length; label++)
    for (const row of drawn) {
      if (labels[row] !== label) continue;
      const part = Math.floor((dealt + 1) * share) > Math.floor(dealt * share) ? 1 : 0;
      dealt++;
      const known = entities === undefined ? part : (partOf.get(entities[row]!) ?? part);
      isTrain[row] = known;
      if (entities !== undefined) partOf.set(entities[row]!, known);
    }
  return {
    train: Int32Array.from({ length: rows }, (_, row) => row).filter((row) => isTrain[row] === 1),
    test: drawn.filter((row) => isTrain[row] === 0),
  };
}
