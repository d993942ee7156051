/** What the alert rules look at, from a monitoring, the logs and the last audit. */
import type { Monitored } from '../../lib/chapter.ts';
import type { Signal } from '../../lib/config/schema.ts';
import type { Project } from '../../lib/project.ts';
import { readDeployments } from '../../lib/record/deployments.ts';
import { lastAudit } from '../../lib/registry/audit.ts';
import { verifyVersion } from '../../lib/registry/versions.ts';
import { isBeyond, type Limits, type Reading, type Signals } from '../../lib/watch/meaning.ts';
import type { WatchedSignal } from '../../lib/watch/vigil.ts';

export function readSignals(
  project: Project,
  { report, vigil, lastLabel, signals }: Pick<Monitored, 'report' | 'vigil' | 'lastLabel' | 'signals'>,
  limits: Limits,
  now: Date,
): Signals {
  const { drift, error_rate, calibration, labels, latency_ms, refused, window } = report;
  const lastTraffic = window.to ?? readDeployments(project.ledgers)[0]?.time;
  const since = (time: string | undefined, unit: number) =>
    time === undefined ? null : Math.max(0, (now.getTime() - Date.parse(time)) / unit);
  /** What rings is what the evidence says; the value is that of the window. */
  const watched = (signal: WatchedSignal, value: number | null): Reading => ({
    value,
    beyond: value === null ? undefined : vigil.signals[signal].rings,
  });
  const counted = (signal: Exclude<Signal, WatchedSignal>, value: number | null): Reading => ({
    value,
    beyond: isBeyond(signal, value, limits),
  });
  const requests = window.rows + refused.requests;
  return {
    max_psi: watched(
      'max_psi',
      window.rows === 0 ? null : Math.max(0, ...drift.map(({ size }) => size.value)),
    ),
    error_rate: watched('error_rate', labels.count === 0 ? null : error_rate.production.value),
    calibration: watched('calibration', calibration === null ? null : Math.abs(calibration.value)),
    latency_p95_ms: watched('latency_p95_ms', latency_ms?.p95 ?? null),
    refused_share: watched('refused_share', requests === 0 ? null : refused.requests / requests),
    integrity_problems: counted(
      'integrity_problems',
      verifyVersion(project, report.model).length + (lastAudit(project.reports)?.problems.length ?? 0),
    ),
    minutes_without_traffic: counted('minutes_without_traffic', since(lastTraffic, 60_000)),
    hours_without_labels: counted(
      'hours_without_labels',
      since(lastLabel ?? window.from ?? undefined, 3_600_000),
    ),
    stream_lag: counted('stream_lag', signals.stream_lag ?? null),
    stream_minutes_behind: counted('stream_minutes_behind', signals.stream_minutes_behind ?? null),
    late_share: counted('late_share', signals.late_share ?? null),
  };
}
