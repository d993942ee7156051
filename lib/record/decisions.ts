/** models/decisions.csv: retraining decisions, the no's too. */
import { csvParseRows } from 'd3-dsv';
import { csvLine } from '../files/csv.ts';
import { appendLedger } from '../files/ledger.ts';
import { headsOf, type Ledgers, linesOf } from './catalogue.ts';

/** kept: retraining was decided, but the challenger did not beat the champion. */
export type DecisionEvent = 'yes' | 'no' | 'promoted' | 'kept';

export interface Decided {
  readonly time: string;
  readonly decision: DecisionEvent;
  readonly version: string;
  readonly reasons: string;
}

export function recordDecision(
  ledgers: Ledgers,
  decision: DecisionEvent,
  version: string,
  reasons: readonly string[],
  evidence: string,
): void {
  const { name, path, format } = ledgers.decisions;
  const time = new Date().toISOString();
  const cells = [time, decision, version, reasons.join('; '), evidence, headsOf(ledgers, name)];
  appendLedger(path, format, [csvLine(cells)]);
}

/** Oldest first. */
export function readDecisions(ledgers: Ledgers): Decided[] {
  return linesOf(ledgers.decisions).map(({ body }) => {
    const [time, decision, version, reasons] = csvParseRows(body)[0]!;
    return { time: time!, decision: decision as DecisionEvent, version: version!, reasons: reasons! };
  });
}

/**
 * Hours since a retraining ended, with a promotion or without; undefined if none did. What is dated in the future was
 * written by a clock that was wrong, and counts for nothing.
 */
export function hoursSinceRetraining(decisions: readonly Decided[], now = Date.now()): number | undefined {
  const last = decisions
    .filter(({ decision, time }) => ['promoted', 'kept'].includes(decision) && Date.parse(time) <= now)
    .at(-1);
  return last === undefined ? undefined : (now - Date.parse(last.time)) / 3_600_000;
}
