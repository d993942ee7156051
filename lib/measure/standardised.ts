/**
 * A metric as it would be if the classes came in given shares (direct standardisation), so that days with more and with fewer
 * failures compare (Siblini et al. 2020, "Master your metrics with calibration").
 */
import type { MetricName } from '../config/schema.ts';
import type { Estimate } from '../numbers/estimate.ts';
import { outputsOf, type ScoredRows } from '../numbers/outputs.ts';
import { around, type Measured, measureShare, type ShareCounts } from './estimates.ts';
import { influenceOfRanking } from './influence.ts';
import { meanOf, negativeWeight, outputOf, rankMetrics, rankScores } from './metrics.ts';

export interface Standardised {
  readonly value: number;
  readonly influence: Float64Array;
  /** Rows of the class that it rests on least. */
  readonly trials: number;
}

/**
 * `shares` are those of all classes; one that has no rows is left out. Of more than two classes the mean is over those in
 * `judged`, which must have rows.
 */
export function standardise(
  metric: MetricName,
  rows: ScoredRows,
  given: Uint8Array,
  shares: readonly number[],
  judged: readonly number[] = outputsOf(rows.classes),
): Standardised {
  const counts = new Array<number>(rows.classes).fill(0);
  for (const y of rows.labels) counts[y]!++;
  if (metric === 'roc_auc' || metric === 'pr_auc') return rankingAt(metric, rows, shares, judged, counts);
  const weights = weightsFor(rows, shares);
  const weightOf = (row: number) => weights[rows.labels[row]!]!;
  const each =
    metric === 'accuracy'
      ? [ratio(rows, (row) => [given[row] === rows.labels[row] ? weightOf(row) : 0, weightOf(row)])]
      : judged.map((k) => ratio(rows, countsOf(metric, rows.labels, given, k, weightOf)));
  return meanOfEach(each, Math.min(...judged.map((k) => counts[k]!)));
}

/** What a row of each class weighs, so that the classes that there are come in these shares of one another. */
function weightsFor({ classes, labels }: ScoredRows, shares: readonly number[]): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const y of labels) counts[y]!++;
  const there = shares.reduce((sum, share, k) => sum + (counts[k]! > 0 ? share : 0), 0);
  return counts.map((count, k) => (count === 0 ? 0 : ((shares[k]! / there) * labels.length) / count));
}

/** The mean of a value that each row has. */
export function meanStandardised(
  rows: ScoredRows,
  shares: readonly number[],
  values: Float64Array,
): Standardised {
  const weights = weightsFor(rows, shares);
  const { estimate, influence } = ratio(rows, (row) => {
    const weight = weights[rows.labels[row]!]!;
    return [weight * values[row]!, weight];
  });
  return { value: estimate.value, influence: influence(), trials: rows.labels.length };
}

function countsOf(
  metric: 'precision' | 'recall' | 'f1',
  labels: Uint8Array,
  given: Uint8Array,
  k: number,
  weightOf: (row: number) => number,
): ShareCounts {
  return (row) => {
    const weight = weightOf(row);
    const [is, said] = [labels[row] === k ? weight : 0, given[row] === k ? weight : 0];
    const hit = said > 0 ? is : 0;
    return metric === 'precision' ? [hit, said] : metric === 'recall' ? [hit, is] : [2 * hit, is + said];
  };
}

function ratio({ labels }: ScoredRows, counts: ShareCounts): Pick<Measured, 'estimate' | 'influence'> {
  return measureShare(labels.length, counts, { confidence: 0.95 });
}

function rankingAt(
  metric: 'roc_auc' | 'pr_auc',
  rows: ScoredRows,
  shares: readonly number[],
  judged: readonly number[],
  counts: readonly number[],
): Standardised {
  const each = judged.map((k) => {
    const { labels, scores } = outputOf(rows, outputsOf(rows.classes).indexOf(k));
    const ranking = rankScores(labels, scores);
    const negative = negativeWeight(labels, shares[k]!);
    const weights = Float64Array.from(labels, (y) => (y === 1 ? 1 : negative));
    const value = rankMetrics(ranking, weights)[metric];
    return {
      estimate: { value, low: value, high: value },
      influence: () => influenceOfRanking(ranking, negative)[metric],
    };
  });
  return meanOfEach(each, Math.min(...judged.map((k) => counts[k]!)));
}

function meanOfEach(each: readonly Pick<Measured, 'estimate' | 'influence'>[], trials: number): Standardised {
  const influences = each.map(({ influence }) => influence());
  return {
    value: meanOf(each.map(({ estimate }) => estimate.value)),
    influence: influences[0]!.map(
      (_, row) => influences.reduce((sum, of) => sum + of[row]!, 0) / each.length,
    ),
    trials,
  };
}

/** The interval of b − a, of different rows, by Student's t. */
export function differenceApart(a: Standardised, b: Standardised, confidence: number): Estimate {
  const variance = [...a.influence, ...b.influence].reduce((sum, x) => sum + x * x, 0);
  return around(b.value - a.value, variance, Math.min(a.trials, b.trials), confidence);
}
