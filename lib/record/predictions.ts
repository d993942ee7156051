/** What the servers put on record, read back: the one reader of predictions, refusals, shadow scores and sensitive columns. */
import { badInput, failed } from '../fault.ts';
import { readLedger } from '../files/ledger.ts';
import { type Ledgers, linesOf, logsIn } from './catalogue.ts';
import { PREDICTION_ID } from './labels.ts';
import {
  type Fields,
  type LogLine,
  type PredictionLine,
  predictionsIn,
  type RefusalLine,
  type ShadowLine,
} from './prediction-lines.ts';

/** Requests that a smoke test made are not production. */
const SMOKE = 'smoke';

/** Lines by file: what was read up to there. */
export type Positions = Readonly<Record<string, number>>;

export interface PredictionLogs {
  readonly predictions: readonly PredictionLine[];
  /** Requests that were refused, and such that a model failed to answer. */
  readonly refusals: readonly RefusalLine[];
  readonly shadows: readonly ShadowLine[];
  /** Of these, what came after the positions asked for. */
  readonly fresh: {
    readonly predictions: readonly PredictionLine[];
    readonly refusals: readonly RefusalLine[];
  };
  readonly positions: Positions;
}

/** All that the servers logged, oldest first. A torn last line was never answered and is skipped. */
export function readPredictionLogs(ledgers: Ledgers, after: Positions = {}): PredictionLogs {
  const predictions: PredictionLine[] = [];
  const refusals: RefusalLine[] = [];
  const shadows: ShadowLine[] = [];
  const fresh: { predictions: PredictionLine[]; refusals: RefusalLine[] } = { predictions: [], refusals: [] };
  const positions: Record<string, number> = {};
  for (const log of logsIn(ledgers, 'predictions')) {
    const lines = linesOf(log);
    positions[log.path] = lines.length;
    for (const [i, { body }] of lines.entries()) {
      const line = JSON.parse(body) as LogLine;
      if (line.route === 'shadow') {
        shadows.push(line);
        continue;
      }
      if (line.request === SMOKE) continue;
      const isFresh = i >= (after[log.path] ?? 0);
      if ('problems' in line) {
        refusals.push(line);
        if (isFresh) fresh.refusals.push(line);
      } else {
        const rows = predictionsIn(line);
        predictions.push(...rows);
        if (isFresh) fresh.predictions.push(...rows);
      }
    }
  }
  const byTime = (a: { time: string }, b: { time: string }) =>
    a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
  return {
    predictions: predictions.sort(byTime),
    refusals: refusals.sort(byTime),
    shadows: shadows.sort(byTime),
    fresh,
    positions,
  };
}

/** The sensitive columns that came with requests, by the prediction's id. */
export function readSensitive(ledgers: Ledgers): Map<string, Fields> {
  return new Map(
    logsIn(ledgers, 'sensitive')
      .flatMap((log) => linesOf(log))
      .map(({ body }) => {
        const { id, sensitive } = JSON.parse(body) as { id: string; sensitive: Fields };
        return [id, sensitive];
      }),
  );
}

export interface FoundPrediction {
  readonly line: PredictionLine;
  /** file:line */
  readonly place: string;
  /** What is wrong with the log's chain, if anything. */
  readonly problem: string | undefined;
}

/** One prediction in the logs, by its id; a damaged log is read as far as it can be. */
export function findPrediction(ledgers: Ledgers, id: string): FoundPrediction {
  if (!PREDICTION_ID.test(id))
    throw badInput(`ID=${id}  is the id of no prediction: 20 hexadecimal digits, from the answer or the log`);
  for (const { path, format } of logsIn(ledgers, 'predictions')) {
    const { lines, problems } = readLedger(path, format);
    const at = lines.find(({ body }) => body.includes(`{"id":"${id}"`));
    if (at === undefined) continue;
    const line = predictionsIn(parsed(at.body)).find((prediction) => prediction.id === id);
    if (line !== undefined) return { line, place: `${path}:${at.number}`, problem: problems[0]?.text };
  }
  throw failed(`no log holds a prediction ${id}`);
}

/** A line of a damaged log may be no JSON. */
function parsed(body: string): LogLine {
  try {
    return JSON.parse(body) as LogLine;
  } catch {
    return { route: 'refused', id: '', time: '', model: '', problems: [] };
  }
}
