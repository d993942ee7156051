/** Everything a model version holds that follows from data and settings alone: the same inputs, the same bytes. */
import { csvFormatRow } from 'd3-dsv';
import { rolesOf } from '../config/roles.ts';
import type { Config } from '../config/schema.ts';
import { settingsOf } from '../config/settings.ts';
import type { Dataset } from '../data/dataset.ts';
import { groupingsOf, groupNames } from '../data/groups.ts';
import { badInput } from '../fault.ts';
import { json } from '../files/write.ts';
import { type Calibration, methodFor } from '../learn/calibration.ts';
import { calibratedScorer, featureImportances, type Model } from '../learn/estimator.ts';
import { type Strangeness, strangenessOf } from '../measure/conformal.ts';
import { costThreshold } from '../measure/cost.ts';
import { type Evaluation, evaluate } from '../measure/evaluate.ts';
import { takeScored } from '../measure/metrics.ts';
import { bestF1Thresholds } from '../measure/thresholds.ts';
import {
  type DecisionRule,
  mostProbable,
  outputsOf,
  type ScoredRows,
  type Thresholds,
} from '../numbers/outputs.ts';
import { type Baselines, logisticParts, measureBaselines } from './baselines.ts';
import { splitFold, stratifiedFolds } from './folds.ts';
import {
  type DriftReference,
  type Golden,
  goldenOf,
  inputReferences,
  predictionReference,
} from './frozen.ts';
import { calibrateAcross, gatherScores, giveAcross } from './out-of-fold.ts';
import type { Pipeline } from './pipeline.ts';
import { fitParts } from './side-by-side.ts';
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

export interface PreparedChange {
  /** The rows to learn from, where some count more than once. */
  weigh?(rows: Int32Array): Int32Array;
  /** How scores become classes, by what is known of these rows alone; `scores` are those of all. */
  decide?(rows: Int32Array, scores: Float64Array, thresholds: Thresholds): DecisionRule;
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
  const { evaluation, model_params } = config;
  const seed = model_params.random_state;
  const classes = rolesOf(config.schema).target.categories!;
  const outputs = outputsOf(classes.length).length;
  const changed = changes.flatMap((change) => change.prepare(config, data) ?? []);
  const weighed = (rows: Int32Array) => changed.reduce((seen, { weigh }) => weigh?.(seen) ?? seen, rows);

  const fold = stratifiedFolds(data.target, evaluation.folds, seed, data.entities);
  refuseAbsentClasses(data.target, classes, fold, evaluation.folds);
  const folds = Array.from({ length: evaluation.folds }, (_, which) => splitFold(fold, which));
  const all = Int32Array.from(data.target.keys());
  const baseline = logisticParts(config, folds) ?? [];
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
      ...baseline,
    ],
    onProgress,
  );
  // While threads fit, and after the folds while the last of them fits the final model.
  const inputs = inputReferences(config, data);
  const raw = await gatherScores(folds, fitted, data.inputs.rows, outputs);
  const uncalibrated = { classes: classes.length, labels: data.target, scores: raw };
  const method = evaluation.calibration === 'auto' ? methodFor(uncalibrated) : evaluation.calibration;
  const { calibration, scores } = calibrateAcross(
    method,
    folds,
    uncalibrated,
    evaluation.calibration === 'auto',
  );
  const scored = { ...uncalibrated, scores };
  const decide = (rows: Int32Array): DecisionRule => {
    const some = rows.length === data.target.length ? scored : takeScored(scored, rows);
    const thresholds = chooseThresholds(evaluation, some);
    return changed.reduce<DecisionRule>((plain, { decide }) => decide?.(rows, scores, thresholds) ?? plain, {
      thresholds,
    });
  };
  const rule = decide(all);
  const groups = groupingsOf(data.sensitive, config.schema);
  // What is given to a row follows from other folds alone, as its scores do.
  const isChosen = evaluation.threshold === 'max_f1' || rule.by_group !== undefined;
  const given = giveAcross(
    folds,
    scores,
    (outside) => (isChosen ? decide(outside) : rule),
    ({ by_group }) => groupNames(groups, by_group?.column),
  );
  const options = { confidence: evaluation.confidence, entities: data.entities };
  const measured = evaluate(scored, classes, rule.thresholds, options, given);
  const logistic =
    baseline.length === 0
      ? raw
      : await gatherScores(folds, fitted.slice(folds.length + 1), data.inputs.rows, outputs);
  const { pipeline, model } = await fitted[folds.length]!;
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
      method: `${evaluation.folds}-fold stratified cross-validation: every row is scored, and given its class, by what was learnt from no row of its entity`,
      ...measured,
      baselines: measureBaselines(classes, fold, scored, logistic, options),
    },
    scores,
    given,
    entities: data.entities,
  };
}

function chooseThresholds({ threshold: setting, cost }: Config['evaluation'], rows: ScoredRows): Thresholds {
  if (setting === 'max_f1') return bestF1Thresholds(rows);
  if (setting === 'cost') return [costThreshold(cost)];
  return setting === 'most_probable' ? mostProbable(rows.classes) : [setting];
}

/** A class is learnt for every fold from the others; in as many folds as it has rows it is measured too. */
function refuseAbsentClasses(
  target: Uint8Array,
  classes: readonly string[],
  fold: Uint8Array,
  folds: number,
): void {
  const rows = classes.map(() => 0);
  const foldsOf = classes.map(() => new Set<number>());
  for (const [row, y] of target.entries()) {
    rows[y]!++;
    foldsOf[y]!.add(fold[row]!);
  }
  const rare = foldsOf.findIndex((own) => own.size < 2);
  if (rare < 0) return;
  const name = `class "${classes[rare]}"`;
  throw badInput(
    rows[rare] === 0
      ? `${name} has no training row: take it out of the target's categories`
      : `${name} has ${rows[rare] === 1 ? '1 training row' : `${rows[rare]} training rows, all of one entity`}: it cannot be learnt and measured in ${folds} folds. ` +
          'Gather more rows of it, join it with another class, or take it out of the data.',
  );
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
