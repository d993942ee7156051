/** The settings that each product depends on, so that a change reruns what it touches and nothing else. */
import { sha256 } from '../files/hash.ts';
import type { Config } from './schema.ts';

export type Product = 'raw' | 'prepare' | 'train' | 'day2';

export function settingsOf(config: Config, product: Product): Record<string, unknown> {
  const { data, schema, model_params, evaluation } = config;
  if (product === 'raw') {
    const { source, raw_path } = data;
    return {
      source,
      raw_path,
      ...(source === 'file' ? {} : { [source]: data[source === 'uci' ? 'uci' : 'simulation'] }),
    };
  }
  if (product === 'prepare') {
    return {
      raw_path: data.raw_path,
      labelled: data.labelled,
      schema,
      quality: config.quality,
      split: config.split,
    };
  }
  if (product === 'day2') return { bad: config.replay.bad };
  const { threads: _, ...params } = model_params;
  const { minimum: __, ...rest } = evaluation;
  return { schema, features: config.features, model_params: params, evaluation: rest };
}

/** sha256 of a product's settings. */
export function settingsHash(config: Config, product: Product): string {
  return sha256(JSON.stringify(settingsOf(config, product)));
}

/** "model_params.n_estimators 100 → 200" for every setting that differs. */
export function describeChanges(before: unknown, after: unknown, key = ''): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(before) || !isObject(after)) {
    return JSON.stringify(before) === JSON.stringify(after)
      ? []
      : [`${key} ${JSON.stringify(before) ?? 'unset'} → ${JSON.stringify(after) ?? 'unset'}`];
  }
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    describeChanges(before[name], after[name], key === '' ? name : `${key}.${name}`),
  );
}
