/** Rows that are unlike the others: as a whole and by which columns, by one column, and by two that usually go together. */

import type { NamedColumn } from '../../lib/config/roles.ts';
import { columnOf, type Matrix, presentOf } from '../../lib/numbers/matrix.ts';
import { random } from '../../lib/numbers/random.ts';
import { growIsolationForest, type IsolationOptions } from './isolation-forest.ts';
import { valueAtRank } from './rank.ts';

export type Input = Pick<NamedColumn, 'name' | 'categories'>;

interface Centre {
  readonly median: number;
  /** Robust standard deviation; 0 where most values are the same. */
  readonly spread: number;
}

/** Two numbers that go together: second ≈ intercept + slope · first. */
export interface Pair {
  readonly first: number;
  readonly second: number;
  readonly slope: number;
  readonly intercept: number;
  readonly spread: number;
  /** Spearman's, on a sample. */
  readonly correlation: number;
}

export interface OddRow {
  readonly row: number;
  readonly score: number;
  /** Columns by how much less odd the row were with a usual value there, the most first. */
  readonly because: readonly { readonly column: string; readonly share: number }[];
}

const SAMPLE = 2000;
const SLOPES = 4000;
const GO_TOGETHER = 0.7;
/** Robust standard deviations that no sound value is away: about one in 500 million of a normal column. */
export const FAR = 6;
/** Of a normal distribution, standard deviation over median absolute deviation. */
const MAD = 1.4826;
const NAMED = 3;

/** What rows usually are: learnt from rows that are taken as they are. */
export function learnUsual(matrix: Matrix, inputs: readonly Input[], options: IsolationOptions) {
  const weights = inputs.map((input, f) =>
    input.categories === undefined ? undefined : sharesOf(columnOf(matrix, f), input.categories.length),
  );
  const encoded = encode(matrix, weights);
  const centres = inputs.map((_, f): Centre => centreOf(columnOf(encoded, f)));
  const forest = growIsolationForest(encoded, options);
  return { forest, inputs, weights, centres, pairs: pairsOf(matrix, inputs, options.seed) };
}

export type Learnt = ReturnType<typeof learnUsual>;

/** A category counts by its share of the rows: what is rare lies apart from what is not. */
function encode({ names, rows, values }: Matrix, weights: readonly (Float64Array | undefined)[]): Matrix {
  const encoded = values.slice();
  const width = names.length;
  for (const [f, shares] of weights.entries())
    if (shares !== undefined)
      for (let row = 0; row < rows; row++) {
        const value = encoded[row * width + f]!;
        if (!Number.isNaN(value)) encoded[row * width + f] = shares[value] ?? 0;
      }
  return { names, rows, values: encoded };
}

function sharesOf(column: Float64Array, categories: number): Float64Array {
  const shares = new Float64Array(categories);
  for (const value of column) if (!Number.isNaN(value)) shares[value]! += 1 / column.length;
  return shares;
}

function centreOf(column: Float64Array): Centre {
  const present = presentOf(column);
  if (present.length === 0) return { median: Number.NaN, spread: 0 };
  const median = valueAtRank(present, (present.length - 1) >> 1);
  const away = present.map((x) => Math.abs(x - median));
  return { median, spread: MAD * valueAtRank(away, (away.length - 1) >> 1) };
}

/** The score of each row. */
export function oddityOf({ forest, weights }: Learnt, matrix: Matrix): Float64Array {
  return forest.scores(encode(matrix, weights).values, matrix.rows);
}

/** Why a row is odd: its score with one column after the other as it usually is. */
export function explainOdd(
  { forest, weights, centres, inputs }: Learnt,
  matrix: Matrix,
  row: number,
): OddRow {
  const width = inputs.length;
  const [own] = [
    encode({ ...matrix, rows: 1, values: matrix.values.slice(row * width, (row + 1) * width) }, weights)
      .values,
  ];
  const variants = new Float64Array((width + 1) * width);
  for (let v = 0; v <= width; v++) {
    variants.set(own, v * width);
    if (v > 0) variants[v * width + v - 1] = centres[v - 1]!.median;
  }
  const scores = forest.scores(variants, width + 1);
  const falls = inputs.map(({ name }, f) => ({
    column: name,
    share: Math.max(0, scores[0]! - scores[f + 1]!),
  }));
  const whole = falls.reduce((sum, { share }) => sum + share, 0);
  return {
    row,
    score: scores[0]!,
    because: falls
      .filter(({ share }) => share > 0)
      .sort((a, b) => b.share - a.share)
      .slice(0, NAMED)
      .map(({ column, share }) => ({ column, share: share / whole })),
  };
}

