/** One prediction in the logs, by its id. */
import type { Project } from '../config/load.ts';
import { badInput, failed } from '../fault.ts';
import { readLedger } from '../files/ledger.ts';
import { predictionLedgers } from '../registry/ledgers.ts';
import { PREDICTION_ID } from '../serve/labels.ts';
import { type PredictionLine, predictionsIn } from '../serve/prediction-lines.ts';

export interface FoundPrediction {
  readonly line: PredictionLine;
  /** file:line */
  readonly place: string;
  /** What is wrong with the log's chain, if anything. */
  readonly problem: string | undefined;
}

export function findPrediction(project: Project, id: string | undefined, verb: string): FoundPrediction {
  if (!id || !PREDICTION_ID.test(id))
    throw badInput(`which prediction? make ${verb} ID=… (20 hexadecimal digits, from the answer or the log)`);
  for (const { path, format } of predictionLedgers(project)) {
    const { lines, problems } = readLedger(path, format);
    for (const { body, number } of lines) {
      if (!body.includes(`{"id":"${id}"`)) continue;
      const line = predictionsIn(JSON.parse(body)).find((prediction) => prediction.id === id);
      if (line !== undefined) return { line, place: `${path}:${number}`, problem: problems[0] };
    }
  }
  throw failed(`no log holds a prediction ${id}`);
}
