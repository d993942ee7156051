/** labels.csv: the truth of predictions, when it arrives; a ledger, since retraining rests on it. */
import { csvParseRows } from 'd3-dsv';
import type { Project } from '../config/load.ts';
import { csvLine } from '../files/csv.ts';
import { appendLedger, readLedger } from '../files/ledger.ts';
import { LABELS_LEDGER, ledgersOf } from '../registry/ledgers.ts';

export const PREDICTION_ID = /^[0-9a-f]{20}$/;

export interface Label {
  readonly id: string;
  readonly label: string;
}

export function appendLabels(path: string, labels: readonly Label[], time: string): void {
  appendLedger(
    path,
    LABELS_LEDGER,
    labels.map(({ id, label }) => csvLine([id, label, time])),
  );
}

/** Label by prediction id; the last one said counts. */
export function readLabels(project: Project): Map<string, string> {
  const { path, format } = ledgersOf(project).labels;
  const { lines } = readLedger(path, format);
  return new Map(lines.map(({ body }) => csvParseRows(body)[0]!.slice(0, 2) as [string, string]));
}
