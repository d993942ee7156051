/** What the alert rules look at, from a monitoring report, the logs and the last audit. */
import type { Project } from '../config/load.ts';
import { readLedger } from '../files/ledger.ts';
import { readIfThere } from '../files/write.ts';
import { readDeployments } from '../registry/deployments.ts';
import { ledgersOf } from '../registry/ledgers.ts';
import { verifyVersion } from '../registry/versions.ts';
import type { MonitorReport } from '../watch/monitor.ts';
import type { PredictionLogs } from '../watch/window.ts';
import type { Signals } from './rules.ts';

export function readSignals(
  project: Project,
  report: MonitorReport,
  { predictions }: PredictionLogs,
  now: Date,
): Signals {
  const { drift, error_rate, labels, latency_ms, refused, window } = report;
  const lastTraffic = predictions.at(-1)?.time ?? readDeployments(project)[0]?.time;
  const { path, format } = ledgersOf(project).labels;
  const lastLabel = readLedger(path, format).lines.at(-1)?.body.split(',').at(-1) ?? predictions[0]?.time;
  const since = (time: string | undefined, unit: number) =>
    time === undefined ? null : Math.max(0, (now.getTime() - Date.parse(time)) / unit);
  return {
    max_psi:
      window.rows === 0
        ? null
        : Math.max(0, ...drift.filter(({ verdict }) => verdict === 'drift').map(({ psi }) => psi)),
    error_rate: labels.count === 0 ? null : error_rate.production.low,
    latency_p95_ms: latency_ms?.p95 ?? null,
    refused_share:
      window.rows + refused.requests === 0 ? null : refused.requests / (window.rows + refused.requests),
    integrity_problems: verifyVersion(project, report.model).length + auditProblems(project),
    minutes_without_traffic: since(lastTraffic, 60_000),
    hours_without_labels: since(lastLabel, 3_600_000),
  };
}

/** Problems that the last make audit found. */
function auditProblems(project: Project): number {
  const text = readIfThere(project.path(project.config.paths.reports, 'audit.json'));
  return text === undefined ? 0 : (JSON.parse(text) as { problems: string[] }).problems.length;
}
