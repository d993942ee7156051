/** models/decisions.csv: retraining decisions, the no's too. */
import { csvParseRows } from 'd3-dsv';
import type { Project } from '../config/load.ts';
import { csvLine } from '../files/csv.ts';
import { appendLedger } from '../files/ledger.ts';
import { headsOf, ledgersOf, linesOf } from './catalogue.ts';

/** kept: retraining was decided, but the challenger did not beat the champion. */
export type DecisionEvent = 'yes' | 'no' | 'promoted' | 'kept';

export interface Decided {
  readonly time: string;
  readonly decision: DecisionEvent;
  readonly version: string;
  readonly reasons: string;
}

export function recordDecision(
  project: Project,
  decision: DecisionEvent,
  version: string,
  reasons: readonly string[],
  evidence: string,
): void {
  const { name, path, format } = ledgersOf(project).decisions;
  const time = new Date().toISOString();
  const cells = [time, decision, version, reasons.join('; '), evidence, headsOf(project, name)];
  appendLedger(path, format, [csvLine(cells)]);
}

/** Oldest first. */
export function readDecisions(project: Project): Decided[] {
  return linesOf(ledgersOf(project).decisions).map(({ body }) => {
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
