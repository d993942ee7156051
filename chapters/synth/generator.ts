/** The contract of a way to make rows: learnt from a table, then as many rows as are asked for. Adding one is an entry of GENERATORS. */
import type { Table } from '../../lib/data/table.ts';
import type { Random } from '../../lib/numbers/random.ts';

/** Values as those of a table, column by column; what it learns from has no columns of text. */
export interface Generator {
  sample(rows: number, rng: Random): Float64Array[];
}

export interface GeneratorOptions {
  readonly seed: number;
  readonly bins: number;
  readonly trees: number;
  readonly minRows: number;
}

export type FitGenerator = (table: Table, options: GeneratorOptions) => Generator | Promise<Generator>;