/** Cells that lie FAR from the median of their column, by column and row. */
export function farCells(
  { centres, inputs }: Learnt,
  { names, rows, values }: Matrix,
): { column: number; row: number; away: number }[] {
  const found: { column: number; row: number; away: number }[] = [];
  for (const [f, { categories }] of inputs.entries()) {
    const { median, spread } = centres[f]!;
    if (categories !== undefined || !(spread > 0)) continue;
    for (let row = 0; row < rows; row++) {
      const away = (values[row * names.length + f]! - median) / spread;
      if (Math.abs(away) > FAR) found.push({ column: f, row, away });
    }
  }
  return found;
}

/** Rows that break with a pair of columns which usually go together. */
export function brokenPairs(
  { pairs }: Learnt,
  { names, rows, values }: Matrix,
): { pair: Pair; row: number; away: number }[] {
  const found: { pair: Pair; row: number; away: number }[] = [];
  for (const pair of pairs)
    for (let row = 0; row < rows; row++) {
      const x = values[row * names.length + pair.first]!;
      const away =
        (values[row * names.length + pair.second]! - pair.intercept - pair.slope * x) / pair.spread;
      if (Math.abs(away) > FAR) found.push({ pair, row, away });
    }
  return found;
}

/** Pairs of numbers that go together, with the line of medians through them (Theil 1950, Sen 1968) on a sample. */
function pairsOf(matrix: Matrix, inputs: readonly Input[], seed: number): Pair[] {
  const rng = random(seed, 'pairs');
  const numbers = inputs.flatMap(({ categories }, f) => (categories === undefined ? [f] : []));
  const some = Int32Array.from({ length: Math.min(SAMPLE, matrix.rows) }, () => rng.int(matrix.rows));
  const columns = numbers.map((f) => columnOf(matrix, f, some));
  const ranks = columns.map(ranksOf);
  return numbers.flatMap((second, b) =>
    numbers.slice(0, b).flatMap((first, a): Pair[] => {
      const correlation = correlationOf(ranks[a]!, ranks[b]!);
      if (!(Math.abs(correlation) > GO_TOGETHER)) return [];
      const line = medianLine(columns[a]!, columns[b]!, rng);
      return line === undefined || !(line.spread > 0) ? [] : [{ first, second, ...line, correlation }];
    }),
  );
}

function medianLine(x: Float64Array, y: Float64Array, rng: ReturnType<typeof random>) {
  const slopes: number[] = [];
  for (let i = 0; i < SLOPES; i++) {
    const [a, b] = [rng.int(x.length), rng.int(x.length)];
    const slope = (y[b]! - y[a]!) / (x[b]! - x[a]!);
    if (Number.isFinite(slope)) slopes.push(slope);
  }
  if (slopes.length === 0) return undefined;
  const slope = medianOf(Float64Array.from(slopes));
  const intercept = medianOf(presentOf(x.map((each, i) => y[i]! - slope * each)));
  const spread = MAD * medianOf(presentOf(x.map((each, i) => Math.abs(y[i]! - intercept - slope * each))));
  return { slope, intercept, spread };
}

function medianOf(values: Float64Array): number {
  return values.length === 0 ? Number.NaN : valueAtRank(values, (values.length - 1) >> 1);
}

/** Mean ranks, NaN where missing. */
function ranksOf(column: Float64Array): Float64Array {
  const order = [...column.keys()]
    .filter((i) => !Number.isNaN(column[i]!))
    .sort((a, b) => column[a]! - column[b]!);
  const ranks = new Float64Array(column.length).fill(Number.NaN);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && column[order[to]!] === column[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

function correlationOf(x: Float64Array, y: Float64Array): number {
  let [n, sx, sy, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]!) || Number.isNaN(y[i]!)) continue;
    n++;
    sx += x[i]!;
    sy += y[i]!;
    xx += x[i]! ** 2;
    yy += y[i]! ** 2;
    xy += x[i]! * y[i]!;
  }
  return (n * xy - sx * sy) / Math.sqrt((n * xx - sx * sx) * (n * yy - sy * sy));
}
