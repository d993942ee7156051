/**
 * Alarms that may be looked at for ever: a fold over blocks of what is new. A signal that is calm rings when the evidence that
 * it is beyond its limit reaches 1/α, and is calm again when the evidence that it is within does. The chance that it ever
 * rings falsely is at most α (Ville 1939).
 */
import { beginBlock, bet, NOTHING_WATCHED, type Watch, watchEvidence } from '../measure/betting.ts';
import { populationSize } from '../measure/drift.ts';
import { countBins } from '../measure/drift-reference.ts';
import { discoveries } from '../measure/false-discoveries.ts';
import { homogeneity } from '../measure/homogeneity.ts';
import type { LoadedVersion } from '../registry/load.ts';
import type { DriftReference } from '../train/frozen.ts';
import { columnOf, overconfidence } from './columns.ts';
import type { Limits } from './meaning.ts';
import type { Observed } from './window.ts';

/** Signals whose alarms are shown by what happened, not by a clock or a count. */
export const WATCHED = ['error_rate', 'calibration', 'refused_share', 'latency_p95_ms', 'max_psi'] as const;
export type WatchedSignal = (typeof WATCHED)[number];

export interface SignalState {
  readonly rings: boolean;
  /** Since when, where it does. */
  readonly since: string | null;
  /** What is bet: above its limit, or once it rings within it; of the calibration both ways. */
  readonly watches: readonly Watch[];
}

export interface Vigil {
  readonly version: string;
  readonly signals: Readonly<Record<WatchedSignal, SignalState>>;
  /** Rows in each frozen bin of each input that are too few yet to be looked at. */
  readonly pending: readonly (readonly number[])[];
}

const CALM: SignalState = { rings: false, since: null, watches: [] };

export function beginVigil(version: string): Vigil {
  return {
    version,
    signals: Object.fromEntries(WATCHED.map((signal) => [signal, CALM])) as Vigil['signals'],
    pending: [],
  };
}

/** What is new since the look before. */
export interface Block {
  readonly predictions: readonly Observed[];
  /** Predictions whose truth came. */
  readonly labelled: readonly Observed[];
  /** Answers and refusals in the order in which they came: whether each was refused. */
  readonly refused: readonly boolean[];
  readonly time: string;
}

/** A share of slow answers that a 95th percentile allows. */
const SLOW = 0.05;

export function keepVigil(
  vigil: Vigil,
  block: Block,
  loaded: Pick<LoadedVersion, 'signature'>,
  reference: Pick<DriftReference, 'inputs'>,
  limits: Limits,
  alpha: number,
): Vigil {
  const { predictions, labelled, refused, time } = block;
  const { outputs } = loaded.signature.output;
  const share = (signal: WatchedSignal, values: readonly number[], limit: number) =>
    watch(vigil.signals[signal], [shareBets(values, limit)], alpha, time);
  const off = labelled.map((line) => overconfidence(line, outputs));
  const { state, pending } = watchDrift(vigil, block, loaded, reference, limits.max_psi, alpha);
  return {
    version: vigil.version,
    signals: {
      error_rate: share(
        'error_rate',
        labelled.map((line) => Number(line.label !== line.class)),
        limits.error_rate,
      ),
      calibration: watch(
        vigil.signals.calibration,
        [
          meanBets(off, limits.calibration),
          meanBets(
            off.map((x) => -x),
            limits.calibration,
          ),
        ],
        alpha,
        time,
      ),
      refused_share: share('refused_share', refused.map(Number), limits.refused_share),
      latency_p95_ms: share(
        'latency_p95_ms',
        predictions.map(({ latency_ms }) => Number(latency_ms > limits.latency_p95_ms)),
        SLOW,
      ),
      max_psi: state,
    },
    pending,
  };
}

/** How a signal stands, for a person. */
export interface Alarm {
  readonly signal: WatchedSignal;
  readonly rings: boolean;
  readonly since: string | null;
  /** For a change of that: 1 is none, 1/α is enough. Null of drift, whose blocks are judged one by one. */
  readonly evidence: number | null;
}

