/** What production looks like beside training: errors, metrics, drift, latency. Values in, values out. */
import type { Config, MetricName } from '../config/schema.ts';
import { indexOfCategory } from '../data/columns.ts';
import { bootstrap } from '../measure/bootstrap.ts';
import { type Drift, measureDrift } from '../measure/drift.ts';
import { wilson } from '../measure/intervals.ts';
import {
  meanOf,
  metricsOf,
  negativeWeight,
  outputOf,
  rankMetrics,
  rankScores,
  type ScoredRows,
  wrongRows,
} from '../measure/metrics.ts';
import type { Estimate, Verdict } from '../numbers/estimate.ts';
import { outputsOf } from '../numbers/outputs.ts';
import type { LoadedVersion } from '../registry/load.ts';
import type { DriftReference } from '../train/build.ts';
import type { SignatureInput } from '../train/signature.ts';
import { judgeFall } from './meaning.ts';
import type { Observed, Window } from './window.ts';

export interface MonitorReport {
  readonly time: string;
  readonly model: string;
  readonly sha256: string;
  /** simulated data says so. */
  readonly source: string;
  readonly window: { readonly rows: number; readonly from: string | null; readonly to: string | null };
  readonly labels: {
    readonly count: number;
    /** The class that truth is scarcest of, among those whose probability is given: with two classes, the positive one. */
    readonly scarcest: { readonly class: string; readonly count: number };
    readonly missing_rate: number;
  };
  readonly error_rate: {
    readonly production: Estimate;
    readonly training: Estimate;
    readonly verdict: Verdict;
  };
  /** Metrics on labelled predictions; null while they have no meaning. */
  readonly metrics: Readonly<Record<MetricName, Estimate>> | null;
  readonly training_metrics: Readonly<Record<MetricName, Estimate>>;
  /** The retraining metric at the training share of each class, against training; null without every class. */
  readonly harm: {
    readonly metric: 'pr_auc' | 'roc_auc';
    readonly production: number;
    readonly training: number;
    readonly difference: Estimate;
    /** pass: no harm; fail: harm. */
    readonly verdict: Verdict;
  } | null;
  readonly drift: readonly Drift[];
  readonly prediction_drift: Drift;
  readonly refused: { readonly requests: number; readonly by_problem: Readonly<Record<string, number>> };
  readonly latency_ms: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
  /** Error rate in steps over the window. */
  readonly over_time: readonly { readonly time: string; readonly error_rate: number | null }[];
  /** Probability that was given with each prediction. */
  readonly scores: readonly number[];
}

const STEPS = 30;

export function monitor(
  config: Config,
  loaded: LoadedVersion,
  reference: DriftReference,
  validation: { labels: Uint8Array; scores: Float64Array },
  { predictions, refusals }: Window,
  time: string,
): MonitorReport {
  const { confidence, bootstrap_rounds: rounds } = config.evaluation;
  const { classes, outputs } = loaded.signature.output;
  const options = { rounds, confidence, seed: config.model_params.random_state };
  const labelled = predictions.filter(({ label }) => label !== undefined);
  const scored: ScoredRows = {
    classes: classes.length,
    labels: Uint8Array.from(labelled, ({ label }) => classes.indexOf(label!)),
    scores: scoresOf(labelled, outputs),
  };
  const given = Uint8Array.from(labelled, (line) => classes.indexOf(line.class));
  const counts = classes.map((name) => ({
    class: name,
    count: labelled.filter(({ label }) => label === name).length,
  }));
  const everyClass = counts.every(({ count }) => count > 0);
  return {
    time,
    model: loaded.version,
    sha256: loaded.sha256,
    source: loaded.metadata.source,
    window: {
      rows: predictions.length,
      from: predictions[0]?.time ?? null,
      to: predictions.at(-1)?.time ?? null,
    },
    labels: {
      count: labelled.length,
      scarcest: counts
        .filter((each) => outputs.includes(each.class))
        .reduce((a, b) => (b.count < a.count ? b : a)),
      missing_rate: predictions.length === 0 ? 0 : 1 - labelled.length / predictions.length,
    },
    error_rate: errorRates(labelled, loaded, confidence),
    metrics: everyClass ? bootstrap(labelled.length, metricsOf(scored, given), options) : null,
    training_metrics: loaded.metrics.metrics,
    harm: everyClass ? measureHarm(config, { classes: classes.length, ...validation }, scored) : null,
    drift: reference.inputs.map((input) =>
      measureDrift(
        input,
        columnOf(predictions, loaded.signature.inputs.find(({ name }) => name === input.name)!),
        config.monitoring.false_alarm_rate,
      ),
    ),
    prediction_drift: measureDrift(
      reference.prediction,
      Float64Array.from(predictions, (line) =>
        outputs.length === 1 ? line.probability : classes.indexOf(line.class),
      ),
      config.monitoring.false_alarm_rate,
    ),
    refused: { requests: refusals.length, by_problem: countProblems(refusals) },
    latency_ms: latencies(predictions),
    over_time: overTime(predictions),
    scores: predictions.map(({ probability }) => probability),
  };
}

