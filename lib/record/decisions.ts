/** models/decisions.csv: retraining decisions, the no's too. */
import { appendRows, headsOf, type Ledgers, rowsOf } from './catalogue.ts';

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
  const { decisions } = ledgers;
  const time = new Date().toISOString();
  const cells = [time, decision, version, reasons.join('; '), evidence, headsOf(ledgers, decisions.name)];
  appendRows(decisions, [cells]);
}

/** Oldest first. */
export function readDecisions(ledgers: Ledgers): Decided[] {
  return rowsOf(ledgers.decisions).map(([time = '', decision = '', version = '', reasons = '']) => ({
    time,
    decision: decision as DecisionEvent,
    version,
    reasons,
  }));
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
