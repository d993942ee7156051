/** chapters.agent of config.yaml; the limits are monitoring.limits. */
import * as v from 'valibot';
import { count, milliseconds } from '../../lib/config/values.ts';

export const agentSection = {
  name: 'agent',
  schema: v.strictObject({
    window_days: v.pipe(v.number('a number of days'), v.gtValue(0, 'more than 0 days')),
    latency_points: count(1),
    timeout_ms: milliseconds,
  }),
};

export type AgentSettings = v.InferOutput<typeof agentSection.schema>;
