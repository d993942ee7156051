/** Drift of columns against what was frozen in the model version: how large, and whether chance alone could have done it. */
import type { Estimate } from '../numbers/estimate.ts';
import { presentOf } from '../numbers/matrix.ts';
import { random } from '../numbers/random.ts';
import { countBins, type Reference } from './drift-reference.ts';
import { discoveries } from './false-discoveries.ts';
import { chiSquaredTail, criticalValue, logChoose } from './intervals.ts';

export interface Drift {
  readonly name: string;
  /** Population stability index over the frozen bins, those of missing and unknown values among them. */
  readonly psi: number;
  /** Of the PSI, with what so few rows show by chance taken off; it is 0 where that is all. */
  readonly size: Estimate;
  /** Chance of rows without drift to differ so much. */
  readonly p_value: number;
  /** Kolmogorov–Smirnov distance; null for a category. */
  readonly ks: number | null;
  /** Rows with a value. */
  readonly count: number;
  readonly missing: number;
  readonly missing_in_training: number;
  /** Share of each frozen bin now, and in training: beside one another they explain the PSI. */
  readonly proportions: readonly number[];
  readonly proportions_in_training: readonly number[];
  /** drift: too large for chance and as large as it takes to matter; small: the former alone. */
  readonly verdict: 'drift' | 'small' | 'none' | 'no data';
}

export interface DriftLimits {
  /** Share of false alarms among the alarms, of all columns together (Benjamini & Hochberg 1995). */
  readonly falseAlarmRate: number;
  /** PSI from which a difference matters. */
  readonly psi: number;
  readonly confidence: number;
}

/** Every column against its reference; the verdicts allow for the number of columns. */
export function measureDrifts(
  columns: readonly { readonly reference: Reference; readonly column: Float64Array }[],
  { falseAlarmRate, psi, confidence }: DriftLimits,
): Drift[] {
  const measured = columns.map(({ reference, column }) => measureColumn(reference, column, confidence));
  const known = measured.filter(({ p_value }) => !Number.isNaN(p_value));
  const found = discoveries(
    known.map(({ p_value }) => p_value),
    falseAlarmRate,
  );
  const significant = new Set(known.filter((_, i) => found[i]));
  return measured.map((drift) => ({
    ...drift,
    verdict: Number.isNaN(drift.p_value)
      ? 'no data'
      : !significant.has(drift)
        ? 'none'
        : drift.size.value >= psi
          ? 'drift'
          : 'small',
  }));
}

function measureColumn(
  reference: Reference,
  column: Float64Array,
  confidence: number,
): Omit<Drift, 'verdict'> {
  const counts = countBins(reference, column);
  const rows = column.length;
  const trained = sum(reference.counts);
  const missing = counts.at(-1)!;
  const isEmpty = rows === 0 || trained === 0;
  return {
    name: reference.name,
    psi: isEmpty ? 0 : populationStability(reference.counts, counts),
    size: isEmpty ? { value: 0, low: 0, high: 0 } : populationSize(reference.counts, counts, confidence),
    p_value: isEmpty ? Number.NaN : homogeneity(reference.counts, counts),
    ks:
      reference.categories === undefined && rows > missing && reference.values.length > 0
        ? kolmogorovSmirnov(reference, column)
        : null,
    count: rows - missing,
    missing,
    missing_in_training: reference.counts.at(-1)!,
    proportions: counts.map((count) => count / Math.max(rows, 1)),
    proportions_in_training: reference.counts.map((count) => count / Math.max(trained, 1)),
  };
}

/** Half a row is added to every bin that has rows on one side at least, or the logarithm has no value. */
function shares(a: readonly number[], b: readonly number[]): { p: number; q: number }[] {
  const used = a.flatMap((x, i) => (x + b[i]! > 0 ? [[x + 0.5, b[i]! + 0.5] as const] : []));
  const [all, now] = [sum(used.map(([x]) => x)), sum(used.map(([, y]) => y))];
  return used.map(([x, y]) => ({ p: x / all, q: y / now }));
}

/** Σ (q − p) ln(q / p) (Kullback & Leibler's divergence, both ways), of counts in the same bins. */
export function populationStability(before: readonly number[], now: readonly number[]): number {
  return shares(before, now).reduce((total, { p, q }) => total + (q - p) * Math.log(q / p), 0);
}

/**
 * The PSI without what chance adds, about (bins − 1)(1/n + 1/m) (Yurdakul 2018), and its interval by the delta method for two
 * multinomial samples.
 */
export function populationSize(
  before: readonly number[],
  now: readonly number[],
  confidence: number,
): Estimate {
  const each = shares(before, now);
  const [m, n] = [sum(before), sum(now)];
  const chance = (each.length - 1) * (1 / m + 1 / n);
  const value = Math.max(0, populationStability(before, now) - chance);
  const spread = (slope: (bin: { p: number; q: number }) => number, of: 'p' | 'q') => {
    const mean = each.reduce((total, bin) => total + bin[of] * slope(bin), 0);
    return each.reduce((total, bin) => total + bin[of] * (slope(bin) - mean) ** 2, 0);
  };
  const variance =
    spread(({ p, q }) => Math.log(q / p) + 1 - p / q, 'q') / n +
    spread(({ p, q }) => 1 - q / p - Math.log(q / p), 'p') / m;
  const reach = criticalValue(confidence) * Math.sqrt(variance);
  return { value, low: Math.max(0, value - reach), high: value + reach };
}

