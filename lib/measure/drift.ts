/** Drift of columns against what was frozen in the model version: how large, and whether chance alone could have done it. */
import type { Estimate } from '../numbers/estimate.ts';
import { presentOf } from '../numbers/matrix.ts';
import { countBins, type Reference } from './drift-reference.ts';
import { discoveries } from './false-discoveries.ts';
import { homogeneity } from './homogeneity.ts';
import { criticalValue } from './intervals.ts';

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
