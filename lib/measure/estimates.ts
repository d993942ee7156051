/**
 * The metrics with intervals that cover at ten positives, and where an entity has many rows: every metric's interval comes from
 * a score of so many rows as its own are worth.
 */
import type { MetricName } from '../config/schema.ts';
import type { Estimate } from '../numbers/estimate.ts';
import { outputsOf, type ScoredRows } from '../numbers/outputs.ts';
import { influenceOfRanking, influenceOfRatio } from './influence.ts';
import {
  areaInterval,
  criticalT,
  criticalValue,
  differenceOf,
  meanOfEstimates,
  wilson,
} from './intervals.ts';
import { classMetrics, confusionMatrix, outputOf, rankMetrics, rankScores } from './metrics.ts';

export interface IntervalOptions {
  readonly confidence: number;
  /** Rows of one entity share a number: they tell less than as many rows of different ones. */
  readonly entities?: Int32Array | undefined;
}

/** A metric with its interval, and what each entity, or row, adds to it. */
export interface Measured {
  readonly estimate: Estimate;
  /** What it is a share of: rows, those of a class, those given it. */
  readonly trials: number;
  /** Whether it is no share of rows, whose interval a score gives: differences are then judged by what each row adds. */
  readonly isRanking?: boolean;
  /** Computed when it is asked for. */
  readonly influence: () => Float64Array;
}

/** What a row adds to the part and to the whole of a share. */
export type ShareCounts = (row: number) => readonly [part: number, whole: number];

export function measureShare(rows: number, counts: ShareCounts, options: IntervalOptions): Measured {
  const { confidence, entities } = options;
  let [part, whole] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const [a, b] = counts(row);
    part += a;
    whole += b;
  }
  const influence = once(() => influenceOfRatio(rows, counts));
  const worth = worthOf(clusters(rows, entities), influence, confidence);
  return { estimate: shareEstimate(part, whole, worth, confidence), trials: whole * worth, influence };
}

/** The area under the ROC curve and the average precision; `labels` are 1 for the class that is scored. */
export function measureRanking(
  labels: Uint8Array,
  scores: Float64Array,
  { confidence, entities }: IntervalOptions,
): Record<'roc_auc' | 'pr_auc', Measured> {
  const cluster = clusters(labels.length, entities);
  const ranking = rankScores(labels, scores);
  const { roc_auc, pr_auc } = rankMetrics(ranking);
  const positives = labels.reduce((sum, y) => sum + y, 0);
  const negatives = labels.length - positives;
  const influences = once(() => influenceOfRanking(ranking));
  const ofArea = () => influences().roc_auc;
  const ofPrecision = () => influences().pr_auc;
  const worthOfArea = worthOf(cluster, ofArea, confidence);
  const found = positives * worthOf(cluster, ofPrecision, confidence);
  return {
    roc_auc: {
      estimate: areaInterval(roc_auc, positives * worthOfArea, negatives * worthOfArea, confidence),
      trials: positives * worthOfArea,
      isRanking: true,
      influence: ofArea,
    },
    pr_auc: {
      estimate: averagePrecisionEstimate(pr_auc, found, confidence),
      trials: found,
      isRanking: true,
      influence: ofPrecision,
    },
  };
}

