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

/** The last `size` predictions of a version in the logs. */
export function windowOf(
  { predictions, refusals }: PredictionLogs,
  truth: ReadonlyMap<string, string>,
  version: string,
  size: number,
): Window {
  const recent = predictions.filter(({ model }) => model === version).slice(-size);
  const since = recent[0]?.time ?? '';
  return {
    predictions: observe(recent, truth),
    refusals: refusals.filter(({ time, model }) => model === version && time >= since),
  };
}
