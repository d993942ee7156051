/** The agent's observation from this project's own monitoring: its history and its last report. */
import type { Project } from '../../lib/project.ts';
import { lastReport, readRuns } from '../../lib/record/monitoring.ts';
import { readPointers } from '../../lib/registry/pointer-files.ts';
import type { MonitorReport } from '../../lib/watch/monitor.ts';
import { formatPercent } from '../../lib/words.ts';
import { checkPoints, type DriftSummary, type Observation } from './observe.ts';

export function observeOwnReports(project: Project): Observation {
  const { champion, previous } = readPointers(project).aliases;
  // Figures of a version that is no longer live say nothing of the one that is.
  const runs = readRuns(project.ledgers).filter(({ model }) => champion === undefined || model === champion);
  const text = lastReport(project.ledgers, project.reports);
  const { psi_threshold } = project.config.monitoring;
  const report = text === undefined ? undefined : (JSON.parse(text) as MonitorReport);
  return {
    ...checkPoints(runs.map((value) => ({ place: value.place, value }))),
    canRollBack: previous !== undefined,
    worse: report !== undefined && report.model === champion ? worseIn(report) : [],
    drift: report === undefined ? null : driftOf(report, psi_threshold),
  };
}

function worseIn({ harm, error_rate: { production, training, verdict } }: MonitorReport): string[] {
  return [
    ...(harm?.verdict === 'fail'
      ? [
          `${harm.metric} is worse than in training, ${harm.production.toFixed(3)} against ${harm.training.toFixed(3)}`,
        ]
      : []),
    ...(verdict === 'fail'
      ? [
          `more errors than in training, ${formatPercent(production.value)} against ${formatPercent(training.value)}`,
        ]
      : []),
  ];
}

export function driftOf({ drift }: Pick<MonitorReport, 'drift'>, threshold: number): DriftSummary {
  return {
    threshold,
    overall_drift: drift.some(({ verdict }) => verdict === 'drift'),
    features: Object.fromEntries(drift.map(({ name, size }) => [name, size.value])),
  };
}
