/** Everything a model version holds that follows from data and settings alone: the same inputs, the same bytes. */
import { csvFormatRow } from 'd3-dsv';
import { rolesOf } from '../config/roles.ts';
import type { Config } from '../config/schema.ts';
import { settingsOf } from '../config/settings.ts';
import type { Dataset } from '../data/dataset.ts';
import { groupingsOf, groupNames } from '../data/groups.ts';
import { badInput } from '../fault.ts';
import { json } from '../files/write.ts';
import { featureImportances, type Model, scorerOf } from '../learn/estimator.ts';
import { categoryReference, numericReference, type Reference } from '../measure/drift.ts';
import { type Evaluation, evaluate } from '../measure/evaluate.ts';
import type { ScoredRows } from '../measure/metrics.ts';
import { bestF1Thresholds } from '../measure/thresholds.ts';
import { columnOf, takeRows } from '../numbers/matrix.ts';
import { classify, type DecisionRule, mostProbable, outputsOf, type Thresholds } from '../numbers/outputs.ts';
import { splitFold, stratifiedFolds } from './folds.ts';
import { type Pipeline, transform } from './pipeline.ts';
import { fitParts } from './side-by-side.ts';
import { type Signature, signatureOf } from './signature.ts';

/** The content of metrics.json. */
export interface Metrics extends Evaluation {
  /** How the scores were made that these metrics are of. */
  readonly method: string;
}

/** The content of reference.json: what monitoring compares with, frozen. */
export interface DriftReference {
  readonly inputs: readonly Reference[];
  /** Of what the model gives: the probability of the positive class, or with more than two classes the classes given. */
  readonly prediction: Reference;
}

/** The content of golden.json: raw inputs and the scores that the served model must give for them. */
export interface Golden {
  readonly rows: readonly (readonly (number | null)[])[];
  /** rows × outputs */
  readonly scores: readonly number[];
}

export interface Version {
  readonly model: Model;
  readonly pipeline: Pipeline;
  readonly signature: Signature;
  readonly reference: DriftReference;
  readonly golden: Golden;
  readonly metrics: Metrics;
  /** Out-of-fold scores of every training row, rows × outputs. */
  readonly scores: Float64Array;
  /** Class index given to every training row by those scores. */
  readonly given: Uint8Array;
}

const GOLDEN_ROWS = 20;

/** What a chapter may change of a training, by its own settings; most change nothing. */
export interface TrainingChange {
  /** Those of its settings that the model depends on, {} where it changes nothing. */
  settings(config: Config): Record<string, unknown>;
  /** Undefined where it changes nothing. */
  prepare(config: Config, data: Dataset): PreparedChange | undefined;
}

export interface PreparedChange {
  /** The rows to learn from, where some count more than once. */
  weigh?(rows: Int32Array): Int32Array;
  /** How scores become classes. */
  decide?(scores: Float64Array, thresholds: Thresholds): DecisionRule;
}

/** The settings that training depends on, with those of the chapters that change it. */
export function trainingSettings(
  config: Config,
  changes: readonly TrainingChange[],
): Record<string, unknown> {
  return Object.assign(settingsOf(config, 'train'), ...changes.map((change) => change.settings(config)));
}

