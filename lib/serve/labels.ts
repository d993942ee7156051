/** labels.csv: the truth of predictions, when it arrives; a ledger, since retraining rests on it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { csvParseRows } from 'd3-dsv';
import * as v from 'valibot';
import type { Project } from '../config/load.ts';
import { BUSY, Fault } from '../fault.ts';
import { csvLine } from '../files/csv.ts';
import { appendLedger, readLedger } from '../files/ledger.ts';
import { LABELS_LEDGER, ledgersOf } from '../registry/ledgers.ts';

const PATIENCE_MS = 10_000;

export const PREDICTION_ID = /^[0-9a-f]{20}$/;

/** One label of POST /feedback: a class of the model, as text or as the number that it looks like. */
export function feedbackSchema(classes: readonly string[]) {
  const must = `must be one of ${classes.join(', ')}`;
  return v.strictObject({
    id: v.pipe(
      v.string('must be the id of a prediction'),
      v.regex(PREDICTION_ID, 'must be the id of a prediction'),
    ),
    label: v.pipe(v.union([v.string(), v.number()], must), v.transform(String), v.picklist(classes, must)),
  });
}

export interface Label {
  readonly id: string;
  readonly label: string;
}

/**
 * Puts labels on record. While another program writes them it tries again and again, so that a server answers others
 * meanwhile; fails with exit code 75 after ten seconds.
 */
export async function appendLabels(path: string, labels: readonly Label[], time: string): Promise<void> {
  const lines = labels.map(({ id, label }) => csvLine([id, label, time]));
  for (const start = Date.now(); ; ) {
    try {
      appendLedger(path, LABELS_LEDGER, lines, 0);
      return;
    } catch (error) {
      if (!(error instanceof Fault && error.code === BUSY) || Date.now() - start > PATIENCE_MS) throw error;
      await sleep(5);
    }
  }
}

/** Label by prediction id; the last one said counts. */
export function readLabels(project: Project): Map<string, string> {
  const { path, format } = ledgersOf(project).labels;
  const { lines } = readLedger(path, format);
  return new Map(lines.map(({ body }) => csvParseRows(body)[0]!.slice(0, 2) as [string, string]));
}
