/** The shape of config.yaml. Every key is required, so that a config says all there is to know. */
import * as v from 'valibot';

export const count = (minimum: number) =>
  v.pipe(
    v.number(`a whole number ≥ ${minimum}`),
    v.integer(`a whole number ≥ ${minimum}`),
    v.minValue(minimum, `a whole number ≥ ${minimum}`),
  );
export const between = (low: number, high: number) =>
  v.pipe(
    v.number(`a number from ${low} to ${high}`),
    v.minValue(low, `a number from ${low} to ${high}`),
    v.maxValue(high, `a number from ${low} to ${high}`),
  );
export const atLeast = (low: number) =>
  v.pipe(v.number(`a number ≥ ${low}`), v.minValue(low, `a number ≥ ${low}`));
export const oneOf = <const T extends readonly string[]>(...options: T) =>
  v.picklist(options, `one of ${options.join(', ')}`);
export const milliseconds = v.pipe(count(100), v.maxValue(3_600_000, 'at most 3600000, an hour'));
export const text = v.pipe(v.string('text'), v.nonEmpty('text that is not empty'));
/** Make splits words at spaces and reads $, # and : itself. */
const path = v.pipe(
  text,
  v.regex(/^[\w./@+-]+$/, 'a path of letters, digits and . _ - + @ / only, as make needs it'),
  v.check(
    (value) => !value.startsWith('/') && !value.split('/').includes('..'),
    "a path inside the config's folder",
  ),
);

/** Names that every object of JavaScript has, which a record of settings cannot hold. */
export const RESERVED = ['__proto__', 'constructor', 'prototype'];

export const VERSION = /^v[1-9]\d{0,8}$/;
export const ALIAS = /^[a-z][a-z0-9-]*$/;
const version = v.pipe(v.string('a version such as v1'), v.regex(VERSION, 'a version such as v1'));

