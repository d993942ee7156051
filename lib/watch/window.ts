/** The latest predictions of one version, joined with the truth that has arrived. */
import type { Ledgers } from '../record/catalogue.ts';
import type { PredictionLine, RefusalLine } from '../record/events.ts';
import { recentPredictions } from '../record/predictions.ts';
import type { Stream } from '../record/stream.ts';
import { type Truth, truthOf } from '../record/truth.ts';

export interface Observed extends PredictionLine {
  /** The true class, where it is known. */
  readonly label: string | undefined;
}

export interface Window {
  /** Oldest first. */
  readonly predictions: readonly Observed[];
  /** The latest of those that are old enough for their truth to be there; what is not labelled of them is missing. */
  readonly judged: readonly Observed[];
  /** Requests refused since the oldest of these predictions. */
  readonly refusals: readonly RefusalLine[];
}

/** Predictions with their truth, by id. */
export function observe(
  predictions: readonly PredictionLine[],
  truth: ReadonlyMap<string, Pick<Truth, 'label'>>,
): Observed[] {
  return predictions.map((line) => ({ ...line, label: truth.get(line.id)?.label }));
}

const HOUR_MS = 3_600_000;

/** The last `size` predictions of a version, and the last that were made so many hours before `now`. */
export function readWindow(
  ledgers: Ledgers,
  stream: Stream,
  version: string,
  { size, delayHours }: { readonly size: number; readonly delayHours: number },
  now = new Date(),
): Window {
  const versions = [version];
  const recent = recentPredictions(stream, { versions, size });
  const until = new Date(now.getTime() - delayHours * HOUR_MS).toISOString();
  const old = delayHours === 0 ? recent : recentPredictions(stream, { versions, size, until });
  const ids = [...recent.predictions, ...old.predictions].map(({ id }) => id);
  const truth = truthOf(ledgers, ids);
  return {
    predictions: observe(recent.predictions, truth),
    judged: observe(old.predictions, truth),
    refusals: recent.refusals,
  };
}
