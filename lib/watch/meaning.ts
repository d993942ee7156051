/**
 * What a figure means beside its limit of monitoring.limits: the one decider that alerts, the agent and retraining ask.
 */
import type { Config, RetrainingMetric, Signal } from '../config/schema.ts';
import { type Estimate, judge, type Verdict } from '../numbers/estimate.ts';

export type Limits = Config['monitoring']['limits'];

/** What is known of a signal now. */
export interface Reading {
  /** Null where nothing is known. */
  readonly value: number | null;
  /** Whether it is beyond its limit; undefined where that is not known, which changes nothing. */
  readonly beyond: boolean | undefined;
}

export type Signals = Readonly<Record<Signal, Reading>>;

/** The limits for one version: an error rate that training had already is no trouble. */
export function limitsFor(limits: Limits, trainingErrors: Estimate): Limits {
  return { ...limits, error_rate: Math.max(limits.error_rate, trainingErrors.high) };
}

/** Whether a signal is beyond its limit; undefined where nothing is known of it. */
export function isBeyond(signal: Signal, value: number | null, limits: Limits): boolean | undefined {
  return value === null ? undefined : value > limits[signal];
}

export type RankMetric = 'roc_auc' | 'pr_auc';

/** Whether a change is harm: fail when the whole interval of the difference, after minus before, lies beyond the limit. */
export function judgeChange(metric: RetrainingMetric, difference: Estimate, limits: Limits): Verdict {
  const limit = limitOfChange(metric, limits);
  if (metric !== 'cost' && metric !== 'calibration') return judge(difference, -limit);
  const { value, low, high } = difference;
  return judge({ value: -value, low: -high, high: -low }, -limit);
}

/** How far a metric may fall, or a cost or the calibration error rise. */
export function limitOfChange(metric: RetrainingMetric, limits: Limits): number {
  return metric === 'cost' || metric === 'calibration' ? limits[`${metric}_rise`] : limits[`${metric}_fall`];
}

/** The same for a fall without an interval; what rounding leaves just below a limit has reached it. */
export function meaningOfFall(metric: RankMetric, fall: number, limits: Limits): 'none' | 'warning' | 'harm' {
  const reached = (limit: number) => fall >= limit - 1e-12;
  if (reached(limits[`${metric}_fall`])) return 'harm';
  return metric === 'roc_auc' && reached(limits.roc_auc_fall_warning) ? 'warning' : 'none';
}
