/**
 * Metrics of class scores. With two classes they are the positive class's; with more, each class is taken against the others
 * and the mean over the classes is given (macro average).
 */
import type { MetricName } from '../config/schema.ts';
import { orderDescending } from '../numbers/order.ts';
import { outputsOf, type ScoredRows } from '../numbers/outputs.ts';

/** Rows by true class and given class. */
export type Confusion = readonly (readonly number[])[];

/** Rows ordered by score, highest first; equal scores share a group. Made once, weighted often. */
export interface Ranking {
  readonly order: Int32Array;
  /** Where in the order each group of equal scores ends. */
  readonly groupEnds: Int32Array;
  /** 1 for the class that is scored, in that order. */
  readonly labels: Uint8Array;
}

/** `labels` are 1 for the class that is scored, else 0. */
export function rankScores(labels: Uint8Array, scores: Float64Array): Ranking {
  const order = orderDescending(scores);
  const ends: number[] = [];
  for (let i = 1; i <= order.length; i++) {
    if (i === order.length || scores[order[i]!] !== scores[order[i - 1]!]) ends.push(i);
  }
  return { order, groupEnds: Int32Array.from(ends), labels: Uint8Array.from(order, (row) => labels[row]!) };
}

/**
 * Area under the ROC curve, ties counted half (Hanley & McNeil 1982), and average precision (the step-wise area under
 * the precision–recall curve, as in scikit-learn: 0 without positives). `weights` are row counts; the former is NaN where a
 * class is absent.
 */
export function rankMetrics(
  ranking: Ranking,
  weights?: ArrayLike<number>,
): { roc_auc: number; pr_auc: number } {
  const { order, groupEnds, labels } = ranking;
  let truePositives = 0;
  let falsePositives = 0;
  let pairs = 0;
  let areaPr = 0;
  let from = 0;
  for (let g = 0; g < groupEnds.length; g++) {
    let positives = 0;
    let all = 0;
    for (let i = from; i < groupEnds[g]!; i++) {
      const weight = weights === undefined ? 1 : weights[order[i]!]!;
      positives += weight * labels[i]!;
      all += weight;
    }
    from = groupEnds[g]!;
    const negatives = all - positives;
    pairs += negatives * (truePositives + positives / 2);
    truePositives += positives;
    falsePositives += negatives;
    // Where no row weighs anything yet, 0 of 0 counts as 0.
    areaPr += (positives * truePositives) / (truePositives + falsePositives || 1);
  }
  return {
    roc_auc: pairs / (truePositives * falsePositives),
    pr_auc: truePositives === 0 ? 0 : areaPr / truePositives,
  };
}

/**
 * What a negative must weigh for positives to make up `prevalence`, so that the average precision of days with more
 * and with fewer failures compares (Siblini et al. 2020, "Master your metrics with calibration").
 */
export function negativeWeight(labels: Uint8Array, prevalence: number, weights?: ArrayLike<number>): number {
  let positives = 0;
  let all = 0;
  for (let i = 0; i < labels.length; i++) {
    const weight = weights === undefined ? 1 : weights[i]!;
    all += weight;
    if (labels[i] === 1) positives += weight;
  }
  return (positives * (1 - prevalence)) / (prevalence * (all - positives));
}

