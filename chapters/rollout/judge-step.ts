/**
 * One step of a rollout: is the new version worse than the model by more than a margin? What both did at the same time is bet
 * on, in pairs of requests: pass when the evidence that it is within the margin is 1/α, fail when the evidence that it is
 * beyond is, inconclusive until then. However often it is looked at, a wrong word comes with a chance of at most α.
 */
import { bet, evidence, NO_STAKES, type Stakes, valuesMore } from '../../lib/measure/betting.ts';
import { populationSize } from '../../lib/measure/drift.ts';
import { countBins } from '../../lib/measure/drift-reference.ts';
import { together, type Verdict } from '../../lib/numbers/estimate.ts';
import { formatCount } from '../../lib/words.ts';
import { pairUp, type Request, requestsOf, type Side } from './evidence.ts';
import type { RolloutSettings } from './settings.ts';

export interface StepCheck {
  readonly name: 'failures' | 'latency' | 'score_psi' | 'errors';
  readonly verdict: Verdict;
  /** In words, for the deployment log. */
  readonly said: string;
}

export interface StepVerdict {
  readonly verdict: Verdict;
  readonly checks: readonly StepCheck[];
  readonly reasons: readonly string[];
}

/** `model` and `next` hold what happened since the rollout began, `answered` how many requests of each since this step did. */
export function judgeStep(
  settings: RolloutSettings,
  model: Side,
  next: Side,
  answered: { readonly model: number; readonly next: number },
): StepVerdict {
  const { min_requests, confidence, margins, unjudged_quality } = settings;
  if (Math.min(answered.model, answered.next) < min_requests) {
    const reason = `${formatCount(answered.next)} requests to the new version and ${formatCount(answered.model)} to the model, ${min_requests} of each are needed`;
    return { verdict: 'inconclusive', checks: [], reasons: [reason] };
  }
  const alpha = (1 - confidence) / 2;
  const [ofModel, ofNext] = [requestsOf(model), requestsOf(next)];
  const pairs = pairUp(ofModel, ofNext);
  const checks = [
    compareShares('failures', pairs, ({ failed }) => (failed ? 1 : 0), margins.failures, alpha),
  ];
  const isAnswered = ({ failed }: Request) => !failed;
  const bothAnswered = pairUp(ofModel.filter(isAnswered), ofNext.filter(isAnswered));
  if (bothAnswered.length > 0) {
    checks.push(compareLatency(bothAnswered, margins.latency_ratio, alpha));
    // As many looks as the steps and their patience allow, since an interval knows of one alone.
    const looks = settings.steps.length * (settings.patience + 1);
    checks.push(compareScores(bothAnswered, margins.score_psi, 1 - (1 - confidence) / looks));
  }
  const isLabelled = ({ wrong }: Request) => wrong !== undefined;
  const labelled = pairUp(ofModel.filter(isLabelled), ofNext.filter(isLabelled));
  const reasons: string[] = [];
  if (labelled.length > 0)
    checks.push(compareShares('errors', labelled, ({ wrong }) => wrong!, margins.errors, alpha));
  else if (unjudged_quality === 'pass')
    reasons.push('quality is unjudged: no truth has arrived, and unjudged_quality lets it pass');
  else
    checks.push({
      name: 'errors',
      verdict: 'inconclusive',
      said: 'quality is unjudged: no truth of either has arrived',
    });
  const verdict = together(checks.map((each) => each.verdict));
  return { verdict, checks, reasons: [...checks.map(({ said }) => said), ...reasons] };
}

type Pairs = readonly (readonly [model: Request, next: Request])[];

/** Worse: the new version's share is above (1 + relative) × the model's + absolute. */
function compareShares(
  name: 'failures' | 'errors',
  pairs: Pairs,
  shareOf: (request: Request) => number,
  { relative, absolute }: RolloutSettings['margins']['errors'],
  alpha: number,
): StepCheck {
  const factor = 1 + relative;
  const beyond = pairs.map(([a, b]) => shareOf(b) - factor * shareOf(a) - absolute);
  const mean = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + shareOf(pair[side]), 0) / pairs.length;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const margin = `${factor} × the model's + ${percent(absolute)}`;
  return decide(name, beyond, { low: factor + absolute, high: 1 - absolute }, alpha, (verdict) => {
    const said = { pass: 'within', fail: 'beyond', inconclusive: 'not told apart from' }[verdict];
    return `${name} ${percent(mean(1))} against ${percent(mean(0))}, ${said} ${margin}`;
  });
}

const SLOW = 0.05;
/** Requests of the model before its slow ones are known, and the latest by which they are. */
const WARM_UP = 20;
const LATEST = 200;

