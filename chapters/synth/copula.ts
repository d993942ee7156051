/**
 * Rows by a Gaussian copula: each column by its own distribution, and dependence by the correlations of their normal scores (Patki, Wedge
 * and Veeramachaneni 2016). Categories lie side by side on the line, the most frequent first; what is missing is a category of its own.
 */
import type { Table } from '../../lib/data/table.ts';
import { random } from '../../lib/numbers/random.ts';
import type { FitGenerator, Generator } from './generator.ts';
import { type Marginal, marginalOf } from './marginal.ts';
import { pick } from './tree-model.ts';

interface Line {
  /** Cumulated shares of the pieces: of categories, or of what is there and what is missing. */
  readonly bounds: Float64Array;
  /** Which category each piece is; of a number the first piece is what is there. */
  readonly pieces: readonly number[];
  readonly marginal: Marginal | undefined;
}

export const fitCopula: FitGenerator = (table, { seed }): Generator => {
  const { columns, rows, values } = table;
  const rng = random(seed, 'copula');
  const lines = columns.map((column, c) => lineOf(table, c, column.categories?.length));
  const scores = columns.map((_, c) => normalScores(values[c]!, lines[c]!, rng.float));
  const factor = cholesky(correlations(scores, rows));
  const width = columns.length;
  return {
    sample(count, draw) {
      const made = columns.map(() => new Float64Array(count));
      const z = new Float64Array(width);
      for (let row = 0; row < count; row++) {
        for (let c = 0; c < width; c++) z[c] = draw.normal();
        for (let c = 0; c < width; c++) {
          let score = 0;
          for (let k = 0; k <= c; k++) score += factor[c]![k]! * z[k]!;
          made[c]![row] = valueAt(lines[c]!, cumulative(score));
        }
      }
      return made;
    },
  };
};

function lineOf({ columns, values }: Table, c: number, categories: number | undefined): Line {
  const column = values[c]!;
  if (categories === undefined) {
    const marginal = marginalOf(column, columns[c]!);
    return { bounds: Float64Array.of(1 - marginal.missing, 1), pieces: [0, Number.NaN], marginal };
  }
  const counts = new Float64Array(categories + 1);
  for (const value of column) counts[Number.isNaN(value) ? categories : value]!++;
  const pieces = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || a - b);
  let sum = 0;
  const bounds = Float64Array.from(pieces, (k) => (sum += counts[k]! / Math.max(1, column.length)));
  return { bounds, pieces: pieces.map((k) => (k === categories ? Number.NaN : k)), marginal: undefined };
}

function valueAt({ bounds, pieces, marginal }: Line, share: number): number {
  const piece = pick(bounds, share);
  if (marginal === undefined || piece > 0) return pieces[piece]!;
  return marginal.at(Math.min(1, share / bounds[0]!));
}

/** Each value as the normal deviate of its place; values that are alike are spread over theirs. */
function normalScores(
  values: Float64Array,
  { bounds, pieces, marginal }: Line,
  draw: () => number,
): Float64Array {
  const start = (piece: number) => (piece === 0 ? 0 : bounds[piece - 1]!);
  if (marginal === undefined) {
    const places = new Map(pieces.map((value, piece) => [String(value), piece]));
    return values.map((value) => {
      const piece = places.get(String(value))!;
      return quantile(start(piece) + draw() * (bounds[piece]! - start(piece)));
    });
  }
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  return values.map((value) => {
    if (Number.isNaN(value)) return quantile(bounds[0]! + draw() * (1 - bounds[0]!));
    const [from, to] = [lowest(sorted, value), lowest(sorted, value, true)];
    return quantile(((from + draw() * (to - from)) / sorted.length) * bounds[0]!);
  });
}

/** How many are below a value, or not above it. */
function lowest(sorted: Float64Array, value: number, andEqual = false): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value || (andEqual && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function correlations(scores: readonly Float64Array[], rows: number): Float64Array[] {
  const means = scores.map((of) => of.reduce((sum, z) => sum + z, 0) / Math.max(1, rows));
  const moment = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += (scores[a]![i]! - means[a]!) * (scores[b]![i]! - means[b]!);
    return sum;
  };
  const variances = scores.map((_, c) => moment(c, c));
  return scores.map((_, a) =>
    Float64Array.from(scores, (__, b) => {
      if (a === b) return 1;
      const scale = Math.sqrt(variances[a]! * variances[b]!);
      return scale === 0 ? 0 : moment(a, b) / scale;
    }),
  );
}

/** Lower triangle of a correlation matrix; a little is taken from its corners where rounding left it without a root. */
function cholesky(matrix: readonly Float64Array[]): Float64Array[] {
  for (let shrink = 0; ; shrink = shrink === 0 ? 1e-9 : shrink * 10) {
    const lower = matrix.map((row) => new Float64Array(row.length));
    let isSound = true;
    for (let i = 0; i < matrix.length && isSound; i++)
      for (let j = 0; j <= i; j++) {
        let sum = i === j ? 1 : matrix[i]![j]! * (1 - shrink);
        for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
        if (i === j) {
          isSound = sum > 0;
          lower[i]![i] = Math.sqrt(sum);
        } else lower[i]![j] = sum / lower[j]![j]!;
      }
    if (isSound) return lower;
  }
}

/** The standard normal distribution (Abramowitz and Stegun 1964, by erfc of Press et al. 1992; to 1.2e-7). */
function cumulative(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const poly =
    -x * x -
    1.26551223 +
    t *
      (1.00002368 +
        t *
          (0.37409196 +
            t *
              (0.09678418 +
                t *
                  (-0.18628806 +
                    t *
                      (0.27886807 +
                        t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  const tail = 0.5 * t * Math.exp(poly);
  return z >= 0 ? 1 - tail : tail;
}

/** Its inverse (Acklam 2003; to 1.2e-9). */
function quantile(p: number): number {
  const share = Math.min(1 - 1e-12, Math.max(1e-12, p));
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
    2.506628277459239,
  ];
  const b = [
    -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
  ];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const over = (of: readonly number[], x: number) => of.reduce((sum, k) => sum * x + k, 0);
  const tail = Math.min(share, 1 - share);
  if (tail < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(tail));
    const z = over(c, q) / (over(d, q) * q + 1);
    return share < 0.5 ? z : -z;
  }
  const q = share - 0.5;
  const r = q * q;
  return (over(a, r) * q) / (over(b, r) * r + 1);
}