/** All six metrics; `given` is the class given to each row. With more than two classes the means over them. */
export function measureMetrics(
  rows: ScoredRows,
  given: Uint8Array,
  options: IntervalOptions,
): Record<MetricName, Measured> {
  const { labels, classes } = rows;
  const confusion = confusionMatrix(classes, labels, given);
  const cluster = clusters(labels.length, options.entities);
  const share = (counts: ShareCounts) => measureShare(labels.length, counts, options);
  const accuracy = share((row) => [labels[row] === given[row] ? 1 : 0, 1]);
  const perClass = outputsOf(classes).map((k, output) => {
    const { rows: truly, given: said } = classMetrics(confusion, k);
    const each = outputOf(rows, output);
    const hits = confusion[k]![k]!;
    const isTrue = (row: number) => (labels[row] === k ? 1 : 0);
    const isGiven = (row: number) => (given[row] === k ? 1 : 0);
    const f1Influence = once(() =>
      influenceOfRatio(labels.length, (row) => [2 * isTrue(row) * isGiven(row), isTrue(row) + isGiven(row)]),
    );
    const union = truly + said - hits;
    const f1Worth = worthOf(cluster, f1Influence, options.confidence);
    return {
      occurs: truly + said > 0,
      precision: share((row) => [isTrue(row) * isGiven(row), isGiven(row)]),
      recall: share((row) => [isTrue(row) * isGiven(row), isTrue(row)]),
      f1: {
        estimate: f1Estimate(hits, union, f1Worth, options.confidence),
        trials: union * f1Worth,
        influence: f1Influence,
      },
      ...measureRanking(each.labels, each.scores, options),
    };
  });
  const occurring = perClass.filter(({ occurs }) => occurs);
  const ranked = perClass.filter(({ roc_auc }) => !Number.isNaN(roc_auc.estimate.value));
  const mean = (of: typeof perClass, name: Exclude<MetricName, 'accuracy'>) =>
    meanOfMeasured(
      of.map((each) => each[name]),
      cluster,
    );
  return {
    accuracy,
    precision: mean(occurring, 'precision'),
    recall: mean(occurring, 'recall'),
    f1: mean(occurring, 'f1'),
    roc_auc: mean(ranked, 'roc_auc'),
    pr_auc: mean(perClass, 'pr_auc'),
  };
}

/**
 * The interval of b − a for two metrics of the same rows. Of shares by their scores, where few trials make a correlation look
 * stronger than it is: it is taken as less by half a trial (Newcombe 1998, paired data, method 10). Of rankings, whose intervals
 * know only numbers of rows, by what each row adds to the difference and Student's t (DeLong et al. 1988).
 */
export function compareMeasured(
  a: Measured,
  b: Measured,
  { confidence, entities }: IntervalOptions,
): Estimate {
  const cluster = clusters(a.influence().length, entities);
  const [of, to] = [sums(a.influence(), cluster), sums(b.influence(), cluster)];
  const trials = Math.min(a.trials, b.trials);
  if (a.isRanking) {
    const variance = to.reduce((sum, x, i) => sum + (x - of[i]!) ** 2, 0);
    return around(b.estimate.value - a.estimate.value, variance, trials, confidence);
  }
  const scale = Math.sqrt(sumOfSquares(of) * sumOfSquares(to));
  const correlation = scale === 0 ? 0 : correlationOf(of, to) - 1 / (2 * trials * trials * scale);
  return differenceOf(a.estimate, b.estimate, Math.max(0, correlation));
}

/** The same for metrics of different rows. */
export function compareApart(a: Measured, b: Measured, { confidence }: IntervalOptions): Estimate {
  if (!a.isRanking) return differenceOf(a.estimate, b.estimate);
  const variance = sumOfSquares(a.influence()) + sumOfSquares(b.influence());
  return around(b.estimate.value - a.estimate.value, variance, Math.min(a.trials, b.trials), confidence);
}

/** An interval by Student's t around a value whose variance so many trials told. */
export function around(value: number, variance: number, trials: number, confidence: number): Estimate {
  const reach =
    trials < 2 ? Number.POSITIVE_INFINITY : criticalT(confidence, trials - 1) * Math.sqrt(variance);
  return { value, low: value - reach, high: value + reach };
}

/** Interval of the mean of a value that every row has (Student 1908; by the sums of entities, Liang & Zeger 1986). */
export function meanEstimate(values: Float64Array, { confidence, entities }: IntervalOptions): Estimate {
  const cluster = clusters(values.length, entities);
  const value = values.reduce((sum, x) => sum + x, 0) / values.length;
  const each = sums(
    values.map((x) => (x - value) / values.length),
    cluster,
  );
  return around(value, (sumOfSquares(each) * each.length) / (each.length - 1), each.length, confidence);
}

export function estimatesOf<K extends string>(measured: Record<K, Measured>): Record<K, Estimate> {
  return Object.fromEntries(
    Object.entries<Measured>(measured).map(([name, { estimate }]) => [name, estimate]),
  ) as Record<K, Estimate>;
}