/**
 * Worse: more of the new version's requests take longer than the ratio × what all but a twentieth of the model's latest took,
 * than of the model's own take longer than that.
 */
function compareLatency(pairs: Pairs, ratio: number, alpha: number): StepCheck {
  const sorted: number[] = [];
  const beyond: number[] = [];
  for (const [i, [a, b]] of pairs.entries()) {
    if (sorted.length >= WARM_UP) {
      const slow = sorted[Math.floor((1 - SLOW) * sorted.length)]!;
      beyond.push(Number(b.latency_ms! > ratio * slow) - Number(a.latency_ms! > slow));
    }
    sorted.splice(placeOf(sorted, a.latency_ms!), 0, a.latency_ms!);
    if (i >= LATEST) sorted.splice(placeOf(sorted, pairs[i - LATEST]![0].latency_ms!) - 1, 1);
  }
  const at95 = (side: 0 | 1) => {
    const own = Float64Array.from(pairs, (pair) => pair[side].latency_ms!).sort();
    return own[Math.min(own.length - 1, Math.floor((1 - SLOW) * own.length))]!;
  };
  return decide('latency', beyond, { low: 1, high: 1 }, alpha, (verdict) => {
    const said = { pass: 'within', fail: 'beyond', inconclusive: 'not told apart from' }[verdict];
    return `latency p95 ${at95(1).toFixed(2)} ms against ${at95(0).toFixed(2)}, ${said} ${ratio} ×`;
  });
}

/** How many of the ascending numbers are at most the value. */
function placeOf(sorted: readonly number[], value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! <= value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Values from −low to high: bet on being above 0 in the mean, and below. */
function decide(
  name: StepCheck['name'],
  values: readonly number[],
  { low, high }: { readonly low: number; readonly high: number },
  alpha: number,
  say: (verdict: Verdict) => string,
): StepCheck {
  const worse = reachOf(
    values.map((value) => value / low),
    alpha,
  );
  const fine = reachOf(
    values.map((value) => -value / high),
    alpha,
  );
  // Whichever came first; both cannot be but by a chance of α.
  const verdict: Verdict =
    worse.at < fine.at ? 'fail' : fine.at < Number.POSITIVE_INFINITY ? 'pass' : 'inconclusive';
  if (verdict !== 'inconclusive') return { name, verdict, said: say(verdict) };
  const more = Math.min(
    ...[worse.stakes, fine.stakes].map((s) => valuesMore(s, values.length, alpha) ?? Infinity),
  );
  const when =
    more === Number.POSITIVE_INFINITY
      ? 'no number of requests in sight would decide it'
      : `about ${formatCount(round(more))} requests more of each would decide it`;
  return { name, verdict, said: `${say(verdict)}: ${when}` };
}

/** After how many values the evidence first reached 1/α, and what there is in the end. */
function reachOf(values: readonly number[], alpha: number): { at: number; stakes: Stakes } {
  let stakes = NO_STAKES;
  let at = Number.POSITIVE_INFINITY;
  for (const [i, value] of values.entries()) {
    stakes = bet(stakes, [value]);
    if (at === Number.POSITIVE_INFINITY && evidence(stakes) >= Math.log(1 / alpha)) at = i;
  }
  return { at, stakes };
}

/** To two figures. */
function round(x: number): number {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, x))) - 1);
  return Math.ceil(x / scale) * scale;
}

/** Bands of a tenth: deciles would tell apart two forests whose many scores near 0 fall on different grids. */
const SCORE_BANDS = { points: [], edges: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] };

/** PSI of the new version's scores against the model's; with more than two classes, of the classes given. */
function compareScores(pairs: Pairs, margin: number, confidence: number): StepCheck {
  const classes = Object.keys(pairs[0]![0].rows[0]!.probabilities ?? {});
  const counts = (side: 0 | 1) => {
    const rows = pairs.flatMap((pair) => pair[side].rows);
    return classes.length === 0
      ? countBins(
          SCORE_BANDS,
          Float64Array.from(rows, ({ probability }) => probability),
        )
      : classes.map((name) => rows.filter((row) => row.class === name).length);
  };
  const { value, low, high } = populationSize(counts(0), counts(1), confidence);
  const verdict: Verdict = high <= margin ? 'pass' : low > margin ? 'fail' : 'inconclusive';
  const said = { pass: 'within', fail: 'beyond', inconclusive: 'not told apart from' }[verdict];
  return {
    name: 'score_psi',
    verdict,
    said: `score PSI ${value.toFixed(3)} [${low.toFixed(3)} – ${high.toFixed(3)}] ${said} ${margin}`,
  };
}