/** Trains and evaluates. `onProgress` gets the share that is done of all folds and the final fit. */
export async function buildVersion(
  config: Config,
  data: Dataset,
  changes: readonly TrainingChange[] = [],
  onProgress: (share: number) => void = () => {},
): Promise<Version> {
  const { evaluation, model_params } = config;
  const seed = model_params.random_state;
  const classes = rolesOf(config.schema).target.categories!;
  const outputs = outputsOf(classes.length).length;
  const changed = changes.flatMap((change) => change.prepare(config, data) ?? []);
  const weighed = (rows: Int32Array) => changed.reduce((seen, { weigh }) => weigh?.(seen) ?? seen, rows);

  refuseRareClasses(data.target, classes, evaluation.folds);
  const fold = stratifiedFolds(data.target, evaluation.folds, seed, data.entities);
  const folds = Array.from({ length: evaluation.folds }, (_, which) => splitFold(fold, which));
  const all = Int32Array.from(data.target.keys());
  const fitted = await fitParts(
    {
      inputs: data.inputs,
      target: data.target,
      schema: config.schema,
      engineered: config.features.engineered,
      params: model_params,
    },
    [
      ...folds.map(({ inside, outside }) => ({ learn: weighed(outside), score: inside })),
      { learn: weighed(all), score: new Int32Array(0) },
    ],
    onProgress,
  );
  // While threads fit, and after the folds while the last of them fits the final model.
  const inputs = inputReferences(config, data);
  const scores = new Float64Array(data.inputs.rows * outputs);
  for (const [which, { inside }] of folds.entries()) {
    const { scores: given } = await fitted[which]!;
    for (const [i, row] of inside.entries())
      scores.set(given.subarray(i * outputs, (i + 1) * outputs), row * outputs);
  }

  const scored = { classes: classes.length, labels: data.target, scores };
  const thresholds = chooseThresholds(evaluation.threshold, scored);
  const rule = changed.reduce<DecisionRule>((plain, { decide }) => decide?.(scores, thresholds) ?? plain, {
    thresholds,
  });
  const given = classify(
    scores,
    rule,
    groupNames(groupingsOf(data.sensitive, config.schema), rule.by_group?.column),
  );
  const { bootstrap_rounds: rounds, confidence } = evaluation;
  const measured = evaluate(scored, classes, thresholds, { rounds, confidence, seed }, given);
  const prediction =
    classes.length === 2
      ? numericReference('score', scores)
      : categoryReference('class given', Float64Array.from(given), classes);
  const { pipeline, model } = await fitted.at(-1)!;
  return {
    model,
    pipeline,
    signature: signatureOf(config.schema, data.inputs, rule),
    reference: { inputs, prediction },
    golden: goldenOf(data, pipeline, model),
    metrics: {
      method: `${evaluation.folds}-fold stratified cross-validation: every row is scored by a model fitted on no row of its entity`,
      ...measured,
    },
    scores,
    given,
  };
}

function chooseThresholds(setting: Config['evaluation']['threshold'], rows: ScoredRows): Thresholds {
  if (setting === 'max_f1') return bestF1Thresholds(rows);
  return setting === 'most_probable' ? mostProbable(rows.classes) : [setting];
}

/** A fold without every class can neither teach nor measure. */
function refuseRareClasses(target: Uint8Array, classes: readonly string[], folds: number): void {
  const counts = new Int32Array(classes.length);
  for (const y of target) counts[y]!++;
  const rarest = counts.indexOf(Math.min(...counts));
  const rows = counts[rarest]!;
  if (rows >= folds) return;
  const name = `class "${classes[rarest]}"`;
  throw badInput(
    rows === 0
      ? `${name} has no training row: take it out of the target's categories`
      : `${name} has ${rows} training ${rows === 1 ? 'row' : 'rows'}, fewer than evaluation.folds (${folds}): it cannot be learnt and measured. ` +
          'Gather more rows of it, join it with another class, or take it out of the data.',
  );
}

function inputReferences(config: Config, { inputs }: Dataset): Reference[] {
  return rolesOf(config.schema).inputs.map((column, f) =>
    column.categories === undefined
      ? numericReference(column.name, columnOf(inputs, f))
      : categoryReference(column.name, columnOf(inputs, f), column.categories),
  );
}

/** Rows at even distances, so that they span the table. */
function goldenOf({ inputs }: Dataset, pipeline: Pipeline, model: Model): Golden {
  const count = Math.min(GOLDEN_ROWS, inputs.rows);
  const picked = takeRows(
    inputs,
    Array.from({ length: count }, (_, i) => Math.floor((i * inputs.rows) / count)),
  );
  const width = inputs.names.length;
  const features = transform(pipeline, picked);
  return {
    rows: Array.from({ length: count }, (_, i) =>
      Array.from(picked.values.subarray(i * width, (i + 1) * width), (x) => (Number.isNaN(x) ? null : x)),
    ),
    scores: Array.from(scorerOf(model)(features.values, count)),
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
    'signature.json': json(version.signature),
    'reference.json': `${JSON.stringify(version.reference)}\n`,
    'golden.json': `${JSON.stringify(version.golden)}\n`,
    'metrics.json': json(version.metrics),
    'feature_importances.csv': `feature,importance\n${ranked.map(({ name, importance }) => `${JSON.stringify(name)},${importance}\n`).join('')}`,
    'validation.csv': validationCsv(version, labels),
  };
}

/** The label of every training row and the class given to it, as class indices, and its out-of-fold probability of each output. */
function validationCsv({ signature, scores, given }: Version, labels: Uint8Array): string {
  const { outputs } = signature.output;
  const header = csvFormatRow(['label', 'given', ...outputs.map((name) => `P(${name})`)]);
  const lines = Array.from(
    labels,
    (label, row) =>
      `${label},${given[row]},${scores.subarray(row * outputs.length, (row + 1) * outputs.length).join(',')}\n`,
  );
  return `${header}\n${lines.join('')}`;
}
