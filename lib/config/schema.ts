/** The shape of config.yaml. Every key is required, so that a config says all there is to know. */
import * as v from 'valibot';
import { columnsSchema, engineered } from './columns.ts';
import { deploymentSchema } from './deployment.ts';
import { above, atLeast, between, count, digest, oneOf, path, text, version } from './values.ts';

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
  'calibration',
  'latency_p95_ms',
  'refused_share',
  'integrity_problems',
  'minutes_without_traffic',
  'hours_without_labels',
  'stream_lag',
  'stream_minutes_behind',
  'late_share',
] as const;
export type Signal = (typeof SIGNALS)[number];

export const METRICS = ['accuracy', 'precision', 'recall', 'f1', 'roc_auc', 'pr_auc'] as const;

/** What retraining may go by. */
export const RETRAINING_METRICS = [...METRICS, 'cost', 'calibration'] as const;
export type RetrainingMetric = (typeof RETRAINING_METRICS)[number];

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
  C: v.pipe(atLeast(0), v.gtValue(0, 'a number above 0')),
  max_iter: count(1),
  threads: count(0),
});

export const configSchema = v.strictObject({
  project_name: text,
  author: text,
  paths: v.strictObject({ models: path, reports: path, manifest: path, deployment_log: path }),
  data: v.strictObject({
    source: text,
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
  schema: columnsSchema,
  quality: v.strictObject({
    max_invalid_rows: atLeast(0),
    duplicates: oneOf('by_id', 'latest', 'whole_row', 'keep'),
  }),
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
      [oneOf('max_f1', 'most_probable', 'cost'), between(0, 1)],
      'max_f1, most_probable, cost or a number from 0 to 1',
    ),
    calibration: oneOf('none', 'auto', 'platt', 'isotonic', 'temperature'),
    cost: v.strictObject({ false_positive: above(0), false_negative: above(0) }),
    confidence: v.pipe(between(0.5, 1), v.ltValue(1, 'a number below 1')),
    set_confidence: v.pipe(between(0.5, 1), v.ltValue(1, 'a number below 1')),
    minimum: v.strictObject(v.entriesFromList(METRICS, v.optional(between(0, 1)))),
  }),
  deployment: deploymentSchema,
  events: v.strictObject({ transport: text }),
  replay: v.strictObject({
    data_version: version,
    rate: atLeast(0),
    batch: count(1),
    bad: v.strictObject({ seed: count(0), changes: v.array(change, 'a list of changes') }),
  }),
  monitoring: v.strictObject({
    window: count(1),
    label_delay_hours: v.union([oneOf('measured'), atLeast(0)], 'measured or a number of hours'),
    windows: v.strictObject({
      kind: oneOf('tumbling', 'sliding', 'session'),
      minutes: count(1),
      every_minutes: count(1),
      gap_minutes: count(1),
      disorder_seconds: count(0),
      lateness_minutes: count(0),
    }),
    interval_seconds: v.pipe(v.number('a number of seconds'), v.minValue(1, 'at least 1 second')),
    psi_threshold: atLeast(0),
    false_alarm_rate: v.pipe(between(0, 0.5), v.gtValue(0, 'a number above 0')),
    alarm_rate: v.pipe(between(0, 0.5), v.gtValue(0, 'a number above 0')),
    limits: v.strictObject({
      ...v.entriesFromList(SIGNALS, atLeast(0)),
      ...v.entriesFromList(
        METRICS.map((metric) => `${metric}_fall` as const),
        between(0, 1),
      ),
      roc_auc_fall_warning: between(0, 1),
      cost_rise: atLeast(0),
      calibration_rise: between(0, 1),
    }),
  }),
  retraining: v.strictObject({
    metric: oneOf(...RETRAINING_METRICS),
    min_positives: count(1),
    cooldown_hours: atLeast(0),
    holdout: between(0.05, 0.95),
    promotion: oneOf('direct', 'canary', 'approve'),
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
