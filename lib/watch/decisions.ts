/** The ledger of retraining decisions, the no's too. */
import type { Project } from '../config/load.ts';
import { csvLine } from '../files/csv.ts';
import { appendLedger, readLedger } from '../files/ledger.ts';
import { headsOf, ledgersOf } from '../registry/ledgers.ts';

/** kept: retraining was decided, but the challenger did not beat the champion. */
export type DecisionEvent = 'yes' | 'no' | 'promoted' | 'kept';

export function recordDecision(
  project: Project,
  decision: DecisionEvent,
  version: string,
  reasons: readonly string[],
  evidence: string,
): void {
  const { name, path, format } = ledgersOf(project).decisions;
  const cells = [
    new Date().toISOString(),
    decision,
    version,
    reasons.join('; '),
    evidence,
    headsOf(project, name),
  ];
  appendLedger(path, format, [csvLine(cells)]);
}

/** Hours since a retraining ended, with a promotion or without; undefined if none did. */
export function hoursSinceRetraining(project: Project, now = Date.now()): number | undefined {
  const { path, format } = ledgersOf(project).decisions;
  const last = readLedger(path, format)
    .lines.filter(({ body }) => ['promoted', 'kept'].includes(body.split(',')[1]!))
    .at(-1);
  return last === undefined ? undefined : (now - Date.parse(last.body.split(',')[0]!)) / 3_600_000;
}
