/** What is said of a model: metrics with intervals, at one threshold, on rows it was not fitted on. */
import type { MetricName } from '../config/schema.ts';
import { type BootstrapOptions, bootstrap, type Estimate } from './bootstrap.ts';
import { allMetrics, brierScore, type Confusion, confusion, logLoss, rankScores } from './metrics.ts';

export interface Evaluation {
  readonly rows: number;
  readonly positives: number;
  readonly threshold: number;
  readonly metrics: Readonly<Record<MetricName, Estimate>>;
  readonly log_loss: number;
  readonly brier: number;
  readonly confusion: Confusion;
}

export function evaluate(
  labels: Uint8Array,
  scores: Float64Array,
  threshold: number,
  options: BootstrapOptions,
): Evaluation {
  const ranking = rankScores(labels, scores);
  return {
    rows: labels.length,
    positives: labels.reduce((sum, label) => sum + label, 0),
    threshold,
    metrics: bootstrap(labels.length, (weights) => allMetrics(ranking, scores, threshold, weights), options),
    log_loss: logLoss(labels, scores),
    brier: brierScore(labels, scores),
    confusion: confusion(labels, scores, threshold),
  };
}

export type Verdict = 'pass' | 'fail' | 'inconclusive';

export interface Difference {
  readonly estimate: Estimate;
  readonly verdict: Verdict;
}

/**
 * Is `b` at least as good as `a` on the same rows? Paired bootstrap of the difference b − a: pass when the whole
 * interval is above −margin, fail when all of it is below, inconclusive when it holds −margin.
 */
export function compareScores(
  labels: Uint8Array,
  a: { scores: Float64Array; threshold: number },
  b: { scores: Float64Array; threshold: number },
  margin: number,
  options: BootstrapOptions,
): Record<MetricName, Difference> {
  const [rankA, rankB] = [rankScores(labels, a.scores), rankScores(labels, b.scores)];
  const differences = bootstrap(
    labels.length,
    (weights) => {
      const before = allMetrics(rankA, a.scores, a.threshold, weights);
      const after = allMetrics(rankB, b.scores, b.threshold, weights);
      for (const name of Object.keys(after) as MetricName[]) after[name] -= before[name];
      return after;
    },
    options,
  );
  return Object.fromEntries(
    Object.entries(differences).map(([name, estimate]) => [
      name,
      { estimate, verdict: judge(estimate, -margin) },
    ]),
  ) as Record<MetricName, Difference>;
}

/** Pass when the interval lies above the limit, fail when below, inconclusive when it holds it or is undefined. */
export function judge(estimate: Estimate, limit: number): Verdict {
  if (estimate.low >= limit) return 'pass';
  if (estimate.high < limit) return 'fail';
  return 'inconclusive';
}
