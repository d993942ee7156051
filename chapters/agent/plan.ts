/** Observe, think, act: what the metrics and the drift mean by fixed rules, and what to do about it. */
import { isBeyond, type Limits, meaningOfFall } from '../../lib/watch/meaning.ts';
import type { MetricPoint, Observation } from './observe.ts';
import type { AgentSettings } from './settings.ts';

export const ACTIONS = [
  'open_incident',
  'trigger_retraining',
  'roll_back_model',
  'raise_thresholds',
  'page_oncall=false',
  'do_nothing',
] as const;
export type Action = (typeof ACTIONS)[number];

/** inconclusive: nothing to compare with. No data is never healthy. */
export type AgentStatus = 'healthy' | 'inconclusive' | 'warn' | 'critical';

export interface Plan {
  readonly status: AgentStatus;
  /** One fact each. */
  readonly findings: readonly Readonly<Record<string, number | boolean | string>>[];
  readonly actions: readonly Action[];
  readonly rationale: string;
}

const DAY_MS = 86_400_000;

/**
 * warn: ROC-AUC below the median of the days before by the configured share, or the p95 latency above its limit at so many
 * points in a row, or worse than in training by the monitoring's own verdicts. critical: ROC-AUC below by the larger share, or
 * overall drift together with a fallen PR-AUC.
 */
export function makePlan(
  { points, drift, problems, worse = [], canRollBack = true }: Observation,
  rules: Omit<AgentSettings, 'timeout_ms'> & { readonly limits: Limits },
): Plan {
  const latest = points.at(-1);
  const before =
    latest === undefined
      ? []
      : points.filter((point) => point !== latest && point.time >= latest.time - rules.window_days * DAY_MS);
  const rocDrop = dropOf(latest, before, 'roc_auc');
  const prDrop = dropOf(latest, before, 'pr_auc');
  const recent = points.slice(-rules.latency_points).map((point) => point.latency_p95_ms);
  const isSlow =
    recent.length === rules.latency_points &&
    recent.every((ms) => isBeyond('latency_p95_ms', ms, rules.limits) === true);
  const rocMeans = rocDrop === undefined ? 'none' : meaningOfFall('roc_auc', rocDrop, rules.limits);
  const prMeans = prDrop === undefined ? 'none' : meaningOfFall('pr_auc', prDrop, rules.limits);
  const hasDrift = drift?.overall_drift === true;

  const reasons: string[] = [];
  const actions = new Set<Action>();
  let status = (rocDrop === undefined && !isSlow ? 'inconclusive' : 'healthy') as AgentStatus;
  const raise = (to: AgentStatus, reason: string, ...todo: Action[]) => {
    if (status !== 'critical') status = to;
    reasons.push(reason);
    for (const action of todo) actions.add(action);
  };
  if (rocMeans === 'harm')
    raise(
      'critical',
      `ROC-AUC fell ${percent(rocDrop!)} against the ${rules.window_days}-day median`,
      'open_incident',
      'roll_back_model',
    );
  if (hasDrift && prMeans === 'harm')
    raise(
      'critical',
      `inputs drift and PR-AUC fell ${percent(prDrop!)}`,
      'open_incident',
      'trigger_retraining',
    );
  if (rocMeans === 'warning')
    raise(
      'warn',
      `ROC-AUC fell ${percent(rocDrop!)} against the ${rules.window_days}-day median`,
      'trigger_retraining',
    );
  for (const what of worse) raise('warn', what, 'trigger_retraining');
  if (isSlow)
    raise(
      'warn',
      `p95 latency above ${rules.limits.latency_p95_ms} ms for ${rules.latency_points} points in a row`,
      'raise_thresholds',
    );
  if (status === 'warn') actions.add('page_oncall=false');
  if (!canRollBack) actions.delete('roll_back_model');
  if (actions.size === 0) actions.add('do_nothing');
  if (status === 'inconclusive')
    reasons.push(
      points.length === 0
        ? 'no metric point could be read'
        : latest!.roc_auc === null
          ? 'the latest point has no ROC-AUC'
          : `no earlier point with ROC-AUC in ${rules.window_days} days: nothing to compare with`,
    );
  if (status === 'healthy')
    reasons.push(hasDrift ? 'inputs drift, and no metric fell: drift alone is no harm' : 'no metric fell');

  const findings: Record<string, number | boolean | string>[] = [{ points: points.length }];
  if (rocDrop !== undefined) findings.push({ roc_auc_drop_pct: rounded(rocDrop) });
  if (prDrop !== undefined) findings.push({ pr_auc_drop_pct: rounded(prDrop) });
  if (latest?.latency_p95_ms != null) findings.push({ latency_p95_ms: latest.latency_p95_ms });
  findings.push({ drift_overall: drift === null ? 'not known' : drift.overall_drift });
  if (problems.length > 0) findings.push({ unreadable: problems.join('; ') });
  return {
    status,
    findings,
    actions: ACTIONS.filter((action) => actions.has(action)),
    rationale: `${reasons.join('; ')}.`,
  };
}

/** Share by which the latest value lies below the median of those before; undefined where either is missing. */
function dropOf(
  latest: MetricPoint | undefined,
  before: readonly MetricPoint[],
  metric: 'roc_auc' | 'pr_auc',
): number | undefined {
  const now = latest?.[metric];
  const values = before
    .flatMap((point) => (point[metric] === null ? [] : [point[metric]]))
    .sort((a, b) => a - b);
  if (now == null || values.length === 0) return undefined;
  const middle = values.length >> 1;
  const median = values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
  return median === 0 ? undefined : (median - now) / median;
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 100;
}

function percent(share: number): string {
  return `${rounded(share).toFixed(2)} %`;
}
