/** labels.csv: the truth of predictions, when it arrives; a ledger, since retraining rests on it. */
import { csvParseRows } from 'd3-dsv';
import * as v from 'valibot';
import type { Project } from '../config/load.ts';
import { csvLine } from '../files/csv.ts';
import { appendLedger, readLedger } from '../files/ledger.ts';
import { retryBusy } from '../files/lock.ts';
import { LABELS_LEDGER, ledgersOf } from '../registry/ledgers.ts';

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

/** Puts labels on record; a server answers others while another program writes them. */
export async function appendLabels(path: string, labels: readonly Label[], time: string): Promise<void> {
  const lines = labels.map(({ id, label }) => csvLine([id, label, time]));
  await retryBusy((waitMs) => appendLedger(path, LABELS_LEDGER, lines, waitMs));
}

/** Label by prediction id; the last one said counts. */
export function readLabels(project: Project): Map<string, string> {
  const { path, format } = ledgersOf(project).labels;
  const { lines } = readLedger(path, format);
  return new Map(lines.map(({ body }) => csvParseRows(body)[0]!.slice(0, 2) as [string, string]));
}
