/** chapters.rollout of config.yaml. */
import * as v from 'valibot';
import { atLeast, between, count, oneOf } from '../../lib/config/values.ts';

const margin = v.strictObject({ relative: atLeast(0), absolute: between(0, 1) });

export const rolloutSection = {
  name: 'rollout',
  schema: v.strictObject({
    steps: v.pipe(
      v.array(between(1, 100), 'a list of percentages'),
      v.minLength(1, 'one or more percentages'),
      v.check(
        (steps) => steps.every((step, i) => i === 0 || step > steps[i - 1]!),
        'percentages that grow from step to step',
      ),
    ),
    dwell_seconds: atLeast(0),
    patience: count(1),
    min_requests: count(1),
    unjudged_quality: oneOf('pause', 'pass'),
    confidence: v.pipe(between(0.5, 1), v.ltValue(1, 'a number below 1')),
    margins: v.strictObject({
      failures: margin,
      latency_ratio: atLeast(1),
      score_psi: atLeast(0),
      errors: margin,
    }),
  }),
};

export type RolloutSettings = v.InferOutput<typeof rolloutSection.schema>;