/** rows × outputs */
export function scoresOf(predictions: readonly Observed[], outputs: readonly string[]): Float64Array {
  return Float64Array.from(
    predictions.flatMap(({ probability, probabilities }) =>
      probabilities === undefined ? [probability] : outputs.map((name) => probabilities[name]!),
    ),
  );
}

function errorRates(labelled: readonly Observed[], { metrics }: LoadedVersion, confidence: number) {
  const wrong = labelled.filter((line) => line.label !== line.class).length;
  const production = wilson(wrong, labelled.length, confidence);
  const training = wilson(wrongRows(metrics.confusion), metrics.rows, confidence);
  const verdict: Verdict =
    labelled.length === 0
      ? 'inconclusive'
      : production.low > training.high
        ? 'fail'
        : production.high < training.low || production.value <= training.high
          ? 'pass'
          : 'inconclusive';
  return { production, training, verdict };
}

/** Production minus training, both drawn anew in every round, both at the training share of each class. */
function measureHarm(
  config: Config,
  training: ScoredRows,
  production: ScoredRows,
): NonNullable<MonitorReport['harm']> {
  const { metric } = config.retraining;
  const outputs = outputsOf(training.classes);
  const prevalences = outputs.map(
    (k) => training.labels.reduce((sum, y) => sum + (y === k ? 1 : 0), 0) / training.labels.length,
  );
  const statistic = (rows: ScoredRows) => {
    const each = outputs.map((_, output) => {
      const { labels, scores } = outputOf(rows, output);
      return { labels, ranking: rankScores(labels, scores), prevalence: prevalences[output]! };
    });
    return (weights?: Uint16Array) =>
      meanOf(
        each.map(({ labels, ranking, prevalence }) => {
          const negative = negativeWeight(labels, prevalence, weights);
          const counts = Float64Array.from(labels, (y, i) => (weights?.[i] ?? 1) * (y === 1 ? 1 : negative));
          return rankMetrics(ranking, counts)[metric];
        }),
      );
  };
  const [trainingOf, productionOf] = [statistic(training), statistic(production)];
  const { bootstrap_rounds: rounds, confidence } = config.evaluation;
  const seed = config.model_params.random_state;
  const draws = (rows: number, of: (weights?: Uint16Array) => number, name: number) => {
    const values: number[] = [];
    const estimate = bootstrap(
      rows,
      (weights) => {
        const value = of(weights);
        if (weights !== undefined) values.push(value);
        return { value };
      },
      { rounds, confidence, seed: seed + name },
    );
    return { value: estimate.value.value, values };
  };
  const before = draws(training.labels.length, trainingOf, 1);
  const now = draws(production.labels.length, productionOf, 2);
  const differences = Float64Array.from(now.values, (value, i) => value - before.values[i]!)
    .filter((x) => !Number.isNaN(x))
    .sort();
  const at = (q: number) => differences[Math.round(q * (differences.length - 1))] ?? Number.NaN;
  const difference = {
    value: now.value - before.value,
    low: at((1 - confidence) / 2),
    high: at((1 + confidence) / 2),
  };
  return {
    metric,
    production: now.value,
    training: before.value,
    difference,
    verdict: judgeFall(metric, difference, config.monitoring.limits),
  };
}

/** A logged input as numbers or category indices, NaN where it is missing. */
export function columnOf(
  predictions: readonly Pick<Observed, 'input'>[],
  column: SignatureInput,
): Float64Array {
  const { name, categories, other } = column;
  return Float64Array.from(predictions, ({ input }) => {
    const value = input[name];
    if (value === null || value === undefined) return Number.NaN;
    if (categories === undefined) return Number(value);
    const index = indexOfCategory({ categories: [...categories], other }, String(value));
    return index < 0 ? Number.NaN : index;
  });
}

function countProblems(refusals: Window['refusals']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { problems } of refusals) {
    for (const { field, problem } of problems)
      counts[`${field} ${problem}`] = (counts[`${field} ${problem}`] ?? 0) + 1;
  }
  return counts;
}

function latencies(predictions: readonly Observed[]): MonitorReport['latency_ms'] {
  if (predictions.length === 0) return null;
  const sorted = Float64Array.from(predictions, ({ latency_ms }) => latency_ms).sort();
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function overTime(predictions: readonly Observed[]): MonitorReport['over_time'] {
  const size = Math.max(1, Math.ceil(predictions.length / STEPS));
  return Array.from({ length: Math.ceil(predictions.length / size) }, (_, i) => {
    const step = predictions.slice(i * size, (i + 1) * size);
    const labelled = step.filter(({ label }) => label !== undefined);
    return {
      time: step[0]!.time,
      error_rate:
        labelled.length === 0
          ? null
          : labelled.filter((line) => line.label !== line.class).length / labelled.length,
    };
  });
}