export function alarmsOf({ signals }: Vigil): Alarm[] {
  return WATCHED.map((signal) => {
    const { rings, since, watches } = signals[signal];
    const evidence = Math.exp(Math.max(0, ...watches.map(watchEvidence)));
    return { signal, rings, since, evidence: signal === 'max_psi' ? null : evidence };
  });
}

interface Bets {
  /** Bet on being beyond the limit, and on being within; at least −1 each. */
  readonly beyond: readonly number[];
  readonly within: readonly number[];
}

/** Of values from 0 to 1. */
function shareBets(values: readonly number[], limit: number): Bets {
  const [low, high] = [Math.max(limit, 1e-6), Math.max(1 - limit, 1e-6)];
  return {
    beyond: values.map((x) => (x - limit) / low),
    within: values.map((x) => (limit - x) / high),
  };
}

/** Of values from −1 to 1, their mean against a limit on one side. */
function meanBets(values: readonly number[], limit: number): Bets {
  return {
    beyond: values.map((x) => (x - limit) / (1 + limit)),
    within: values.map((x) => (limit - x) / Math.max(1 - limit, 1e-6)),
  };
}

/** With several bets it rings for any of them, and is calm again when all say so. */
function watch(state: SignalState, bets: readonly Bets[], alpha: number, time: string): SignalState {
  if (bets[0]!.beyond.length === 0) return state;
  const watches = bets.map(({ beyond, within }, i) => {
    const values = state.rings ? within : beyond;
    return follow(state.watches[i] ?? NOTHING_WATCHED, values);
  });
  const enough = Math.log((state.rings ? 1 : bets.length) / alpha);
  const changes = state.rings
    ? watches.every(({ highest }) => highest >= enough)
    : watches.some(({ highest }) => highest >= enough);
  if (changes) return { rings: !state.rings, since: state.rings ? null : time, watches: [] };
  return { ...state, watches: watches.map(({ after }) => after) };
}

/** The highest evidence on the way counts: who would have stopped there would have had it. */
function follow(before: Watch, values: readonly number[]): { after: Watch; highest: number } {
  const { blocks, stakes } = beginBlock(before);
  let after = { blocks, stakes };
  let highest = watchEvidence(after);
  for (const value of values) {
    after = { blocks, stakes: bet(after.stakes, [value]) };
    highest = Math.max(highest, watchEvidence(after));
  }
  return { after, highest };
}

/** New rows that make a block for drift. */
const ROWS = 100;

/**
 * Blocks share one reference, so that what they say of drift does not multiply: the k-th may ring falsely with a chance of
 * α / (k (k + 1)), which sum to α whatever the blocks have in common.
 */
function watchDrift(
  { signals, pending }: Vigil,
  { predictions, time }: Block,
  { signature }: Pick<LoadedVersion, 'signature'>,
  { inputs }: Pick<DriftReference, 'inputs'>,
  limit: number,
  alpha: number,
): { state: SignalState; pending: Vigil['pending'] } {
  const state = signals.max_psi;
  const counts = inputs.map((input, f) => {
    const column = signature.inputs.find(({ name }) => name === input.name)!;
    const fresh = countBins(input, columnOf(predictions, column));
    const before = pending[f];
    return before === undefined ? fresh : fresh.map((count, bin) => count + before[bin]!);
  });
  const rows = (counts[0] ?? []).reduce((sum, count) => sum + count, 0);
  if (rows < ROWS) return { state, pending: counts };
  const [{ blocks }] = [...state.watches, NOTHING_WATCHED] as [Watch];
  const chances = counts.map((now, f) => homogeneity(inputs[f]!.counts, now));
  const isLarge = counts.map((now, f) => populationSize(inputs[f]!.counts, now, 1 - alpha).value >= limit);
  const level = state.rings ? alpha : alpha / ((blocks + 1) * (blocks + 2));
  const found = discoveries(chances, level);
  const next: SignalState = state.rings
    ? found.some(Boolean) || isLarge.some(Boolean)
      ? state
      : CALM
    : found.some((isFound, f) => isFound && isLarge[f])
      ? { rings: true, since: time, watches: [] }
      : { ...CALM, watches: [{ blocks: blocks + 1, stakes: [] }] };
  return { state: next, pending: [] };
}
