/** The latest predictions of one version, joined with the truth that has arrived. */
import type { PredictionLine, RefusalLine } from '../record/prediction-lines.ts';
import type { PredictionLogs } from '../record/predictions.ts';

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
  truth: ReadonlyMap<string, string>,
): Observed[] {
  return predictions.map((line) => ({ ...line, label: truth.get(line.id) }));
}

const HOUR_MS = 3_600_000;

/** The last `size` predictions of a version in the logs, and the last that were made so many hours before `now`. */
export function windowOf(
  { predictions, refusals }: PredictionLogs,
  truth: ReadonlyMap<string, string>,
  version: string,
  size: number,
  delayHours = 0,
  now = new Date(),
): Window {
  const own = predictions.filter(({ model }) => model === version);
  const recent = own.slice(-size);
  const until = new Date(now.getTime() - delayHours * HOUR_MS).toISOString();
  const old = delayHours === 0 ? recent : own.filter(({ time }) => time <= until).slice(-size);
  const since = recent[0]?.time ?? '';
  return {
    predictions: observe(recent, truth),
    judged: observe(old, truth),
    refusals: refusals.filter(({ time, model }) => model === version && time >= since),
  };
}
