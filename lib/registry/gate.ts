/** The gate: a version's metrics against evaluation.minimum, three-valued. */
import type { Config, MetricName } from '../config/schema.ts';
import { Fault, MISSED } from '../fault.ts';
import type { Estimate } from '../numbers/estimate.ts';
import { judge, together, type Verdict } from '../numbers/estimate.ts';
import type { Metrics } from '../train/build.ts';
import { formatInterval } from '../words.ts';

export interface GateCheck {
  readonly metric: MetricName;
  readonly minimum: number;
  readonly estimate: Estimate;
  readonly verdict: Verdict;
}

export interface Gate {
  readonly verdict: Verdict;
  readonly checks: readonly GateCheck[];
}

/** Fails if any metric fails; passes if all pass; else inconclusive. Without a minimum there is nothing to pass. */
export function judgeGate(config: Config, metrics: Metrics): Gate {
  const checks = (Object.entries(config.evaluation.minimum) as [MetricName, number][]).map(
    ([metric, minimum]) => {
      const estimate = metrics.metrics[metric];
      return { metric, minimum, estimate, verdict: judge(estimate, minimum) };
    },
  );
  return { verdict: together(checks.map(({ verdict }) => verdict)), checks };
}

/** "recall 0.879 ≥ 0.70" */
export function describeCheck({ metric, minimum, estimate, verdict }: GateCheck): string {
  const sign = verdict === 'fail' ? '<' : verdict === 'pass' ? '≥' : '?';
  return `${metric} ${formatInterval(estimate)} ${sign} ${minimum.toFixed(2)}`;
}

/** Fails with exit code 3 for a version whose metrics fail the gate. */
export function refuseUnfit(
  config: Config,
  { version, metrics }: { version: string; metrics: Metrics },
): void {
  const { verdict, checks } = judgeGate(config, metrics);
  if (verdict === 'fail')
    throw new Fault(`${version} fails the gate: ${checks.map(describeCheck).join('   ')}`, MISSED);
}
