/** Everything a model version holds that follows from data and settings alone: the same inputs, the same bytes. */
import { csvFormatRow } from 'd3-dsv';
import { rolesOf } from '../config/roles.ts';
import type { Config } from '../config/schema.ts';
import { settingsOf } from '../config/settings.ts';
import type { Dataset } from '../data/dataset.ts';
import { json } from '../files/write.ts';
import type { Calibration } from '../learn/calibration.ts';
import { calibratedScorer, featureImportances, type Model } from '../learn/estimator.ts';
import { type Strangeness, strangenessOf } from '../measure/conformal.ts';
import { type Evaluation, evaluate } from '../measure/evaluate.ts';
import { outputsOf } from '../numbers/outputs.ts';
import { type Baselines, logisticParts, measureBaselines } from './baselines.ts';
import {
  type DriftReference,
  type Golden,
  goldenOf,
  inputReferences,
  predictionReference,
} from './frozen.ts';
import { gatherScores, judgeFolds, type PreparedChange, startFolds, weighedRows } from './out-of-fold.ts';
import type { FittedPart } from './part.ts';
import type { Pipeline } from './pipeline.ts';
import { type Signature, signatureOf } from './signature.ts';

/** The content of metrics.json. */
export interface Metrics extends Evaluation {
  /** How the scores were made that these metrics are of. */
  readonly method: string;
  readonly baselines: Baselines;
}

export interface Version {
  readonly model: Model;
  readonly pipeline: Pipeline;
  readonly calibration: Calibration;
  readonly conformal: Strangeness;
  readonly signature: Signature;
  readonly reference: DriftReference;
  readonly golden: Golden;
  readonly metrics: Metrics;
  /** Out-of-fold scores of every training row, rows × outputs. */
  readonly scores: Float64Array;
  /** Class index given to every training row by those scores. */
  readonly given: Uint8Array;
  readonly entities: Int32Array | undefined;
}

/** What a chapter may change of a training, by its own settings; most change nothing. */
export interface TrainingChange {
  /** Those of its settings that the model depends on, {} where it changes nothing. */
  settings(config: Config): Record<string, unknown>;
  /** Undefined where it changes nothing. */
  prepare(config: Config, data: Dataset): PreparedChange | undefined;
}

/** The settings that training depends on, with those of the chapters that change it. */
export function trainingSettings(
  config: Config,
  changes: readonly TrainingChange[],
): Record<string, unknown> {
  return Object.assign(settingsOf(config, 'train'), ...changes.map((change) => change.settings(config)));
}

export interface BuildOptions {
  /** Rows of the data version that are not for training. */
  readonly later?: Dataset | undefined;
  readonly changes?: readonly TrainingChange[];
  /** Gets the share that is done of all folds and the final fit. */
  readonly onProgress?: (share: number) => void;
}

/** Trains and evaluates. */
export async function buildVersion(
  config: Config,
  data: Dataset,
  { later, changes = [], onProgress }: BuildOptions = {},
): Promise<Version> {
  const { confidence, folds: count } = config.evaluation;
  const classes = rolesOf(config.schema).target.categories!;
  const outputs = outputsOf(classes.length).length;
  const changed = changes.flatMap((change) => change.prepare(config, data) ?? []);
  const all = Int32Array.from(data.target.keys());
  const started = await startFolds(
    config,
    data,
    changed,
    (folds) => [
      { learn: weighedRows(changed, all), score: new Int32Array(0) },
      ...(logisticParts(config, folds) ?? []),
    ],
    onProgress,
  );
  // While threads fit, and after the folds while the last of them fits the final model.
  const inputs = inputReferences(config, data);
  const { raw, calibration, scores, rule, given } = await judgeFolds(config, data, changed, started);
  const { fold, folds, more } = started;
  const scored = { classes: classes.length, labels: data.target, scores };
  const options = { confidence, entities: data.entities };
  const measured = evaluate(scored, classes, rule.thresholds, options, given);
  const [final, ...baseline] = more as [Promise<FittedPart>, ...Promise<FittedPart>[]];
  const logistic =
    baseline.length === 0 ? raw : await gatherScores(folds, baseline, data.inputs.rows, outputs);
  const { pipeline, model } = await final;
  const scorer = calibratedScorer(model, calibration);
  return {
    model,
    pipeline,
    calibration,
    conformal: strangenessOf(scored),
    signature: signatureOf(config.schema, data.inputs, rule),
    reference: { inputs, prediction: predictionReference(classes, later, pipeline, scorer, rule) },
    golden: goldenOf(data, pipeline, scorer),
    metrics: {
      method: `${count}-fold stratified cross-validation: every row is scored, and given its class, by what was learnt from no row of its entity`,
      ...measured,
      baselines: measureBaselines(classes, fold, scored, logistic, options),
    },
    scores,
    given,
    entities: data.entities,
  };
}

/** The files of a version that depend on nothing but data and settings. */
export function versionFiles(version: Version, labels: Uint8Array): Record<string, string> {
  const importances = featureImportances(version.model);
  const ranked = version.model.features
    .map((name, f) => ({ name, importance: importances[f]! }))
    .sort((a, b) => b.importance - a.importance);
  return {
    'model.json': `${JSON.stringify(version.model)}\n`,
    'pipeline.json': json(version.pipeline),
    'calibration.json': json(version.calibration),
    'conformal.json': `${JSON.stringify(version.conformal)}\n`,
    'signature.json': json(version.signature),
    'reference.json': `${JSON.stringify(version.reference)}\n`,
    'golden.json': `${JSON.stringify(version.golden)}\n`,
    'metrics.json': json(version.metrics),
    'feature_importances.csv': `feature,importance\n${ranked.map(({ name, importance }) => `${JSON.stringify(name)},${importance}\n`).join('')}`,
    'validation.csv': validationCsv(version, labels),
  };
}

/**
 * The label of every training row and the class given to it, as class indices, its out-of-fold probability of each output, and
 * where entities have several rows their number.
 */
function validationCsv({ signature, scores, given, entities }: Version, labels: Uint8Array): string {
  const { outputs } = signature.output;
  const numbers =
    entities === undefined ? undefined : new Map([...new Set(entities)].map((id, i) => [id, i]));
  const repeats = numbers !== undefined && numbers.size < labels.length;
  const header = csvFormatRow([
    'label',
    'given',
    ...outputs.map((name) => `P(${name})`),
    ...(repeats ? ['entity'] : []),
  ]);
  const lines = Array.from(labels, (label, row) => {
    const probabilities = scores.subarray(row * outputs.length, (row + 1) * outputs.length).join(',');
    return `${label},${given[row]},${probabilities}${repeats ? `,${numbers.get(entities![row]!)}` : ''}\n`;
  });
  return `${header}\n${lines.join('')}`;
}
