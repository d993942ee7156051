/** Whether a version has become worse than it was in training, by the metric that retraining goes by. */
import type { Config, MetricName, RetrainingMetric } from '../config/schema.ts';
import { calibrationError } from '../measure/calibration-error.ts';
import { costsOf } from '../measure/cost.ts';
import { meanEstimate } from '../measure/estimates.ts';
import { type Candidate, compareScores, type Difference, judgeDifference } from '../measure/evaluate.ts';
import { differenceOf } from '../measure/intervals.ts';
import { squaredErrors } from '../measure/metrics.ts';
import { differenceApart, meanStandardised, standardise } from '../measure/standardised.ts';
import type { Estimate, Verdict } from '../numbers/estimate.ts';
import { outputsOf, type ScoredRows } from '../numbers/outputs.ts';
import { judgeChange } from './meaning.ts';

export interface Harm {
  readonly metric: RetrainingMetric;
  readonly production: number;
  readonly training: number;
  readonly difference: Estimate;
  /** pass: no harm; fail: harm. */
  readonly verdict: Verdict;
  /** Classes that it is measured on, and those whose truth is too little to be. */
  readonly classes: readonly string[];
  readonly left_out: readonly string[];
}

export type GivenRows = ScoredRows & { readonly given: Uint8Array };

/** Undefined while no class that the metric needs has min_positives labels; of the others all are needed together. */
export function measureHarm(
  config: Config,
  classes: readonly string[],
  training: GivenRows,
  production: GivenRows,
): Harm | undefined {
  const { metric, min_positives } = config.retraining;
  const counts = countsOf(production);
  const needed = needsClasses(metric) ? outputsOf(classes.length) : classes.map((_, k) => k);
  const enough = needed.filter((k) => counts[k]! >= min_positives);
  const isEnough = needsClasses(metric)
    ? enough.length > 0 && counts.some((count, k) => count > 0 && !(enough.length === 1 && enough[0] === k))
    : production.labels.length >= min_positives;
  if (!isEnough) return undefined;
  const measured = compare(config, metric, training, production, enough);
  const judged = needsClasses(metric) ? enough : needed.filter((k) => counts[k]! > 0);
  return {
    metric,
    ...measured,
    verdict: judgeChange(metric, measured.difference, config.monitoring.limits),
    classes: judged.map((k) => classes[k]!),
    left_out: needed.filter((k) => !judged.includes(k)).map((k) => classes[k]!),
  };
}

/** Metrics that are of a class, and say nothing where it has no rows. */
function needsClasses(metric: RetrainingMetric): boolean {
  return metric !== 'accuracy' && metric !== 'cost' && metric !== 'calibration';
}

function compare(
  { evaluation: { confidence, cost } }: Config,
  metric: RetrainingMetric,
  training: GivenRows,
  production: GivenRows,
  judged: readonly number[],
): { training: number; production: number; difference: Estimate } {
  if (metric === 'calibration') {
    const [before, now] = [training, production].map((rows) => {
      const { probabilities, truths } = confidences(rows);
      return calibrationError(probabilities, truths, confidence);
    }) as [Estimate, Estimate];
    return { training: before.value, production: now.value, difference: differenceOf(before, now) };
  }
  const shares = sharesOf(training);
  const [before, now] = [training, production].map((rows) =>
    metric === 'cost'
      ? meanStandardised(rows, shares, costsOf(rows.labels, rows.given, cost, rows.classes))
      : standardise(metric, rows, rows.given, shares, judged),
  ) as [ReturnType<typeof standardise>, ReturnType<typeof standardise>];
  return {
    training: before.value,
    production: now.value,
    difference: differenceApart(before, now, confidence),
  };
}

/** Of two classes the probability of the positive one, of more that of the most probable, and whether each is true. */
export function confidences({ classes, labels, scores }: ScoredRows): {
  probabilities: Float64Array;
  truths: Uint8Array;
} {
  if (classes === 2) return { probabilities: scores, truths: labels };
  const best = Array.from(labels, (_, row) => {
    const own = scores.subarray(row * classes, (row + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
  return {
    probabilities: Float64Array.from(best, (k, row) => scores[row * classes + k]!),
    truths: Uint8Array.from(best, (k, row) => (labels[row] === k ? 1 : 0)),
  };
}

function countsOf({ classes, labels }: ScoredRows): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const y of labels) counts[y]!++;
  return counts;
}

function sharesOf(rows: ScoredRows): number[] {
  return countsOf(rows).map((count) => count / rows.labels.length);
}

/**
 * How much better `b` is than `a` on the same rows by that metric: above 0 is better. Of costs what is saved; of calibration what
 * the squared error of the probabilities is less (Brier 1950).
 */
export function compareOn(
  { retraining: { metric }, evaluation: { confidence, cost } }: Config,
  rows: Pick<ScoredRows, 'classes' | 'labels'>,
  a: Candidate,
  b: Candidate,
  entities: Int32Array | undefined,
): { differences: Record<MetricName, Difference>; estimate: Estimate; verdict: Verdict } {
  const options = { confidence, entities };
  const differences = compareScores(rows, a, b, 0, options);
  if (metric !== 'cost' && metric !== 'calibration') {
    const { estimate, verdict } = differences[metric];
    return { differences, estimate, verdict };
  }
  const lossOf = ({ scores, given }: Candidate) =>
    metric === 'cost' ? costsOf(rows.labels, given, cost, rows.classes) : squaredErrors({ ...rows, scores });
  const [before, after] = [lossOf(a), lossOf(b)];
  const estimate = meanEstimate(
    before.map((loss, row) => loss - after[row]!),
    options,
  );
  return { differences, estimate, verdict: judgeDifference(estimate, 0) };
}
