/** What the servers logged, and of it the latest predictions of one version, joined with the truth that has arrived. */
import { readFileSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { predictionLedgers } from '../registry/ledgers.ts';
import { readLabels } from '../serve/labels.ts';
import {
  type LogLine,
  type PredictionLine,
  predictionsIn,
  type RefusalLine,
  type ShadowLine,
} from '../serve/prediction-lines.ts';

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

/** Requests that a smoke test made are not production. */
const SMOKE = 'smoke';

export interface PredictionLogs {
  readonly predictions: readonly PredictionLine[];
  /** Requests that were refused, and such that a model failed to answer. */
  readonly refusals: readonly RefusalLine[];
  readonly shadows: readonly ShadowLine[];
}

/** All that the servers logged, oldest first. A torn last line was never answered and is skipped. */
export function readPredictionLogs(project: Project): PredictionLogs {
  const predictions: PredictionLine[] = [];
  const refusals: RefusalLine[] = [];
  const shadows: ShadowLine[] = [];
  for (const { path } of predictionLedgers(project)) {
    const lines = readFileSync(path, 'utf8').split('\n');
    lines.pop();
    for (const text of lines) {
      const line = JSON.parse(text) as LogLine;
      if (line.route === 'shadow') shadows.push(line);
      else if (line.request === SMOKE) continue;
      else if ('problems' in line) refusals.push(line);
      else predictions.push(...predictionsIn(line));
    }
  }
  const byTime = (a: { time: string }, b: { time: string }) =>
    a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
  return {
    predictions: predictions.sort(byTime),
    refusals: refusals.sort(byTime),
    shadows: shadows.sort(byTime),
  };
}

/** The last `size` predictions of a version in the logs. */
export function readWindow(
  project: Project,
  { predictions, refusals }: PredictionLogs,
  version: string,
  size: number,
): Window {
  const labels = readLabels(project);
  const recent = predictions.filter(({ model }) => model === version).slice(-size);
  const since = recent[0]?.time ?? '';
  return {
    predictions: recent.map((line) => ({ ...line, label: labels.get(line.id) })),
    refusals: refusals.filter(({ time, model }) => model === version && time >= since),
  };
}
