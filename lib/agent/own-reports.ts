/** The agent's observation from this project's own monitoring: its history and its last report. */
import type { Project } from '../config/load.ts';
import { jsonLedger, readLedger } from '../files/ledger.ts';
import { readIfThere } from '../files/write.ts';
import { readPointers } from '../registry/pointer-files.ts';
import { type MonitorRun, monitorHistoryPath } from '../serve/status.ts';
import type { MonitorReport } from '../watch/monitor.ts';
import { checkPoints, type DriftSummary, type Observation } from './observe.ts';

export function observeOwnReports(project: Project): Observation {
  const path = monitorHistoryPath(project);
  const { champion, previous } = readPointers(project).aliases;
  // Figures of a version that is no longer live say nothing of the one that is.
  const lines = readLedger(path, jsonLedger)
    .lines.map(({ body, number }) => ({ place: `${path}:${number}`, value: JSON.parse(body) as MonitorRun }))
    .filter(({ value }) => champion === undefined || value.model === champion);
  const text = readIfThere(project.path(project.config.paths.reports, 'monitor.json'));
  return {
    ...checkPoints(lines),
    canRollBack: previous !== undefined,
    drift:
      text === undefined
        ? null
        : driftOf(JSON.parse(text) as MonitorReport, project.config.monitoring.psi_threshold),
  };
}

export function driftOf({ drift }: Pick<MonitorReport, 'drift'>, threshold: number): DriftSummary {
  return {
    threshold,
    overall_drift: drift.some(({ verdict }) => verdict === 'drift'),
    features: Object.fromEntries(drift.map(({ name, psi }) => [name, psi])),
  };
}
