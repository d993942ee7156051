/** The settings that each product depends on, so that a change reruns what it touches and nothing else. */
import { sha256 } from '../files/hash.ts';
import type { Config } from './schema.ts';

export type Product = 'raw' | 'prepare' | 'train' | 'day2';

/** The files that rows come from: the raw file, and where the split asks for it the file of the later rows. */
export function rawFiles({ data, split }: Pick<Config, 'data' | 'split'>): string[] {
  return [data.raw_path, ...(split.test_path === undefined ? [] : [split.test_path])];
}

export function settingsOf(config: Config, product: Product): Record<string, unknown> {
  const { data, schema, model_params, evaluation } = config;
  if (product === 'raw') {
    const { source } = data;
    return {
      source,
      raw: rawFiles(config),
      ...bringing(config),
    };
  }
  if (product === 'prepare') {
    const { raw_path, csv } = data;
    return { raw_path, csv, schema, quality: config.quality, split: config.split };
  }
  if (product === 'day2') return { bad: config.replay.bad };
  const { threads: _, ...params } = model_params;
  const { minimum: __, ...rest } = evaluation;
  return { schema, features: config.features, model_params: params, evaluation: rest };
}

/** What the raw file is made by. */
function bringing({ data, chapters }: Config): Record<string, unknown> {
  const { source } = data;
  if (source === 'file') return {};
  if (source === 'uci' || source === 'simulated')
    return { [source]: source === 'uci' ? data.uci : data.simulation };
  return { [source]: chapters[source] };
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
