/** Alerts on record: state changes in a chained ledger, the states between runs in a file beside it. */
import { spawn } from 'node:child_process';
import type { Project } from '../config/load.ts';
import { appendLedger, readLedger } from '../files/ledger.ts';
import { withLock } from '../files/lock.ts';
import { readIfThere, writeAtomic } from '../files/write.ts';
import { json } from '../registry/json.ts';
import { ledgersOf } from '../registry/ledgers.ts';
import type { MonitorReport } from '../watch/monitor.ts';
import type { PredictionLogs } from '../watch/window.ts';
import { type AlertChange, evaluateRules } from './rules.ts';
import { readSignals } from './signals.ts';
import { readStates, statesPath } from './states.ts';

const LOCK_MS = 10_000;

/** Looks at every rule once, records what changed and sets the webhook going; returns the changes. */
export function raiseAlerts(
  project: Project,
  report: MonitorReport,
  logs: PredictionLogs,
  now = new Date(),
): AlertChange[] {
  const { rules, webhook } = project.config.alerts;
  const signals = readSignals(project, report, logs, now);
  return withLock(`${statesPath(project)}.lock`, LOCK_MS, () => {
    const { changes, states } = evaluateRules(rules, signals, readStates(project), now);
    const { path, format } = ledgersOf(project).alerts;
    if (changes.length > 0)
      appendLedger(
        path,
        format,
        changes.map((change) => JSON.stringify(change)),
      );
    writeAtomic(statesPath(project), json(states));
    if (webhook.url !== '' && readChanges(project).length > deliveredCount(project)) startDelivery(project);
    return changes;
  });
}

export function readChanges(project: Project): AlertChange[] {
  const { path, format } = ledgersOf(project).alerts;
  return readLedger(path, format).lines.map(({ body }) => JSON.parse(body) as AlertChange);
}

function deliveredPath(project: Project): string {
  return project.path(project.config.paths.models, 'alerts_delivered.json');
}

/** How many lines of the ledger the webhook has had. */
export function deliveredCount(project: Project): number {
  const text = readIfThere(deliveredPath(project));
  return text === undefined ? 0 : (JSON.parse(text) as { delivered: number }).delivered;
}

export function writeDelivered(project: Project, delivered: number): void {
  writeAtomic(deliveredPath(project), json({ delivered }));
}

/** A process of its own, so that a webhook that does not answer holds nobody up. */
function startDelivery(project: Project): void {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  spawn(process.execPath, ['--import', 'tsx', 'scripts/watch-notify.ts'], {
    detached: true,
    stdio: 'ignore',
    env: { ...env, CONFIG: project.configPath },
  }).unref();
}
