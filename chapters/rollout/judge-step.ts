/**
 * One step of a rollout: is the new version worse than the model by more than a margin? Each check is a non-inferiority
 * test: pass when the whole confidence interval lies within the margin, fail when it lies beyond, inconclusive otherwise.
 */
import { populationStability, shareOfBins } from '../../lib/measure/drift.ts';
import { newcombe } from '../../lib/measure/intervals.ts';
import { type Estimate, together, type Verdict } from '../../lib/numbers/estimate.ts';
import { random } from '../../lib/numbers/random.ts';
import type { Observed } from '../../lib/watch/window.ts';
import type { RolloutSettings } from './settings.ts';

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
  { min_requests, min_labels, confidence, margins }: RolloutSettings,
  model: Side,
  next: Side,
  seed: number,
): StepVerdict {
  const [ofModel, ofNext] = [requestsOf(model), requestsOf(next)];
  const answered = Math.min(ofModel.length, ofNext.length + next.failures);
  if (answered < min_requests) {
    const reason = `${ofNext.length} answers of the new version and ${ofModel.length} of the model, ${min_requests} of each are needed`;
    return { verdict: 'inconclusive', checks: [], reasons: [reason] };
  }
  const counts = (requests: readonly Request[], { failures }: Side) => ({
    events: failures,
    trials: requests.length + failures,
  });
  const failures = newcombe(counts(ofModel, model), counts(ofNext, next), confidence);
  const checks = [check('failures', failures, margins.failures)];
  const reasons: string[] = [];
  if (ofNext.length > 0 && ofModel.length > 0) {
    const options = { confidence, seed };
    checks.push(check('latency_ratio', latencyRatio(ofModel, ofNext, options), margins.latency_ratio));
    checks.push(check('score_psi', scoreShift(ofModel, ofNext, options), margins.score_psi));
    const [before, after] = [wrongOf(ofModel), wrongOf(ofNext)];
    const labelled = Math.min(before.trials, after.trials);
    if (labelled > 0 && labelled >= min_labels)
      checks.push(check('errors', newcombe(before, after, confidence), margins.errors));
    else if (min_labels === 0) reasons.push('no truth has arrived: quality is not judged');
    else {
      const missing = { value: Number.NaN, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
      checks.push({ name: 'errors', verdict: 'inconclusive', estimate: missing, margin: margins.errors });
    }
  }
  const verdict = together(checks.map((each) => each.verdict));
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

/** The rows that one request brought: they came together, so they are drawn together and count as one. */
type Request = readonly Observed[];

function requestsOf({ predictions }: Side): Request[] {
  const requests = new Map<string, Observed[]>();
  for (const line of predictions) {
    const key = line.list ?? line.id;
    const request = requests.get(key);
    if (request === undefined) requests.set(key, [line]);
    else request.push(line);
  }
  return [...requests.values()];
}

/** Labelled requests, and how many of them were wrong; a list is wrong in the share of its rows. */
function wrongOf(requests: readonly Request[]): { events: number; trials: number } {
  const shares = requests.flatMap((request) => {
    const labelled = request.filter(({ label }) => label !== undefined);
    if (labelled.length === 0) return [];
    return [labelled.filter((line) => line.label !== line.class).length / labelled.length];
  });
  return { events: shares.reduce((sum, share) => sum + share, 0), trials: shares.length };
}

interface DrawOptions {
  readonly confidence: number;
  readonly seed: number;
}

function latencyRatio(model: readonly Request[], next: readonly Request[], options: DrawOptions): Estimate {
  const at95 = (requests: readonly Request[]) =>
    quantile(Float64Array.from(requests, ([first]) => first!.latency_ms));
  return bootstrapTwo(model, next, options, (a, b) => at95(b) / at95(a));
}

function quantile(sample: Float64Array): number {
  const sorted = sample.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(LATENCY_QUANTILE * sorted.length))]!;
}

/** Bands of a tenth: deciles would tell apart two forests whose many scores near 0 fall on different grids. */
const SCORE_BANDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** PSI of the new version's scores against the model's; with more than two classes, of the classes given. */
function scoreShift(model: readonly Request[], next: readonly Request[], options: DrawOptions): Estimate {
  const classes = Object.keys(model[0]![0]!.probabilities ?? {});
  const shares = (requests: readonly Request[]) => {
    const rows = requests.flat();
    return classes.length === 0
      ? shareOfBins(
          Float64Array.from(rows, ({ probability }) => probability),
          SCORE_BANDS,
        )
      : classes.map((name) => rows.filter((row) => row.class === name).length / rows.length);
  };
  return bootstrapTwo(model, next, options, (a, b) => populationStability(shares(a), shares(b)));
}

/** Percentile bootstrap of a statistic of two samples of requests that are drawn apart, the latest of each. */
function bootstrapTwo(
  model: readonly Request[],
  next: readonly Request[],
  { confidence, seed }: DrawOptions,
  statistic: (a: readonly Request[], b: readonly Request[]) => number,
): Estimate {
  const [a, b] = [model.slice(-SAMPLE), next.slice(-SAMPLE)];
  const draws = Float64Array.from({ length: ROUNDS }, (_, round) => {
    const { int } = random(seed, 'rollout', round);
    const redraw = (sample: readonly Request[]) => sample.map(() => sample[int(sample.length)]!);
    return statistic(redraw(a), redraw(b));
  }).sort();
  const at = (q: number) => draws[Math.round(q * (ROUNDS - 1))]!;
  return { value: statistic(a, b), low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}
