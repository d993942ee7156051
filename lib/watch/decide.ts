/** Whether to retrain. Drift alone is never a reason: harm must be shown, on enough failures, after the cooldown. */
import type { Config } from '../config/schema.ts';
import { formatInterval, formatPercent } from '../words.ts';
import type { Harm } from './harm.ts';
import { limitOfChange } from './meaning.ts';
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
  const limit = limitOfChange(metric, monitoring.limits);
  const drifted = report.drift
    .filter(({ verdict }) => verdict === 'drift')
    .map(({ name, size }) => `${name} (PSI ${size.value.toFixed(2)})`);
  const facts = [
    `${labels.count} labels, ${labels.scarcest.count} of class ${labels.scarcest.class}`,
    `error rate ${formatPercent(error_rate.production.value)} against ${formatPercent(error_rate.training.value)} in training`,
    ...(harm === null
      ? []
      : [
          `${describeHarm(harm)} ${harm.production.toFixed(3)} against ${harm.training.toFixed(3)}, difference ${formatInterval(harm.difference)}`,
        ]),
    `drift: ${drifted.join(', ') || 'none'}`,
  ];
  const because = (decision: Decision['decision'], reason: string): Decision => ({
    decision,
    reasons: [reason, ...facts],
  });
  // A metric that is no worse is no excuse for errors that are.
  const besides =
    error_rate.verdict === 'fail' && metric !== 'accuracy'
      ? `; but errors are more than in training, ${formatPercent(error_rate.production.value)} against ${formatPercent(error_rate.training.value)}, which retraining.metric ${metric} does not go by`
      : '';
  if (harm === null)
    return because(
      'no',
      `too little truth: ${labels.count} labels, ${labels.scarcest.count} of class ${labels.scarcest.class}, ${min_positives} needed${besides}`,
    );
  const change = metric === 'cost' || metric === 'calibration' ? 'higher' : 'lower';
  if (harm.verdict !== 'fail') {
    const certainty =
      harm.verdict === 'pass'
        ? `not ${change} than in training by more than ${limit}`
        : `not shown to be ${change} by more than ${limit}`;
    return because(
      'no',
      `${drifted.length > 0 ? 'drift without harm shown' : 'no harm shown'}: ${describeHarm(harm)} is ${certainty}${besides}`,
    );
  }
  if (hoursSinceRetraining !== undefined && hoursSinceRetraining < cooldown_hours) {
    return because(
      'no',
      `harm, but the last retraining was ${hoursSinceRetraining.toFixed(1)} hours ago and the cooldown is ${cooldown_hours}`,
    );
  }
  return because('yes', `harm: ${describeHarm(harm)} is ${change} than in training by more than ${limit}`);
}

/** "pr_auc", and of what where it is not of every class. */
export function describeHarm({ metric, classes, left_out }: Harm): string {
  return left_out.length === 0
    ? metric
    : `${metric} of ${classes.join(', ')} (too little truth of ${left_out.join(', ')})`;
}
