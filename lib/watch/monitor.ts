/** What production looks like beside training: errors, metrics, drift, latency. Values in, values out. */

import type { Config, MetricName } from '../config/schema.ts';
import { type Drift, type DriftLimits, measureDrifts } from '../measure/drift.ts';
import { estimatesOf, meanEstimate, measureMetrics, measureShare } from '../measure/estimates.ts';
import type { Estimate, Verdict } from '../numbers/estimate.ts';
import type { ScoredRows } from '../numbers/outputs.ts';
import { setsOf } from '../predict/served-model.ts';
import type { LoadedVersion } from '../registry/load.ts';
import type { DriftReference } from '../train/frozen.ts';
import { columnOf, entitiesOf, overconfidence, scoresOf } from './columns.ts';
import { type Harm, measureHarm } from './harm.ts';
import { limitsFor } from './meaning.ts';
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
    /** Of the predictions that are old enough to have it. */
    readonly missing_rate: number;
    /** When the newest prediction with its truth was made; null without any. */
    readonly until: string | null;
  };
  readonly error_rate: {
    readonly production: Estimate;
    readonly training: Estimate;
    readonly verdict: Verdict;
  };
  /** Mean probability given less the share that was true; null without truth. */
  readonly calibration: Estimate | null;
  /** Share of the labelled predictions whose set holds the true class, and what it should be; null where nothing can be said. */
  readonly coverage: { readonly production: Estimate; readonly confidence: number } | null;
  /** Metrics on labelled predictions; null while they have no meaning. */
  readonly metrics: Readonly<Record<MetricName, Estimate>> | null;
  readonly training_metrics: Readonly<Record<MetricName, Estimate>>;
  /** The retraining metric, at the training share of each class, against training; null while there is too little truth for it. */
  readonly harm: Harm | null;
  readonly drift: readonly Drift[];
  /** Of what the model gives, against what it gave to rows that it had not learnt; null where it had none. */
  readonly prediction_drift: Drift | null;
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
  validation: { labels: Uint8Array; given: Uint8Array; scores: Float64Array },
  { predictions, judged, refusals }: Window,
  time: string,
): MonitorReport {
  const { confidence } = config.evaluation;
  const { classes, outputs } = loaded.signature.output;
  const labelled = judged.filter(({ label }) => label !== undefined);
  // A class that the model does not know is an error of it, and of no metric by class.
  const known = labelled.filter(({ label }) => classes.includes(label!));
  const scored: ScoredRows = {
    classes: classes.length,
    labels: Uint8Array.from(known, ({ label }) => classes.indexOf(label!)),
    scores: scoresOf(known, outputs),
  };
  const given = Uint8Array.from(known, (line) => classes.indexOf(line.class));
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
      missing_rate: judged.length === 0 ? 0 : 1 - labelled.length / judged.length,
      until: labelled.at(-1)?.time ?? null,
    },
    error_rate: errorRates(labelled, loaded, config),
    calibration:
      labelled.length < 2
        ? null
        : meanEstimate(
            Float64Array.from(labelled, (line) => overconfidence(line, outputs)),
            {
              confidence,
              entities: entitiesOf(labelled),
            },
          ),
    coverage: coverageOf(labelled, loaded, config),
    metrics: everyClass
      ? estimatesOf(measureMetrics(scored, given, { confidence, entities: entitiesOf(known) }))
      : null,
    training_metrics: loaded.metrics.metrics,
    harm:
      measureHarm(config, classes, { classes: classes.length, ...validation }, { ...scored, given }) ?? null,
    drift: measureDrifts(
      reference.inputs.map((input) => ({
        reference: input,
        column: columnOf(predictions, loaded.signature.inputs.find(({ name }) => name === input.name)!),
      })),
      driftLimits(config),
    ),
    prediction_drift:
      reference.prediction === null
        ? null
        : measureDrifts(
            [
              {
                reference: reference.prediction,
                column: Float64Array.from(predictions, (line) =>
                  outputs.length === 1 ? line.probability : classes.indexOf(line.class),
                ),
              },
            ],
            driftLimits(config),
          )[0]!,
    refused: { requests: refusals.length, by_problem: countProblems(refusals) },
    latency_ms: latencies(predictions),
    over_time: overTime(judged),
    scores: predictions.map(({ probability }) => probability),
  };
}

/** Pass: shown to be within the limit. One label without an error shows nothing. */
function errorRates(
  labelled: readonly Observed[],
  { metrics }: LoadedVersion,
  { evaluation: { confidence }, monitoring }: Config,
) {
  const wrong = (line: Observed) => (line.label === line.class ? 0 : 1);
  const production = measureShare(labelled.length, (i) => [wrong(labelled[i]!), 1], {
    confidence,
    entities: entitiesOf(labelled),
  }).estimate;
  const training = trainingError({ metrics });
  const limit = limitsFor(monitoring.limits, training).error_rate;
  const verdict: Verdict =
    production.low > training.high ? 'fail' : production.high <= limit ? 'pass' : 'inconclusive';
  return { production, training, verdict };
}

/** The error rate that training measured. */
export function trainingError({ metrics }: Pick<LoadedVersion, 'metrics'>): Estimate {
  const { accuracy } = metrics.metrics;
  return { value: 1 - accuracy.value, low: 1 - accuracy.high, high: 1 - accuracy.low };
}

function coverageOf(
  labelled: readonly Observed[],
  loaded: LoadedVersion,
  { evaluation: { confidence, set_confidence } }: Config,
): MonitorReport['coverage'] {
  const sets = setsOf(loaded, set_confidence);
  if (sets === undefined || labelled.length === 0) return null;
  const production = measureShare(
    labelled.length,
    (i) => [sets(labelled[i]!).set.includes(labelled[i]!.label!) ? 1 : 0, 1],
    { confidence, entities: entitiesOf(labelled) },
  ).estimate;
  return { production, confidence: set_confidence };
}

export function driftLimits({ monitoring, evaluation }: Config): DriftLimits {
  const { false_alarm_rate: falseAlarmRate, psi_threshold: psi } = monitoring;
  return { falseAlarmRate, psi, confidence: evaluation.confidence };
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