/** Fewer rows than this in a bin are too few for the χ² distribution (Cochran 1954). */
const EXPECTED = 5;
/** Up to so many rows chance is drawn; of more, bins of few rows are put together. */
const DRAWN_ROWS = 500;
const DRAWS = 9999;
/** Draws as extreme as what was seen, after which the chance is known well enough (Besag & Clifford 1991). */
const ENOUGH = 20;

/**
 * The chance that two samples of one distribution lie so far apart over bins: Pearson's χ² test of homogeneity, where counts
 * are small by drawing the second sample from both (permutation test, Phipson & Smyth 2010).
 */
export function homogeneity(before: readonly number[], now: readonly number[]): number {
  const used = before.flatMap((x, i) => (x + now[i]! > 0 ? [[x, now[i]!] as const] : []));
  const [m, n] = [sum(before), sum(now)];
  const least = Math.min(m, n) / (m + n);
  const isSmall = used.some(([x, y]) => (x + y) * least < EXPECTED);
  if (isSmall && n <= DRAWN_ROWS) return drawnChance(used, m, n);
  const bins = isSmall ? joined(used, least) : used;
  if (bins.length < 2) return 1;
  return chiSquaredTail(pearson(bins, m, n), bins.length - 1);
}

type Bin = readonly [before: number, now: number];

function pearson(bins: readonly Bin[], m: number, n: number): number {
  let statistic = 0;
  for (const [x, y] of bins) {
    const [a, b] = [((x + y) * m) / (m + n), ((x + y) * n) / (m + n)];
    statistic += (x - a) ** 2 / a + (y - b) ** 2 / b;
  }
  return statistic;
}

/** Bins of few rows as one, with the next smallest where they are still too few. */
function joined(bins: readonly Bin[], least: number): Bin[] {
  const ascending = [...bins].sort(([a, b], [c, d]) => a + b - c - d);
  let rare: Bin = [0, 0];
  while (ascending.length > 0) {
    const [x, y] = ascending[0]!;
    const isEnough = rare[0] + rare[1] === 0 || (rare[0] + rare[1]) * least >= EXPECTED;
    if (isEnough && (x + y) * least >= EXPECTED) break;
    rare = [rare[0] + x, rare[1] + y];
    ascending.shift();
  }
  return rare[0] + rare[1] === 0 ? ascending : [rare, ...ascending];
}

function drawnChance(bins: readonly Bin[], m: number, n: number): number {
  const seen = pearson(bins, m, n);
  const totals = bins.map(([x, y]) => x + y);
  const pool = new Uint16Array(m + n);
  for (let bin = 0, at = 0; bin < totals.length; at += totals[bin]!, bin++)
    pool.fill(bin, at, at + totals[bin]!);
  const { int } = random(0, 'drift', m, n);
  const drawn = new Int32Array(bins.length);
  let extreme = 0;
  for (let draw = 1; draw <= DRAWS; draw++) {
    drawn.fill(0);
    for (let i = 0; i < n; i++) {
      const j = i + int(pool.length - i);
      const bin = pool[j]!;
      pool[j] = pool[i]!;
      pool[i] = bin;
      drawn[bin]!++;
    }
    let statistic = 0;
    for (let bin = 0; bin < totals.length; bin++) {
      const expected = (totals[bin]! * n) / (m + n);
      statistic += (drawn[bin]! - expected) ** 2 / expected;
    }
    // Both samples' parts are in proportion, so that the second one's orders draws as both do.
    if (statistic * ((m + n) / m) >= seen * (1 - 1e-12)) extreme++;
    if (extreme === ENOUGH) return extreme / draw;
  }
  // Rarer than the draws can say: as rare as the count of the oddest bin, which is known exactly, times the bins.
  return extreme > 0 ? (extreme + 1) / (DRAWS + 1) : Math.min(1 / (DRAWS + 1), rarestCount(bins, m, n));
}

/** The chance of a count as far out in any bin, at most (Fisher's exact test by bin, Bonferroni). */
function rarestCount(bins: readonly Bin[], m: number, n: number): number {
  const tails = bins.map(([x, y]) => {
    const chance = (k: number) =>
      Math.exp(logChoose(x + y, k) + logChoose(m + n - x - y, n - k) - logChoose(m + n, n));
    let [below, above] = [0, 0];
    for (let k = Math.max(0, n - (m + n - x - y)); k <= Math.min(n, x + y); k++) {
      if (k <= y) below += chance(k);
      if (k >= y) above += chance(k);
    }
    return 2 * Math.min(below, above);
  });
  return Math.min(1, bins.length * Math.min(...tails));
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

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
