/** Alerts on record: state changes in a chained ledger, the states between runs in a file beside it. */
import { spawn } from 'node:child_process';
import * as v from 'valibot';
import type { Monitored, MonitoredPart } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { parseFile } from '../../lib/files/json-file.ts';
import { appendLedger } from '../../lib/files/ledger.ts';
import { withLock } from '../../lib/files/lock.ts';
import { programPath } from '../../lib/files/program.ts';
import { json, readIfThere, writeAtomic } from '../../lib/files/write.ts';
import type { Project } from '../../lib/project.ts';
import { limitsFor } from '../../lib/watch/meaning.ts';
import { describeChange, evaluateRules } from './rules.ts';
import { alertsSection } from './settings.ts';
import { readSignals } from './signals.ts';
import { alertLedger, readChanges, readStates, statesPath } from './states.ts';

const LOCK_MS = 10_000;

/** Looks at every rule once, records what changed and sets the webhook going; says the changes. */
export function raiseAlerts(project: Project, seen: Monitored, now = new Date()): MonitoredPart {
  const { rules, webhook } = sectionOf(project.config, alertsSection);
  const limits = limitsFor(project.config.monitoring.limits, seen.report.error_rate.training);
  const signals = readSignals(project, seen, limits, now);
  const changes = withLock(`${statesPath(project)}.lock`, LOCK_MS, () => {
    const { changes, states } = evaluateRules(rules, limits, signals, readStates(project), now);
    const { path, format } = alertLedger(project);
    if (changes.length > 0)
      appendLedger(
        path,
        format,
        changes.map((change) => JSON.stringify(change)),
      );
    writeAtomic(statesPath(project), json(states));
    return changes;
  });
  if (webhook.url !== '' && readChanges(project).length > deliveredCount(project)) startDelivery(project);
  return { said: changes.map((change) => ['alert', describeChange(change)] as const) };
}

function deliveredPath(project: Project): string {
  return project.path(project.config.paths.models, 'alerts_delivered.json');
}

const deliveredSchema = v.object({ delivered: v.pipe(v.number(), v.integer(), v.minValue(0)) });

/** How many lines of the ledger the webhook has had. */
export function deliveredCount(project: Project): number {
  const path = deliveredPath(project);
  const text = readIfThere(path);
  return text === undefined ? 0 : parseFile(path, text, deliveredSchema).delivered;
}

export function writeDelivered(project: Project, delivered: number): void {
  writeAtomic(deliveredPath(project), json({ delivered }));
}

/** A process of its own, so that a webhook that does not answer holds nobody up. */
function startDelivery(project: Project): void {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  spawn(process.execPath, [programPath('alerts-deliver')], {
    detached: true,
    stdio: 'ignore',
    env: { ...env, CONFIG: project.configPath },
  }).unref();
}
