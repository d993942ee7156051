/** The latest predictions of one version, read from the API logs once, joined with the truth that has arrived. */
import { readFileSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { predictionLedgers } from '../registry/ledgers.ts';
import { readLabels } from '../serve/labels.ts';
import type { PredictionLine, RefusalLine } from '../serve/prediction-log.ts';

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

/** All logged predictions and refusals, oldest first. A torn last line was never answered and is skipped. */
export function readPredictionLogs(project: Project): {
  predictions: PredictionLine[];
  refusals: RefusalLine[];
} {
  const predictions: PredictionLine[] = [];
  const refusals: RefusalLine[] = [];
  for (const { path } of predictionLedgers(project)) {
    const lines = readFileSync(path, 'utf8').split('\n');
    lines.pop();
    for (const text of lines) {
      const line = JSON.parse(text) as PredictionLine | RefusalLine;
      if (line.request === SMOKE) continue;
      if (line.route === 'refused') refusals.push(line);
      else predictions.push(line);
    }
  }
  const byTime = (a: { time: string }, b: { time: string }) =>
    a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
  return { predictions: predictions.sort(byTime), refusals: refusals.sort(byTime) };
}

/** The last `size` predictions of a version. */
export function readWindow(project: Project, version: string, size: number): Window {
  const { predictions, refusals } = readPredictionLogs(project);
  const labels = readLabels(project);
  const recent = predictions.filter(({ model }) => model === version).slice(-size);
  const since = recent[0]?.time ?? '';
  return {
    predictions: recent.map((line) => ({ ...line, label: labels.get(line.id) })),
    refusals: refusals.filter(({ time, model }) => model === version && time >= since),
  };
}