/** A share with nothing to divide by is 0, as in scikit-learn, and could be anything. */
function shareEstimate(part: number, whole: number, worth: number, confidence: number): Estimate {
  const { low, high } = wilson(part * worth, whole * worth, confidence);
  return { value: whole === 0 ? 0 : part / whole, low, high };
}

/** F1 = 2 J / (1 + J), where J is the share of hits among the rows that are of the class or were given it. */
function f1Estimate(hits: number, union: number, worth: number, confidence: number): Estimate {
  const { value, low, high } = shareEstimate(hits, union, worth, confidence);
  const f1 = (j: number) => (2 * j) / (1 + j);
  return { value: f1(value), low: f1(low), high: f1(high) };
}

/**
 * Average precision as a share of its positives, whose variance it does not exceed (Boyd, Eng & Page 2013, binomial
 * interval; by Wilson's score, which holds at 1 too).
 */
function averagePrecisionEstimate(value: number, positives: number, confidence: number): Estimate {
  if (positives === 0) return { value, low: 0, high: 1 };
  const { low, high } = wilson(value * positives, positives, confidence);
  return { value, low, high };
}

interface Clusters {
  /** The cluster of each row. */
  readonly of: Int32Array;
  readonly count: number;
}

/** Undefined where every row is an entity of its own. */
function clusters(rows: number, entities: Int32Array | undefined): Clusters | undefined {
  if (entities === undefined) return undefined;
  const numbers = new Map<number, number>();
  const of = Int32Array.from(entities, (entity) => {
    const known = numbers.get(entity);
    if (known !== undefined) return known;
    numbers.set(entity, numbers.size);
    return numbers.size - 1;
  });
  return numbers.size === rows ? undefined : { of, count: numbers.size };
}

function sums(influence: Float64Array, cluster: Clusters | undefined): Float64Array {
  if (cluster === undefined) return influence;
  const summed = new Float64Array(cluster.count);
  for (let row = 0; row < influence.length; row++) summed[cluster.of[row]!]! += influence[row]!;
  return summed;
}

/**
 * What a row counts for: 1 / the design effect (Kish 1965), the variance by clusters over that of as many single rows, and by
 * Student's t for the number of clusters (Korn & Graubard 1998). Never more than 1.
 */
function worthOf(cluster: Clusters | undefined, influence: () => Float64Array, confidence: number): number {
  if (cluster === undefined) return 1;
  const rows = influence();
  const summed = sums(rows, cluster);
  const [single, together] = [sumOfSquares(rows), sumOfSquares(summed)];
  const telling = summed.reduce((count, x) => count + (x === 0 ? 0 : 1), 0);
  if (single === 0 || telling < 2) return cluster.count / rows.length;
  const effect = ((together / single) * telling) / (telling - 1);
  return 1 / Math.max(1, effect * (criticalT(confidence, telling - 1) / criticalValue(confidence)) ** 2);
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return sum;
}

/** Of what adds nothing, 0. */
function correlationOf(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum / Math.sqrt(sumOfSquares(a) * sumOfSquares(b)) || 0;
}

function meanOfMeasured(each: readonly Measured[], cluster: Clusters | undefined): Measured {
  if (each.length === 1) return each[0]!;
  if (each.length === 0)
    return {
      estimate: { value: Number.NaN, low: 0, high: 1 },
      trials: 0,
      influence: () => new Float64Array(0),
    };
  const summed = each.map(({ influence }) => sums(influence(), cluster));
  const estimate = meanOfEstimates(
    each.map((measured) => measured.estimate),
    (i, j) => correlationOf(summed[i]!, summed[j]!),
  );
  const influence = once(() => {
    const all = each.map((measured) => measured.influence());
    return all[0]!.map((_, row) => all.reduce((sum, of) => sum + of[row]!, 0) / each.length);
  });
  const [{ isRanking = false }] = each as [Measured];
  // A mean is as sure as the class that is told least of where it ranks, and as all trials together where it counts.
  const trials = each.map((measured) => measured.trials);
  return {
    estimate,
    trials: isRanking ? Math.min(...trials) : trials.reduce((sum, x) => sum + x, 0),
    isRanking,
    influence,
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
