/** labels.csv: the truth of predictions, when it arrives. */
import { csvParseRows } from 'd3-dsv';
import { csvLine } from '../files/csv.ts';
import { appendLedger } from '../files/ledger.ts';
import { retryBusy } from '../files/lock.ts';
import { type Ledgers, linesOf } from './catalogue.ts';

export const PREDICTION_ID = /^[0-9a-f]{20}$/;

export interface Label {
  readonly id: string;
  readonly label: string;
}

/** Puts labels on record; a server answers others while another program writes them. */
export async function appendLabels(
  { path, format }: Ledgers['labels'],
  labels: readonly Label[],
  time: string,
): Promise<void> {
  const lines = labels.map(({ id, label }) => csvLine([id, label, time]));
  await retryBusy((waitMs) => appendLedger(path, format, lines, waitMs));
}

export interface Labels {
  /** By prediction id; the last word said counts. */
  readonly truth: ReadonlyMap<string, string>;
  /** When the last of them came. */
  readonly last: string | undefined;
  /** Lines of the ledger. */
  readonly count: number;
  /** Whose truth came for the first time, after the lines asked for. */
  readonly fresh: readonly string[];
}

/** `after`: lines that were read before. */
export function readLabels(ledgers: Ledgers, after = 0): Labels {
  let last: string | undefined;
  const truth = new Map<string, string>();
  const fresh: string[] = [];
  const lines = linesOf(ledgers.labels);
  for (const [i, { body }] of lines.entries()) {
    const [id = '', label = '', time] = body.includes('"') ? csvParseRows(body)[0]! : body.split(',');
    if (i >= after && !truth.has(id)) fresh.push(id);
    truth.set(id, label);
    last = time;
  }
  return { truth, last, count: lines.length, fresh };
}
