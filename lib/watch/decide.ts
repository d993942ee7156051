/** Whether to retrain. Drift alone is never a reason: harm must be shown, on enough failures, after the cooldown. */
import type { Config } from '../config/schema.ts';
import { formatInterval, formatPercent } from '../words.ts';
import type { MonitorReport } from './monitor.ts';

export interface Decision {
  readonly decision: 'yes' | 'no';
  /** What the decision rests on, the deciding reason first. */
  readonly reasons: readonly string[];
}

export function decideRetraining(
  { retraining, monitoring }: Pick<Config, 'retraining' | 'monitoring'>,
  report: MonitorReport,
  hoursSinceRetraining: number | undefined,
): Decision {
  const { harm, labels, error_rate } = report;
  const { min_positives, cooldown_hours, metric } = retraining;
  const limit = monitoring.limits[`${metric}_fall`];
  const drifted = report.drift
    .filter(({ verdict }) => verdict === 'drift')
    .map(({ name, size }) => `${name} (PSI ${size.value.toFixed(2)})`);
  const facts = [
    `${labels.count} labels, ${labels.scarcest.count} of class ${labels.scarcest.class}`,
    `error rate ${formatPercent(error_rate.production.value)} against ${formatPercent(error_rate.training.value)} in training`,
    ...(harm === null
      ? []
      : [
          `${harm.metric} ${harm.production.toFixed(3)} against ${harm.training.toFixed(3)}, difference ${formatInterval(harm.difference)}`,
        ]),
    `drift: ${drifted.join(', ') || 'none'}`,
  ];
  const because = (decision: Decision['decision'], reason: string): Decision => ({
    decision,
    reasons: [reason, ...facts],
  });
  if (labels.scarcest.count < min_positives || harm === null) {
    return because(
      'no',
      `too little truth: ${labels.scarcest.count} labels of class ${labels.scarcest.class}, ${min_positives} needed`,
    );
  }
  if (harm.verdict !== 'fail') {
    const certainty =
      harm.verdict === 'pass'
        ? `not lower than in training by more than ${limit}`
        : `not shown to be lower by more than ${limit}`;
    return because(
      'no',
      `${drifted.length > 0 ? 'drift without harm' : 'no harm'}: ${harm.metric} is ${certainty}`,
    );
  }
  if (hoursSinceRetraining !== undefined && hoursSinceRetraining < cooldown_hours) {
    return because(
      'no',
      `harm, but the last retraining was ${hoursSinceRetraining.toFixed(1)} hours ago and the cooldown is ${cooldown_hours}`,
    );
  }
  return because('yes', `harm: ${harm.metric} is lower than in training by more than ${limit}`);
}
