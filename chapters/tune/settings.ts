/** chapters.tune of config.yaml. */
import * as v from 'valibot';
import type { SettingFault } from '../../lib/config/parse.ts';
import { type Config, METRICS, modelParams } from '../../lib/config/schema.ts';
import { count, oneOf, text } from '../../lib/config/values.ts';

const tunedValue = v.union([v.string(), v.number()], 'a text or a number');
const searchRange = v.union(
  [
    v.pipe(v.array(tunedValue), v.minLength(1)),
    v.strictObject({ low: v.number(), high: v.number(), scale: oneOf('linear', 'log') }),
  ],
  'a list of choices, or { low, high, scale: linear or log }',
);

const schema = v.strictObject({
  method: oneOf('random', 'halving'),
  trials: v.pipe(count(1), v.maxValue(9999, 'at most 9999')),
  seed: count(0),
  metric: oneOf(...METRICS, 'log_loss'),
  folds: v.pipe(count(2), v.maxValue(50, 'a whole number from 2 to 50')),
  validation: oneOf('stratified', 'chronological'),
  space: v.record(text, searchRange),
});

export type TuneSettings = v.InferOutput<typeof schema>;

export const tuneSection = {
  name: 'tune',
  schema,
  check({ space }: TuneSettings, config: Config, fault: SettingFault) {
    for (const [name, range] of Object.entries(space)) {
      const keys = ['space', name];
      if (!(name in config.model_params) || name === 'threads' || name === 'random_state')
        throw fault(keys, 'is no setting of model_params that can be searched');
      if (!Array.isArray(range) && (range.low >= range.high || (range.scale === 'log' && range.low <= 0)))
        throw fault(keys, 'low must be below high, and above 0 on a logarithmic scale');
      for (const value of Array.isArray(range) ? range : [range.low, range.high])
        if (!v.safeParse(modelParams, { ...config.model_params, [name]: value }).success)
          throw fault(keys, `${JSON.stringify(value)} is no value that model_params.${name} takes`);
    }
  },
};
