/** What is said of a model: metrics with intervals, at its thresholds, on rows it was not fitted on. */
import type { MetricName } from '../config/schema.ts';
import { type Estimate, judge, type Verdict } from '../numbers/estimate.ts';
import { classify, outputsOf, type ScoredRows, type Thresholds } from '../numbers/outputs.ts';
import { compareMeasured, estimatesOf, type IntervalOptions, measureMetrics } from './estimates.ts';
import { criticalValue } from './intervals.ts';
import {
  brierScore,
  type Confusion,
  classMetrics,
  confusionMatrix,
  logLoss,
  outputOf,
  rankMetrics,
  rankScores,
} from './metrics.ts';

export interface ClassMetrics {
  readonly class: string;
  readonly rows: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** The class against all others; null with two classes for the one that no output is of. */
  readonly roc_auc: number | null;
  readonly pr_auc: number | null;
}

export interface Evaluation {
  readonly rows: number;
  /** Rows of each class, in the classes' order. */
  readonly class_rows: readonly number[];
  readonly thresholds: Thresholds;
  /** Of the positive class; with more than two classes the mean over them. */
  readonly metrics: Readonly<Record<MetricName, Estimate>>;
  /** The classes' metrics weighted by their rows. */
  readonly weighted: { readonly precision: number; readonly recall: number; readonly f1: number };
  readonly log_loss: number;
  readonly brier: number;
  /** Rows by true class and given class. */
  readonly confusion: Confusion;
  readonly per_class: readonly ClassMetrics[];
}

export function evaluate(
  rows: ScoredRows,
  classes: readonly string[],
  thresholds: Thresholds,
  options: IntervalOptions,
  given: Uint8Array = classify(rows.scores, { thresholds }),
): Evaluation {
  const confusion = confusionMatrix(classes.length, rows.labels, given);
  const perClass = classes.map((name, k) => {
    const { given: _, ...metrics } = classMetrics(confusion, k);
    return { class: name, ...metrics, ...rankOfClass(rows, k) };
  });
  const weighted = (name: 'precision' | 'recall' | 'f1') =>
    perClass.reduce((sum, metrics) => sum + metrics.rows * metrics[name], 0) / rows.labels.length;
  return {
    rows: rows.labels.length,
    class_rows: perClass.map((metrics) => metrics.rows),
    thresholds,
    metrics: estimatesOf(measureMetrics(rows, given, options)),
    weighted: { precision: weighted('precision'), recall: weighted('recall'), f1: weighted('f1') },
    log_loss: logLoss(rows),
    brier: brierScore(rows),
    confusion,
    per_class: perClass,
  };
}

function rankOfClass(rows: ScoredRows, k: number): { roc_auc: number | null; pr_auc: number | null } {
  const output = outputsOf(rows.classes).indexOf(k);
  if (output < 0) return { roc_auc: null, pr_auc: null };
  const { labels, scores } = outputOf(rows, output);
  return rankMetrics(rankScores(labels, scores));
}

export interface Difference {
  readonly estimate: Estimate;
  readonly verdict: Verdict;
  /** The difference that rows like these show, with this confidence, in eight of ten comparisons. */
  readonly detectable: number;
}

const POWER = 0.8;

/** A difference is seen where its interval does not hold 0: half its width, and what leaves the power asked for (Cohen 1988). */
function detectableOf({ low, high }: Estimate, confidence: number): number {
  return ((high - low) / 2) * (1 + criticalValue(2 * POWER - 1) / criticalValue(confidence));
}

/** What one model gave for the rows of a comparison. */
export interface Candidate {
  readonly scores: Float64Array;
  /** Class index per row. */
  readonly given: Uint8Array;
}

/** A difference is shown only where the whole interval lies beyond the limit: two that are alike differ in neither direction. */
export function judgeDifference(estimate: Estimate, limit: number): Verdict {
  return estimate.low > limit ? 'pass' : judge(estimate, limit) === 'fail' ? 'fail' : 'inconclusive';
}

/**
 * Is `b` better than `a` on the same rows, or worse by less than the margin? Of the difference b − a: pass when the whole
 * interval is above −margin, fail when all of it is below, inconclusive when it holds −margin.
 */
export function compareScores(
  rows: Pick<ScoredRows, 'classes' | 'labels'>,
  a: Candidate,
  b: Candidate,
  margin: number,
  options: IntervalOptions,
): Record<MetricName, Difference> {
  const of = measureMetrics({ ...rows, scores: a.scores }, a.given, options);
  const to = measureMetrics({ ...rows, scores: b.scores }, b.given, options);
  return Object.fromEntries(
    (Object.keys(to) as MetricName[]).map((name) => {
      const estimate = compareMeasured(of[name], to[name], options);
      return [
        name,
        {
          estimate,
          verdict: judgeDifference(estimate, -margin),
          detectable: detectableOf(estimate, options.confidence),
        },
      ];
    }),
  ) as Record<MetricName, Difference>;
}
