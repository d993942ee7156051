/** Drift of one column against a reference that is frozen in the model version. */
import { presentOf } from '../numbers/matrix.ts';
import { chiSquaredQuantile } from './intervals.ts';

/** What a column looked like in training. Bin i of `edges` holds edges[i − 1] < x ≤ edges[i]. */
export interface Reference {
  readonly name: string;
  /** Rows with a value. */
  readonly count: number;
  readonly missing: number;
  /** Of a category: its levels, one bin each; edges are then empty. */
  readonly categories?: readonly string[];
  readonly edges: readonly number[];
  /** Share of each bin; one more than edges. */
  readonly proportions: readonly number[];
  /** Points of the distribution function for KS: F(values[i]) = cumulative[i]. */
  readonly values: readonly number[];
  readonly cumulative: readonly number[];
}

const BINS = 10;
/** With fewer distinct values the distribution function is kept whole, and KS is exact. */
const POINTS = 1000;
/** A share of 0 counts as this, or the logarithm has no value. */
const FLOOR = 1e-4;

export function numericReference(name: string, column: Float64Array): Reference {
  const sorted = presentOf(column).sort();
  const edges: number[] = [];
  for (let i = 1; i < BINS; i++) {
    const edge = sorted[Math.ceil((i * sorted.length) / BINS) - 1]!;
    if (edge !== edges.at(-1) && edge < sorted.at(-1)!) edges.push(edge);
  }
  const values: number[] = [];
  const cumulative: number[] = [];
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
  const step = distinct <= POINTS ? 0 : sorted.length / POINTS;
  let next = step;
  for (let i = 0; i < sorted.length; i++) {
    if (i + 1 < sorted.length && (sorted[i] === sorted[i + 1] || i + 1 < next)) continue;
    values.push(sorted[i]!);
    cumulative.push((i + 1) / sorted.length);
    while (next <= i + 1 && step > 0) next += step;
  }
  const cuts = [...edges.map((edge) => countUpTo(sorted, edge)), sorted.length];
  const proportions = cuts.map((cut, i) => (cut - (cuts[i - 1] ?? 0)) / Math.max(sorted.length, 1));
  return {
    name,
    count: sorted.length,
    missing: column.length - sorted.length,
    edges,
    proportions,
    values,
    cumulative,
  };
}

/** How many of the ascending numbers are at most x. */
function countUpTo(sorted: Float64Array, x: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! <= x) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** `column` holds category indices, NaN for missing. */
export function categoryReference(
  name: string,
  column: Float64Array,
  categories: readonly string[],
): Reference {
  const { proportions, count } = categoryShares(column, categories.length);
  return {
    name,
    count,
    missing: column.length - count,
    categories,
    edges: [],
    proportions,
    values: [],
    cumulative: [],
  };
}

/** Share of the column in each bin of the edges. */
export function shareOfBins(column: Float64Array, edges: readonly number[]): readonly number[] {
  return binShares(column, edges).proportions;
}

function binShares(column: Float64Array, edges: readonly number[]) {
  const counts = new Array<number>(edges.length + 1).fill(0);
  let count = 0;
  for (const x of column) {
    if (Number.isNaN(x)) continue;
    let bin = 0;
    while (bin < edges.length && x > edges[bin]!) bin++;
    counts[bin]!++;
    count++;
  }
  return { proportions: counts.map((c) => c / Math.max(count, 1)), count };
}

function categoryShares(column: Float64Array, categories: number) {
  const counts = new Array<number>(categories).fill(0);
  let count = 0;
  for (const x of column) {
    if (Number.isNaN(x)) continue;
    counts[x]!++;
    count++;
  }
  return { proportions: counts.map((c) => c / Math.max(count, 1)), count };
}

export interface Drift {
  readonly name: string;
  readonly psi: number;
  /** PSI that a batch of this size without drift exceeds with the configured probability. */
  readonly psi_limit: number;
  /** Kolmogorov–Smirnov distance; null for a category. */
  readonly ks: number | null;
  readonly count: number;
  readonly missing: number;
  readonly missing_in_training: number;
  /** Share of each frozen bin now; beside the reference's proportions it explains the PSI. */
  readonly proportions: readonly number[];
  readonly verdict: 'drift' | 'none' | 'no data';
}

/**
 * Population stability index Σ (q − p) ln(q / p) over the frozen bins. Without drift it is about
 * (1/n + 1/m) χ²(bins − 1) (Yurdakul 2018), which gives the limit for these sample sizes.
 */
export function measureDrift(reference: Reference, column: Float64Array, falseAlarmRate: number): Drift {
  const { name, categories, edges } = reference;
  const { proportions, count } =
    categories === undefined ? binShares(column, edges) : categoryShares(column, categories.length);
  const missing = column.length - count;
  const psi = count === 0 ? 0 : populationStability(reference.proportions, proportions);
  const freedom = Math.max(reference.proportions.filter((p) => p > 0).length - 1, 1);
  const psi_limit =
    (1 / reference.count + 1 / Math.max(count, 1)) * chiSquaredQuantile(1 - falseAlarmRate, freedom);
  const ks = categories === undefined && count > 0 ? kolmogorovSmirnov(reference, column) : null;
  const verdict = count === 0 ? 'no data' : psi > psi_limit ? 'drift' : 'none';
  return {
    name,
    psi,
    psi_limit,
    ks,
    count,
    missing,
    missing_in_training: reference.missing,
    proportions,
    verdict,
  };
}

export function populationStability(expected: readonly number[], actual: readonly number[]): number {
  return expected.reduce((sum, share, i) => {
    const p = Math.max(share, FLOOR);
    const q = Math.max(actual[i]!, FLOOR);
    return sum + (q - p) * Math.log(q / p);
  }, 0);
}

/** Largest distance of the two distribution functions, at the points the reference kept and at the batch's own. */
function kolmogorovSmirnov({ values, cumulative }: Reference, column: Float64Array): number {
  const sorted = presentOf(column).sort();
  let largest = 0;
  let point = 0;
  const referenceAt = (x: number) => {
    while (point < values.length && values[point]! <= x) point++;
    return point === 0 ? 0 : cumulative[point - 1]!;
  };
  let i = 0;
  for (const x of mergedPoints(values, sorted)) {
    while (i < sorted.length && sorted[i]! <= x) i++;
    largest = Math.max(largest, Math.abs(referenceAt(x) - i / sorted.length));
  }
  return largest;
}

function mergedPoints(values: readonly number[], sorted: Float64Array): Float64Array {
  const all = new Float64Array(values.length + sorted.length);
  all.set(values);
  all.set(sorted, values.length);
  return all.sort();
}
