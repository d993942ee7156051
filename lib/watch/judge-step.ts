/**
 * One step of a rollout: is the new version worse than the model by more than a margin? Each check is a non-inferiority
 * test: pass when the whole confidence interval lies within the margin, fail when it lies beyond, inconclusive otherwise.
 */
import type { Config } from '../config/schema.ts';
import { random } from '../learn/random.ts';
import type { Estimate } from '../measure/bootstrap.ts';
import { populationStability, shareOfBins } from '../measure/drift.ts';
import type { Verdict } from '../measure/evaluate.ts';
import { newcombe } from '../measure/intervals.ts';
import type { Observed } from './window.ts';

/** What the log holds of one version. */
export interface Side {
  readonly predictions: readonly Observed[];
  /** Requests that the version failed to answer. */
  readonly failures: number;
}

export interface StepCheck {
  readonly name: 'failures' | 'latency_ratio' | 'score_psi' | 'errors';
  readonly verdict: Verdict;
  readonly estimate: Estimate;
  readonly margin: number;
}

export interface StepVerdict {
  readonly verdict: Verdict;
  readonly checks: readonly StepCheck[];
  /** In words, for the deployment log. */
  readonly reasons: readonly string[];
}

const ROUNDS = 200;
/** Of each side, the latest: a bootstrap of more says the same more slowly. */
const SAMPLE = 2000;
const LATENCY_QUANTILE = 0.95;

export function judgeStep(
  { min_requests, min_labels, confidence, margins }: Config['deployment']['rollout'],
  model: Side,
  next: Side,
  seed: number,
): StepVerdict {
  const answered = Math.min(model.predictions.length, next.predictions.length + next.failures);
  if (answered < min_requests) {
    const reason = `${next.predictions.length} answers of the new version and ${model.predictions.length} of the model, ${min_requests} of each are needed`;
    return { verdict: 'inconclusive', checks: [], reasons: [reason] };
  }
  const counts = ({ predictions, failures }: Side) => ({
    events: failures,
    trials: predictions.length + failures,
  });
  const checks = [check('failures', newcombe(counts(model), counts(next), confidence), margins.failures)];
  const reasons: string[] = [];
  if (next.predictions.length > 0) {
    const options = { confidence, seed };
    checks.push(check('latency_ratio', latencyRatio(model, next, options), margins.latency_ratio));
    checks.push(check('score_psi', scoreShift(model, next, options), margins.score_psi));
    const [before, after] = [wrongOf(model), wrongOf(next)];
    const labelled = Math.min(before.trials, after.trials);
    if (labelled > 0 && labelled >= min_labels)
      checks.push(check('errors', newcombe(before, after, confidence), margins.errors));
    else if (min_labels === 0) reasons.push('no truth has arrived: quality is not judged');
    else {
      const missing = { value: Number.NaN, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
      checks.push({ name: 'errors', verdict: 'inconclusive', estimate: missing, margin: margins.errors });
    }
  }
  const verdicts = checks.map(({ verdict }) => verdict);
  const verdict = verdicts.includes('fail')
    ? 'fail'
    : verdicts.every((v) => v === 'pass')
      ? 'pass'
      : 'inconclusive';
  return { verdict, checks, reasons: [...checks.map(describeCheck), ...reasons] };
}

function check(name: StepCheck['name'], estimate: Estimate, margin: number): StepCheck {
  const verdict = estimate.high <= margin ? 'pass' : estimate.low > margin ? 'fail' : 'inconclusive';
  return { name, verdict, estimate, margin };
}

/** "latency_ratio 1.02 [0.97 – 1.10] within 2" */
function describeCheck({ name, verdict, estimate, margin }: StepCheck): string {
  if (Number.isNaN(estimate.value)) return `${name}: too few labels`;
  const said = { pass: 'within', fail: 'beyond', inconclusive: 'not told apart from' }[verdict];
  const [value, low, high] = [estimate.value, estimate.low, estimate.high].map((x) => x.toFixed(3));
  return `${name} ${value} [${low} – ${high}] ${said} ${margin}`;
}

function wrongOf({ predictions }: Side): { events: number; trials: number } {
  const labelled = predictions.filter(({ label }) => label !== undefined);
  return {
    events: labelled.filter((line) => line.label !== line.class).length,
    trials: labelled.length,
  };
}

interface DrawOptions {
  readonly confidence: number;
  readonly seed: number;
}

function latencyRatio(model: Side, next: Side, options: DrawOptions): Estimate {
  const of = ({ predictions }: Side) =>
    Float64Array.from(predictions, ({ latency_ms }) => latency_ms).slice(-SAMPLE);
  return bootstrapTwo(of(model), of(next), options, (a, b) => quantile(b) / quantile(a));
}

function quantile(sample: Float64Array): number {
  const sorted = sample.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(LATENCY_QUANTILE * sorted.length))]!;
}

/** Bands of a tenth: deciles would tell apart two forests whose many scores near 0 fall on different grids. */
const SCORE_BANDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** PSI of the new version's scores against the model's. */
function scoreShift(model: Side, next: Side, options: DrawOptions): Estimate {
  const of = ({ predictions }: Side) =>
    Float64Array.from(predictions, ({ probability }) => probability).slice(-SAMPLE);
  return bootstrapTwo(of(model), of(next), options, (a, b) =>
    populationStability(shareOfBins(a, SCORE_BANDS), shareOfBins(b, SCORE_BANDS)),
  );
}

/** Percentile bootstrap of a statistic of two samples that are drawn apart. */
function bootstrapTwo(
  a: Float64Array,
  b: Float64Array,
  { confidence, seed }: DrawOptions,
  statistic: (a: Float64Array, b: Float64Array) => number,
): Estimate {
  const draws = Float64Array.from({ length: ROUNDS }, (_, round) => {
    const { int } = random(seed, 'rollout', round);
    const redraw = (sample: Float64Array) => sample.map(() => sample[int(sample.length)]!);
    return statistic(redraw(a), redraw(b));
  }).sort();
  const at = (q: number) => draws[Math.round(q * (ROUNDS - 1))]!;
  return { value: statistic(a, b), low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}
