/** What is said of a model: metrics with intervals, at its thresholds, on rows it was not fitted on. */
import type { MetricName } from '../config/schema.ts';
import { type Estimate, judge, type Verdict } from '../numbers/estimate.ts';
import { classify, outputsOf, type Thresholds } from '../numbers/outputs.ts';
import { type BootstrapOptions, bootstrapRows } from './bootstrap.ts';
import {
  brierScore,
  type Confusion,
  classMetrics,
  confusionMatrix,
  logLoss,
  metricsOf,
  outputOf,
  rankMetrics,
  rankScores,
  type ScoredRows,
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
  options: BootstrapOptions,
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
    metrics: bootstrapRows(
      rows.labels.length,
      (some) => metricsOf(...takeScored(rows, given, some)),
      options,
    ),
    weighted: { precision: weighted('precision'), recall: weighted('recall'), f1: weighted('f1') },
    log_loss: logLoss(rows),
    brier: brierScore(rows),
    confusion,
    per_class: perClass,
  };
}

/** Some of the rows, or all. */
function takeScored(
  rows: ScoredRows,
  given: Uint8Array,
  some: Int32Array | undefined,
): [rows: ScoredRows, given: Uint8Array] {
  if (some === undefined) return [rows, given];
  const outputs = outputsOf(rows.classes).length;
  const scores = new Float64Array(some.length * outputs);
  for (const [i, row] of some.entries())
    scores.set(rows.scores.subarray(row * outputs, (row + 1) * outputs), i * outputs);
  const take = (values: Uint8Array) => Uint8Array.from(some, (row) => values[row]!);
  return [{ classes: rows.classes, labels: take(rows.labels), scores }, take(given)];
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
}

/** What one model gave for the rows of a comparison. */
export interface Candidate {
  readonly scores: Float64Array;
  /** Class index per row. */
  readonly given: Uint8Array;
}

/** A difference is shown only where the whole interval lies beyond the limit: two that are alike differ in neither direction. */
function judgeDifference(estimate: Estimate, limit: number): Verdict {
  return estimate.low > limit ? 'pass' : judge(estimate, limit) === 'fail' ? 'fail' : 'inconclusive';
}

/**
 * Is `b` better than `a` on the same rows, or worse by less than the margin? Paired bootstrap of the difference b − a: pass
 * when the whole interval is above −margin, fail when all of it is below, inconclusive when it holds −margin.
 */
export function compareScores(
  rows: Pick<ScoredRows, 'classes' | 'labels'>,
  a: Candidate,
  b: Candidate,
  margin: number,
  options: BootstrapOptions,
): Record<MetricName, Difference> {
  const differences = bootstrapRows(
    rows.labels.length,
    (some) => {
      const [metricsA, metricsB] = [a, b].map(({ scores, given }) =>
        metricsOf(...takeScored({ ...rows, scores }, given, some)),
      ) as [ReturnType<typeof metricsOf>, ReturnType<typeof metricsOf>];
      return (weights) => {
        const before = metricsA(weights);
        const after = metricsB(weights);
        for (const name of Object.keys(after) as MetricName[]) after[name] -= before[name];
        return after;
      };
    },
    options,
  );
  return Object.fromEntries(
    Object.entries(differences).map(([name, estimate]) => [
      name,
      { estimate, verdict: judgeDifference(estimate, -margin) },
    ]),
  ) as Record<MetricName, Difference>;
}
