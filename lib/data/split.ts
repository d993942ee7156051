/** Which valid rows are for training and which are production's future. */
import type { Config } from '../config/schema.ts';
import { badInput } from '../fault.ts';
import { random, shuffled } from '../learn/random.ts';
import { rolesOf } from './columns.ts';
import type { ValidRow } from './validate.ts';

export interface SplitRows {
  readonly train: readonly ValidRow[];
  readonly test: readonly ValidRow[];
}

/**
 * chronological: the first rows of the file, or by the column with role time, are for training. stratified: drawn by
 * random_state, the same share of every class. file: a second file holds the later rows, which `readTest` reads.
 */
export function splitRows(
  config: Config,
  path: string,
  rows: readonly ValidRow[],
  readTest: () => readonly ValidRow[],
): SplitRows {
  const { method, train_rows = 0 } = config.split;
  if (method === 'file') return { train: rows, test: readTest() };
  const count = train_rows < 1 ? Math.round(train_rows * rows.length) : train_rows;
  if (count >= rows.length || count < 1)
    throw badInput(
      `${path}  has ${rows.length} valid rows; split.train_rows takes ${count} and leaves ${count < 1 ? 'none for training' : 'none for production'}`,
    );
  if (method === 'stratified') return stratify(config, rows, count);
  const ordered = inTime(config, rows);
  return { train: ordered.slice(0, count), test: ordered.slice(count) };
}

/** As in the file where the schema has no time; rows without a time come first. */
function inTime(config: Config, rows: readonly ValidRow[]): readonly ValidRow[] {
  const { kept, time } = rolesOf(config.schema);
  if (time === undefined) return rows;
  const at = kept.findIndex(({ name }) => name === time.name);
  const timeOf = (row: ValidRow) =>
    Number.isNaN(row.values[at]!) ? Number.NEGATIVE_INFINITY : row.values[at]!;
  return [...rows].sort((a, b) => timeOf(a) - timeOf(b));
}

/** Rows of each class in turn are dealt by the share that is for training. Those of production come in the order drawn. */
function stratify(config: Config, rows: readonly ValidRow[], count: number): SplitRows {
  const { kept, target } = rolesOf(config.schema);
  const at = kept.findIndex(({ name }) => name === target.name);
  const drawn = shuffled(rows.length, random(config.model_params.random_state, 'split'));
  const order = [...drawn].sort((a, b) => rows[a]!.values[at]! - rows[b]!.values[at]!);
  const isTrain = new Uint8Array(rows.length);
  const share = count / rows.length;
  for (const [i, row] of order.entries())
    if (Math.floor((i + 1) * share) > Math.floor(i * share)) isTrain[row] = 1;
  return {
    train: rows.filter((_, i) => isTrain[i] === 1),
    test: Array.from(drawn)
      .filter((row) => isTrain[row] === 0)
      .map((row) => rows[row]!),
  };
}