const digest = v.pipe(v.string('64 hexadecimal digits'), v.regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'));

const column = v.pipe(
  v.strictObject(
    {
      type: oneOf('number', 'integer', 'category', 'text', 'time'),
      role: oneOf('id', 'input', 'target', 'leakage', 'sensitive', 'time', 'ignored'),
      unit: v.optional(text),
      description: v.optional(text),
      range: v.optional(
        v.pipe(
          v.strictTuple(
            [v.number('two numbers, low then high'), v.number('two numbers, low then high')],
            'two numbers, low then high',
          ),
          v.check(([low, high]) => low < high, 'two numbers, low then high'),
        ),
      ),
      categories: v.optional(
        v.pipe(
          v.array(text, 'a list of texts (put numbers in quotes)'),
          v.minLength(2, 'two or more categories'),
        ),
      ),
      aliases: v.optional(v.record(text, text)),
      other: v.optional(text),
      strip: v.optional(v.array(text, 'a list of texts')),
      format: v.optional(oneOf('iso', 'day_first', 'month_first', 'epoch')),
      missing: oneOf('refuse', 'median', 'mean', 'most_frequent', 'keep'),
    },
    'a column: type, role, missing and what else it needs',
  ),
  v.check(
    (c) => (c.type === 'category') === (c.categories !== undefined),
    'categories for type category and for no other',
  ),
  v.check(
    (c) => c.range === undefined || c.type === 'number' || c.type === 'integer',
    'a range for numbers only',
  ),
  v.check(
    (c) => c.type === 'category' || (c.aliases ?? c.other) === undefined,
    'aliases and other for categories only',
  ),
  v.check(
    (c) =>
      [...Object.values(c.aliases ?? {}), ...(c.other === undefined ? [] : [c.other])].every((name) =>
        c.categories?.includes(name),
      ),
    'aliases and other that stand for one of the categories',
  ),
  v.check(
    (c) => c.role !== 'target' || c.other === undefined,
    'no other for the target: a class is known or the row is refused',
  ),
  v.check(
    (c) => c.strip === undefined || c.type === 'number' || c.type === 'integer',
    'strip for numbers only',
  ),
  v.check((c) => (c.format !== undefined) === (c.type === 'time'), 'a format for type time and for no other'),
  v.check(
    (c) => (c.role === 'time') === (c.type === 'time') || c.role === 'ignored',
    'type time and role time together',
  ),
  v.check((c) => c.role !== 'target' || c.type === 'category', 'type category for the target'),
  v.check(
    (c) => c.role !== 'target' || c.missing === 'refuse',
    'missing: refuse for the target: nothing is learnt from a row without a class',
  ),
  v.check(
    (c) => c.role !== 'sensitive' || c.missing === 'keep',
    'missing: keep for a sensitive column, since requests may come without it',
  ),
  v.check(
    (c) => c.role !== 'input' || (c.type !== 'text' && c.type !== 'time'),
    'an input that is a number, an integer or a category',
  ),
  v.check(
    (c) => c.type === 'number' || c.type === 'integer' || !['median', 'mean'].includes(c.missing),
    'missing: most_frequent, keep or refuse for a column that is no number',
  ),
);

const pair = v.strictTuple([text, text], 'a list of two columns');
const engineered = v.pipe(
  v.strictObject(
    {
      product: v.optional(pair),
      difference: v.optional(pair),
      ratio: v.optional(pair),
      sum: v.optional(pair),
      scale: v.optional(v.number('a number')),
    },
    'product, difference, ratio or sum of two columns',
  ),
  v.check(
    (e) => [e.product, e.difference, e.ratio, e.sum].filter(Boolean).length === 1,
    'exactly one of product, difference, ratio, sum',
  ),
);

const change = v.strictObject(
  {
    column: text,
    shift: v.optional(v.number('a number')),
    scale: v.optional(v.number('a number')),
    noise: v.optional(atLeast(0)),
    missing: v.optional(between(0, 1)),
    new_category: v.optional(text),
    share: v.optional(between(0, 1)),
  },
  'a change: column, then shift, scale, noise, missing or new_category with share',
);

/** What monitoring looks at, each beside its limit of monitoring.limits. */
export const SIGNALS = [
  'max_psi',
  'error_rate',
  'latency_p95_ms',
  'refused_share',
  'integrity_problems',
  'minutes_without_traffic',
  'hours_without_labels',
] as const;
export type Signal = (typeof SIGNALS)[number];

export const METRICS = ['accuracy', 'precision', 'recall', 'f1', 'roc_auc', 'pr_auc'] as const;

export const modelParams = v.strictObject({
  algorithm: oneOf('RandomForest', 'GradientBoosting', 'LogisticRegression'),
  n_estimators: count(1),
  max_depth: count(1),
  random_state: count(0),
  min_samples_leaf: count(1),
  max_features: v.union([oneOf('sqrt', 'all'), count(1)], 'sqrt, all or a whole number ≥ 1'),
  class_weight: oneOf('none', 'balanced'),
  max_bins: v.pipe(count(2), v.maxValue(255, 'a whole number from 2 to 255')),
  learning_rate: v.pipe(between(0, 1), v.gtValue(0, 'a number above 0')),
  max_leaves: count(2),
  l2_regularization: atLeast(0),
  max_iter: count(1),
  threads: count(0),
});

export const configSchema = v.strictObject({
  project_name: text,
  author: text,
  paths: v.strictObject({ models: path, reports: path, manifest: path, deployment_log: path }),
  data: v.strictObject({
    source: oneOf('simulated', 'uci', 'file'),
    raw_path: path,
    processed_dir: path,
    quarantine_dir: path,
    production_dir: path,
    current_version: version,
    csv: v.strictObject({
      separator: oneOf(',', ';', '\t', '|'),
      header: v.boolean('true or false'),
      comment: v.string('a text'),
      missing: v.array(text, 'a list of texts'),
      decimal: oneOf('.', ','),
    }),
    simulation: v.strictObject({ rows: count(1), seed: count(0) }),
    uci: v.strictObject({
      url: v.pipe(v.string('an address'), v.regex(/^https?:\/\//, 'an http or https address')),
      member: text,
      sha256: digest,
      test_member: v.optional(text),
      test_sha256: v.optional(digest),
    }),
  }),
  schema: v.pipe(
    v.record(text, column),
    v.check(
      (s) => Object.values(s).filter((c) => c.role === 'target').length === 1,
      'exactly one column with role target',
    ),
    v.check((s) => Object.values(s).some((c) => c.role === 'input'), 'at least one column with role input'),
    v.check(
      (s) => Object.values(s).filter((c) => c.role === 'time').length <= 1,
      'at most one column with role time',
    ),
  ),
  quality: v.strictObject({ max_invalid_rows: atLeast(0), duplicates: oneOf('by_id', 'whole_row', 'keep') }),
  split: v.pipe(
    v.strictObject({
      method: oneOf('chronological', 'stratified', 'file'),
      train_rows: v.optional(v.pipe(atLeast(0), v.gtValue(0, 'a number of rows, or a share below 1'))),
      test_path: v.optional(path),
    }),
    v.check(
      (s) => (s.method === 'file') === (s.test_path !== undefined),
      'test_path for method file and for no other',
    ),
    v.check(
      (s) => (s.method === 'file') === (s.train_rows === undefined),
      'train_rows unless the method is file',
    ),
  ),
  features: v.strictObject({ engineered: v.record(text, engineered) }),
  model_params: modelParams,
  evaluation: v.strictObject({
    folds: v.pipe(count(2), v.maxValue(50, 'a whole number from 2 to 50')),
    threshold: v.union(
      [oneOf('max_f1', 'most_probable'), between(0, 1)],
      'max_f1, most_probable or a number from 0 to 1',
    ),
    bootstrap_rounds: count(100),
    confidence: v.pipe(between(0.5, 1), v.ltValue(1, 'a number below 1')),
    minimum: v.strictObject(v.entriesFromList(METRICS, v.optional(between(0, 1)))),
  }),
  deployment: v.strictObject({
    model: v.pipe(
      text,
      v.check(
        (name) => VERSION.test(name) || ALIAS.test(name) || name === 'Production' || name === 'Staging',
        'an alias such as champion, a version such as v1, latest, or the stage Production or Staging',
      ),
    ),
    host: text,
    port: v.pipe(count(0), v.maxValue(65535, 'a port from 0 to 65535')),
    workers: v.pipe(count(1), v.maxValue(64, 'a whole number from 1 to 64')),
    threshold: v.union([oneOf('model'), between(0, 1)], 'model or a number from 0 to 1'),
    durability: oneOf('process', 'disk'),
    traffic: v.strictObject({
      split: v.record(
        v.pipe(v.string(), v.regex(VERSION, 'a version such as v3')),
        v.pipe(between(0, 100), v.gtValue(0, 'a number above 0')),
      ),
      shadow: v.array(version, 'a list of versions'),
      key_header: v.pipe(
        text,
        v.regex(/^x-[a-z0-9-]+$/, 'the name of a header of your own in small letters, beginning with x-'),
      ),
      salt: v.pipe(text, v.regex(/^[\w.-]+$/, 'letters, digits and . _ - only')),
    }),
    log: v.strictObject({
      max_bytes: v.pipe(count(1024), v.maxValue(500_000_000, 'at most 500000000, since a log is read whole')),
      keep_days: atLeast(0),
      requests: v.boolean('true or false'),
    }),
    max_rows: count(1),
    max_body_bytes: count(1),
    max_connections: count(1),
    headers_timeout_ms: milliseconds,
    request_timeout_ms: milliseconds,
    idle_timeout_ms: milliseconds,
    drain_timeout_ms: milliseconds,
    hosts: v.array(
      v.pipe(text, v.regex(/^[a-z0-9.-]+$/, 'a host name in small letters, without a port')),
      'a list of host names',
    ),
    cors: v.array(
      v.pipe(text, v.regex(/^(\*|https?:\/\/[^/\s]+)$/, 'an origin such as https://example.org, or *')),
      'a list of origins',
    ),
    poll_ms: v.pipe(count(10), v.maxValue(1000, 'at most 1000, so that a move is seen within a second')),
  }),
  replay: v.strictObject({
    data_version: version,
    rate: atLeast(0),
    batch: count(1),
    bad: v.strictObject({ seed: count(0), changes: v.array(change, 'a list of changes') }),
  }),
  monitoring: v.strictObject({
    window: count(1),
    interval_seconds: v.pipe(v.number('a number of seconds'), v.minValue(1, 'at least 1 second')),
    psi_threshold: atLeast(0),
    false_alarm_rate: v.pipe(between(0, 0.5), v.gtValue(0, 'a number above 0')),
    limits: v.strictObject({
      ...v.entriesFromList(SIGNALS, atLeast(0)),
      roc_auc_fall: between(0, 1),
      roc_auc_fall_warning: between(0, 1),
      pr_auc_fall: between(0, 1),
    }),
  }),
  retraining: v.strictObject({
    metric: oneOf('pr_auc', 'roc_auc'),
    min_positives: count(1),
    cooldown_hours: atLeast(0),
    holdout: between(0.05, 0.95),
  }),
  // Sections of what is in chapters/, by folder; each chapter brings the shape of its own.
  chapters: v.optional(v.record(text, v.unknown()), {}),
});

export type Config = v.InferOutput<typeof configSchema>;
export type Schema = Config['schema'];
export type Column = Schema[string];
export type ModelParams = Config['model_params'];
export type Engineered = Config['features']['engineered'];
export type MetricName = (typeof METRICS)[number];
