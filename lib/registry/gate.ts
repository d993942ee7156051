/** The gate: a version's metrics against evaluation.minimum, and against knowing nothing, three-valued. */
import type { Config, MetricName } from '../config/schema.ts';
import { Fault, MISSED } from '../fault.ts';
import { judgeDifference } from '../measure/evaluate.ts';
import { type Estimate, judge, together, type Verdict } from '../numbers/estimate.ts';
import { DEFAULT_CONFIG, type Project } from '../project.ts';
import type { Metrics } from '../train/build.ts';
import { formatInterval } from '../words.ts';

export interface GateCheck {
  /** A metric, or what the log loss gains over that of the class shares. */
  readonly metric: MetricName | 'gain';
  readonly minimum: number;
  readonly estimate: Estimate;
  readonly verdict: Verdict;
}

export interface Gate {
  readonly verdict: Verdict;
  readonly checks: readonly GateCheck[];
}

/** Fails if any check fails; passes if all pass; else inconclusive. What does not beat the class shares never passes. */
export function judgeGate(config: Config, { metrics, baselines }: Metrics): Gate {
  // Of versions older than the baselines nothing is known.
  const gain = baselines?.gain ?? { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const checks: GateCheck[] = [
    { metric: 'gain', minimum: 0, estimate: gain, verdict: judgeDifference(gain, 0) },
    ...(Object.entries(config.evaluation.minimum) as [MetricName, number][]).map(([metric, minimum]) => {
      const estimate = metrics[metric];
      return { metric, minimum, estimate, verdict: judge(estimate, minimum) };
    }),
  ];
  return { verdict: together(checks.map(({ verdict }) => verdict)), checks };
}

/** "recall 0.879 [0.842 – 0.913] ≥ 0.70" */
export function describeCheck({ metric, minimum, estimate, verdict }: GateCheck): string {
  if (metric !== 'gain') {
    const sign = verdict === 'fail' ? '<' : verdict === 'pass' ? '≥' : '?';
    return `${metric} ${formatInterval(estimate)} ${sign} ${minimum.toFixed(2)}`;
  }
  const said = {
    pass: 'beats the class shares',
    fail: 'is worse than the class shares',
    inconclusive: 'is not shown to beat the class shares',
  }[verdict];
  return `log loss ${said} by ${formatInterval(estimate)}`;
}

export function describeGate({ verdict, checks }: Gate): string {
  return `${verdict}: ${checks.map(describeCheck).join('   ')}`;
}

/** Fails with exit code 3 for a version that fails the gate: it gets no traffic. */
export function refuseUnfit(
  config: Config,
  { version, metrics }: { version: string; metrics: Metrics },
): void {
  const gate = judgeGate(config, metrics);
  if (gate.verdict === 'fail')
    throw new Fault(`${version} does not pass the gate: ${describeGate(gate)}`, MISSED);
}

/** Fails with exit code 3 for a version that does not pass the gate: it does not become what everybody is answered by. */
export function refuseUnproven(
  { config, configPath }: Pick<Project, 'config' | 'configPath'>,
  { version, metrics }: { version: string; metrics: Metrics },
): void {
  const gate = judgeGate(config, metrics);
  if (gate.verdict === 'pass') return;
  const always = metrics.baselines?.majority_class;
  const named = configPath === DEFAULT_CONFIG ? '' : ` CONFIG=${configPath}`;
  const beside =
    always === undefined
      ? []
      : [
          `accuracy ${formatInterval(metrics.metrics.accuracy)}, always saying "${always.class}" has ${always.accuracy.toFixed(3)}`,
        ];
  throw new Fault(
    [
      `${version} does not pass the gate: ${describeGate(gate)}`,
      ...beside,
      `It is registered, not promoted. make promote VERSION=${version} REASON="…"${named} puts it live in your name.`,
    ].join('\n           '),
    MISSED,
  );
}