/** `weights` are row counts. */
export function confusionMatrix(
  classes: number,
  labels: Uint8Array,
  given: Uint8Array,
  weights?: ArrayLike<number>,
): number[][] {
  const cells = classes * classes;
  // Two of each cell, for rows in turn: an addition need not wait for the one before it.
  const counts = new Float64Array(2 * cells);
  for (let i = 0; i < labels.length; i++)
    counts[(i & 1) * cells + labels[i]! * classes + given[i]!]! += weights === undefined ? 1 : weights[i]!;
  for (let cell = 0; cell < cells; cell++) counts[cell]! += counts[cells + cell]!;
  return Array.from({ length: classes }, (_, k) =>
    Array.from(counts.subarray(k * classes, (k + 1) * classes)),
  );
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** Rows that were given another class than theirs. */
export function wrongRows(confusion: Confusion): number {
  return confusion.reduce((sum, row, k) => sum + row.reduce((a, b) => a + b, 0) - row[k]!, 0);
}

/** Ratios of one class against the others; those with nothing to divide by are 0, as in scikit-learn. */
export function classMetrics(confusion: Confusion, k: number) {
  const hits = confusion[k]![k]!;
  const rows = confusion[k]!.reduce((a, b) => a + b, 0);
  const given = confusion.reduce((sum, row) => sum + row[k]!, 0);
  return {
    rows,
    given,
    precision: share(hits, given),
    recall: share(hits, rows),
    f1: share(2 * hits, rows + given),
  };
}

/** Accuracy, and the mean of the others over the outputs whose class occurs in truth or answers. */
export function thresholdMetrics(confusion: Confusion) {
  const all = outputsOf(confusion.length).map((k) => classMetrics(confusion, k));
  const occurring = all.filter(({ rows, given }) => rows + given > 0);
  const mean = (name: 'precision' | 'recall' | 'f1') =>
    share(
      occurring.reduce((sum, metrics) => sum + metrics[name], 0),
      occurring.length,
    );
  const rows = confusion.flat().reduce((a, b) => a + b, 0);
  return {
    accuracy: share(rows - wrongRows(confusion), rows),
    precision: mean('precision'),
    recall: mean('recall'),
    f1: mean('f1'),
  };
}

/** Negative log likelihood of each row's true class, with probabilities kept 2⁻⁵² from 0 and 1, as in scikit-learn. */
export function logLosses({ classes, labels, scores }: ScoredRows): Float64Array {
  const outputs = outputsOf(classes).length;
  return Float64Array.from(labels, (y, row) => {
    const score = scores[row * outputs + (outputs === 1 ? 0 : y)]!;
    const given = Math.min(Math.max(score, Number.EPSILON), 1 - Number.EPSILON);
    return -Math.log(outputs === 1 && y === 0 ? 1 - given : given);
  });
}

/** The mean of these. */
export function logLoss(rows: ScoredRows): number {
  return logLosses(rows).reduce((sum, loss) => sum + loss, 0) / rows.labels.length;
}

/** Per row, the squared difference of the outputs' probabilities and what was true. */
export function squaredErrors({ classes, labels, scores }: ScoredRows): Float64Array {
  const outputs = outputsOf(classes);
  return Float64Array.from(labels, (y, row) =>
    outputs.reduce(
      (sum, k, output) => sum + (scores[row * outputs.length + output]! - (y === k ? 1 : 0)) ** 2,
      0,
    ),
  );
}

/** The mean of these (Brier 1950). */
export function brierScore(rows: ScoredRows): number {
  return squaredErrors(rows).reduce((sum, x) => sum + x, 0) / rows.labels.length;
}

/** One output of scored rows: 1 where its class is true, and its scores. */
export function outputOf(
  { classes, labels, scores }: ScoredRows,
  output: number,
): { labels: Uint8Array; scores: Float64Array } {
  const outputs = outputsOf(classes);
  const k = outputs[output]!;
  return {
    labels: labels.map((y) => (y === k ? 1 : 0)),
    scores:
      outputs.length === 1
        ? scores
        : Float64Array.from(labels, (_, i) => scores[i * outputs.length + output]!),
  };
}

/** Some of the rows. */
export function takeScored({ classes, labels, scores }: ScoredRows, some: Int32Array): ScoredRows {
  const outputs = outputsOf(classes).length;
  const taken = new Float64Array(some.length * outputs);
  for (const [i, row] of some.entries())
    for (let output = 0; output < outputs; output++)
      taken[i * outputs + output] = scores[row * outputs + output]!;
  return { classes, labels: Uint8Array.from(some, (row) => labels[row]!), scores: taken };
}

/** Mean of what is a number; NaN where nothing is. */
export function meanOf(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

/** All six metrics, ready to be computed again and again for other row counts; `given` is the class given to each row. */
export function metricsOf(
  rows: ScoredRows,
  given: Uint8Array,
): (weights?: ArrayLike<number>) => Record<MetricName, number> {
  const rankings = outputsOf(rows.classes).map((_, output) => {
    const { labels, scores } = outputOf(rows, output);
    return rankScores(labels, scores);
  });
  return (weights) => {
    const ranked = rankings.map((ranking) => rankMetrics(ranking, weights));
    return {
      ...thresholdMetrics(confusionMatrix(rows.classes, rows.labels, given, weights)),
      roc_auc: meanOf(ranked.map(({ roc_auc }) => roc_auc)),
      pr_auc: meanOf(ranked.map(({ pr_auc }) => pr_auc)),
    };
  };
}
