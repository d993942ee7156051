/** What the alert rules look at, from a monitoring, the logs and the last audit. */
import type { Monitored } from '../../lib/chapter.ts';
import type { Project } from '../../lib/project.ts';
import { readDeployments } from '../../lib/record/deployments.ts';
import { readLabels } from '../../lib/record/labels.ts';
import { lastAudit } from '../../lib/registry/audit.ts';
import { verifyVersion } from '../../lib/registry/versions.ts';
import type { Signals } from '../../lib/watch/meaning.ts';

export function readSignals(
  project: Project,
  { report, logs: { predictions } }: Pick<Monitored, 'report' | 'logs'>,
  now: Date,
): Signals {
  const { drift, error_rate, labels, latency_ms, refused, window } = report;
  const lastTraffic = predictions.at(-1)?.time ?? readDeployments(project.ledgers)[0]?.time;
  const lastLabel = readLabels(project.ledgers).last ?? predictions[0]?.time;
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
    integrity_problems:
      verifyVersion(project, report.model).length + (lastAudit(project.reports)?.problems.length ?? 0),
    minutes_without_traffic: since(lastTraffic, 60_000),
    hours_without_labels: since(lastLabel, 3_600_000),
  };
}
