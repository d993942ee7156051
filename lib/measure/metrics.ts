/** Metrics of two-class scores. Labels are 1 for the positive class, else 0. */
import type { MetricName } from '../config/schema.ts';

export interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
}

/** Rows ordered by score, highest first; equal scores share a group. Made once, weighted often. */
export interface Ranking {
  readonly order: Int32Array;
  /** Where in the order each group of equal scores ends. */
  readonly groupEnds: Int32Array;
  readonly labels: Uint8Array;
}

export function rankScores(labels: Uint8Array, scores: Float64Array): Ranking {
  const order = Int32Array.from(labels.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const ends: number[] = [];
  for (let i = 1; i <= order.length; i++) {
    if (i === order.length || scores[order[i]!] !== scores[order[i - 1]!]) ends.push(i);
  }
  return { order, groupEnds: Int32Array.from(ends), labels };
}

/**
 * Area under the ROC curve, ties counted half (Hanley & McNeil 1982), and average precision (the step-wise area under
 * the precision–recall curve, as in scikit-learn). `weights` are row counts; NaN where a class is absent.
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
    let negatives = 0;
    for (let i = from; i < groupEnds[g]!; i++) {
      const row = order[i]!;
      const weight = weights === undefined ? 1 : weights[row]!;
      if (labels[row] === 1) positives += weight;
      else negatives += weight;
    }
    from = groupEnds[g]!;
    pairs += negatives * (truePositives + positives / 2);
    truePositives += positives;
    falsePositives += negatives;
    if (positives > 0) areaPr += (positives * truePositives) / (truePositives + falsePositives);
  }
  return { roc_auc: pairs / (truePositives * falsePositives), pr_auc: areaPr / truePositives };
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

export function confusion(
  labels: Uint8Array,
  scores: Float64Array,
  threshold: number,
  weights?: ArrayLike<number>,
): Confusion {
  let [tp, fp, tn, fn] = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    const weight = weights === undefined ? 1 : weights[i]!;
    if (scores[i]! >= threshold) {
      if (labels[i] === 1) tp += weight;
      else fp += weight;
    } else if (labels[i] === 1) fn += weight;
    else tn += weight;
  }
  return { tp, fp, tn, fn };
}

/** Ratios of a confusion matrix; those with nothing to divide by are 0, as in scikit-learn. */
export function thresholdMetrics({ tp, fp, tn, fn }: Confusion) {
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    accuracy: share(tp + tn, tp + fp + tn + fn),
    precision: share(tp, tp + fp),
    recall: share(tp, tp + fn),
    f1: share(2 * tp, 2 * tp + fp + fn),
  };
}

/** Mean negative log likelihood, with probabilities kept 1e−15 from 0 and 1. */
export function logLoss(labels: Uint8Array, scores: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const p = Math.min(Math.max(scores[i]!, 1e-15), 1 - 1e-15);
    sum -= Math.log(labels[i] === 1 ? p : 1 - p);
  }
  return sum / labels.length;
}

/** Mean squared difference of probability and label (Brier 1950). */
export function brierScore(labels: Uint8Array, scores: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += (scores[i]! - labels[i]!) ** 2;
  return sum / labels.length;
}

/**
 * The threshold with the highest F1. Halfway between the last score classed positive and the next one, where they
 * differ, so that rounding moves no row.
 */
export function bestF1Threshold(labels: Uint8Array, scores: Float64Array): number {
  const { order, groupEnds } = rankScores(labels, scores);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  let tp = 0;
  let from = 0;
  let best = { f1: -1, threshold: 0.5 };
  for (const end of groupEnds) {
    for (let i = from; i < end; i++) tp += labels[order[i]!]!;
    from = end;
    const f1 = (2 * tp) / (end + positives);
    if (f1 <= best.f1) continue;
    const last = scores[order[end - 1]!]!;
    const next = end < order.length ? scores[order[end]!]! : last;
    best = { f1, threshold: (last + next) / 2 };
  }
  return best.threshold;
}

/** All six metrics at a threshold. */
export function allMetrics(
  ranking: Ranking,
  scores: Float64Array,
  threshold: number,
  weights?: ArrayLike<number>,
): Record<MetricName, number> {
  return {
    ...thresholdMetrics(confusion(ranking.labels, scores, threshold, weights)),
    ...rankMetrics(ranking, weights),
  };
}
