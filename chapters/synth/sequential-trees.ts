/**
 * Rows column by column, each from those before it by classification trees (Reiter 2005): a tree says how likely each bin of the column
 * is where the row has got to, and the value is drawn from those that training rows have in the bin. The target is last.
 */
import type { NamedColumn } from '../../lib/config/roles.ts';
import type { Table } from '../../lib/data/table.ts';
import { fitForest } from '../../lib/learn/forest.ts';
import { treeScorer } from '../../lib/learn/tree-scorer.ts';
import { presentOf } from '../../lib/numbers/matrix.ts';
import type { Random } from '../../lib/numbers/random.ts';
import type { FitGenerator, GeneratorOptions } from './generator.ts';
import { decimalsOf } from './marginal.ts';
import { pick } from './tree-model.ts';

/** A column as bins: a category each, pieces of a number, what is missing. */
interface Binned {
  readonly bins: Uint8Array;
  readonly count: number;
  /** A value of a bin. */
  draw(bin: number, rng: Random): number;
}

const DEEPEST = 24;
const FEATURE_BINS = 64;
/** Of a category with more, one is not told from another by the columns that follow. */
const MOST_COLUMNS = 40;

export const fitSequentialTrees: FitGenerator = async (table, options) => {
  const { columns, rows } = table;
  const order = [...columns.keys()].sort(
    (a, b) => Number(columns[a]!.role === 'target') - Number(columns[b]!.role === 'target') || a - b,
  );
  const binned = columns.map((column, c) => binOf(column, table.values[c]!, options.bins));
  const steps: {
    column: number;
    score: ((values: Float64Array, rows: number) => Float64Array) | undefined;
    shares: Float64Array;
  }[] = [];
  for (const [i, column] of order.entries()) {
    const { bins, count } = binned[column]!;
    const shares = new Float64Array(count);
    for (const bin of bins) shares[bin]! += 1 / Math.max(1, rows);
    const before = order.slice(0, i);
    const isDetermined = shares.some((share) => share === 1);
    steps.push({
      column,
      shares,
      score:
        before.length === 0 || isDetermined || rows < 2
          ? undefined
          : await fitStep(table, before, bins, count, options),
    });
  }
  return {
    sample(count, rng) {
      const made = columns.map(() => new Float64Array(count));
      for (const [i, { column, score, shares }] of steps.entries()) {
        const of = binned[column]!;
        const before = order.slice(0, i);
        const given = score?.(featuresOf(columns, made, before, count).values, count);
        const own = new Float64Array(of.count);
        const whole = cumulate(shares, 0, own.slice());
        for (let row = 0; row < count; row++) {
          const bounds = given === undefined ? whole : cumulate(given, row * of.count, own);
          made[column]![row] = of.draw(pick(bounds, rng.float()), rng);
        }
      }
      return made;
    },
  };
};

function cumulate(shares: Float64Array, from: number, bounds: Float64Array): Float64Array {
  let sum = 0;
  for (let k = 0; k < bounds.length; k++) bounds[k] = sum += shares[from + k]!;
  for (let k = 0; k < bounds.length; k++) bounds[k]! /= sum;
  return bounds;
}

async function fitStep(
  { columns, values, rows }: Table,
  before: readonly number[],
  target: Uint8Array,
  classes: number,
  options: GeneratorOptions,
) {
  const matrix = featuresOf(columns, values, before, rows);
  const trees = await fitForest(
    matrix,
    target,
    classes,
    {
      nEstimators: options.trees,
      maxBins: FEATURE_BINS,
      seed: options.seed,
      maxDepth: DEEPEST,
      minSamplesLeaf: options.minRows,
      maxFeatures: matrix.names.length,
      classWeights: new Array<number>(classes).fill(1),
    },
    1,
  );
  const scorer = treeScorer(trees, matrix.names.length, [...Array(classes).keys()]);
  return scorer.sums;
}

/** Numbers as they are, categories as a column each. */
function featuresOf(
  columns: readonly NamedColumn[],
  values: readonly Float64Array[],
  of: readonly number[],
  rows: number,
) {
  const parts = of.flatMap((c) => {
    const { categories } = columns[c]!;
    const all =
      categories === undefined || categories.length > MOST_COLUMNS || categories.length === 2
        ? [undefined]
        : [...categories.keys()];
    return all.map((category) => ({ c, category }));
  });
  const matrix = new Float64Array(rows * parts.length);
  for (const [f, { c, category }] of parts.entries()) {
    const column = values[c]!;
    for (let row = 0; row < rows; row++) {
      const value = column[row]!;
      matrix[row * parts.length + f] =
        category === undefined || Number.isNaN(value) ? value : Number(value === category);
    }
  }
  return {
    names: parts.map(
      ({ c, category }) => `${columns[c]!.name}${category === undefined ? '' : ` ${category}`}`,
    ),
    rows,
    values: matrix,
  };
}

function binOf(column: NamedColumn, values: Float64Array, most: number): Binned {
  const { categories } = column;
  if (categories !== undefined) {
    const count = categories.length + 1;
    return {
      bins: Uint8Array.from(values, (value) => (Number.isNaN(value) ? count - 1 : value)),
      count,
      draw: (bin) => (bin < count - 1 ? bin : Number.NaN),
    };
  }
  const sorted = presentOf(values).sort();
  const starts = startsOf(sorted, most);
  const count = starts.length + 1;
  const ends = [...starts.slice(1), sorted.length];
  const decimals = decimalsOf(sorted);
  const first = Float64Array.from(starts, (start) => sorted[start]!);
  return {
    bins: Uint8Array.from(values, (value) => {
      if (Number.isNaN(value)) return count - 1;
      let [low, high] = [0, first.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (first[middle]! <= value) low = middle;
        else high = middle - 1;
      }
      return low;
    }),
    count,
    draw(bin, rng) {
      if (bin >= starts.length) return Number.NaN;
      const [from, to] = [starts[bin]!, ends[bin]!];
      const [a, b] = [sorted[from + rng.int(to - from)]!, sorted[from + rng.int(to - from)]!];
      // Between two values of the bin, so that no row's own value need come back.
      return a === b ? a : Number((a + rng.float() * (b - a)).toFixed(decimals));
    },
  };
}

/** Where each bin begins among the sorted values: about as many in each, and a value that many have is a bin of its own. */
function startsOf(sorted: Float64Array, most: number): number[] {
  if (sorted.length === 0) return [];
  const starts = [0];
  const each = sorted.length / most;
  for (let i = 0; i < sorted.length; ) {
    let end = i + 1;
    while (end < sorted.length && sorted[end] === sorted[i]) end++;
    const isLarge = end - i >= each;
    if (isLarge && starts.at(-1) !== i) starts.push(i);
    if (end < sorted.length && (isLarge || end - starts.at(-1)! >= each)) starts.push(end);
    i = end;
  }
  return [...new Set(starts)].slice(0, 254);
}
