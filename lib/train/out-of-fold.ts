/** What is said of training rows by what was learnt without them: scores, probabilities and classes. */
import { rolesOf } from '../config/roles.ts';
import type { Config } from '../config/schema.ts';
import type { Dataset } from '../data/dataset.ts';
import { groupingsOf, groupNames } from '../data/groups.ts';
import { badInput } from '../fault.ts';
import {
  type Calibration,
  type CalibrationMethod,
  calibrate,
  fitCalibration,
  methodFor,
} from '../learn/calibration.ts';
import { costThreshold } from '../measure/cost.ts';
import { logLoss, takeScored } from '../measure/metrics.ts';
import { bestF1Thresholds } from '../measure/thresholds.ts';
import {
  classAt,
  type DecisionRule,
  mostProbable,
  outputsOf,
  type ScoredRows,
  type Thresholds,
  thresholdsFor,
} from '../numbers/outputs.ts';
import { splitFold, stratifiedFolds } from './folds.ts';
import type { FittedPart, Part } from './part.ts';
import { fitParts } from './side-by-side.ts';

export interface Fold {
  /** Row numbers. */
  readonly inside: Int32Array;
  readonly outside: Int32Array;
}

/** Scores of all rows, each by the part that was fitted outside its fold. */
export async function gatherScores(
  folds: readonly Fold[],
  parts: readonly Promise<FittedPart>[],
  rows: number,
  outputs: number,
): Promise<Float64Array> {
  const gathered = new Float64Array(rows * outputs);
  for (const [which, { inside }] of folds.entries()) {
    const { scores } = await parts[which]!;
    for (const [i, row] of inside.entries())
      gathered.set(scores.subarray(i * outputs, (i + 1) * outputs), row * outputs);
  }
  return gathered;
}

/**
 * The calibration learnt from all rows, and the probabilities that one learnt from the other folds gives to each. `ifBetter`
 * leaves scores as they are where that does not lower the log loss.
 */
export function calibrateAcross(
  method: CalibrationMethod,
  folds: readonly Fold[],
  rows: ScoredRows,
  ifBetter: boolean,
): { calibration: Calibration; scores: Float64Array } {
  const plain = { calibration: { method: 'none' } as const, scores: rows.scores };
  if (method === 'none') return plain;
  const outputs = outputsOf(rows.classes).length;
  const scores = new Float64Array(rows.scores.length);
  for (const { inside, outside } of folds) {
    const own = calibrate(
      fitCalibration(method, takeScored(rows, outside)),
      takeScored(rows, inside).scores,
      outputs,
    );
    for (const [i, row] of inside.entries())
      scores.set(own.subarray(i * outputs, (i + 1) * outputs), row * outputs);
  }
  if (ifBetter && logLoss({ ...rows, scores }) >= logLoss(rows)) return plain;
  return { calibration: fitCalibration(method, rows), scores };
}

/** The class of every row by the rule that the rows of the other folds alone give. */
export function giveAcross(
  folds: readonly Fold[],
  scores: Float64Array,
  ruleFor: (outside: Int32Array) => DecisionRule,
  groupOf: (rule: DecisionRule) => (row: number) => string | undefined,
): Uint8Array {
  const rows = folds.reduce((sum, { inside }) => sum + inside.length, 0);
  const outputs = scores.length / rows;
  const given = new Uint8Array(rows);
  for (const { inside, outside } of folds) {
    const rule = ruleFor(outside);
    const groups = groupOf(rule);
    for (const row of inside) given[row] = classAt(scores, row * outputs, thresholdsFor(rule, groups(row)));
  }
  return given;
}

export interface PreparedChange {
  /** The rows to learn from, where some count more than once. */
  weigh?(rows: Int32Array): Int32Array;
  /** How scores become classes, by what is known of these rows alone; `scores` are those of all. */
  decide?(rows: Int32Array, scores: Float64Array, thresholds: Thresholds): DecisionRule;
}

/** The rows to learn from, after every change. */
export function weighedRows(changed: readonly PreparedChange[], rows: Int32Array): Int32Array {
  return changed.reduce((seen, { weigh }) => weigh?.(seen) ?? seen, rows);
}

export interface StartedFolds {
  /** Of each row. */
  readonly fold: Uint8Array;
  readonly folds: readonly Fold[];
  /** A part for each fold, fitted outside it. */
  readonly parts: readonly Promise<FittedPart>[];
  readonly more: readonly Promise<FittedPart>[];
}

/** Starts to fit outside every fold, and what more is to be fitted beside; returns once threads are at work. */
export async function startFolds(
  config: Config,
  data: Dataset,
  changed: readonly PreparedChange[],
  more: (folds: readonly Fold[]) => readonly Part[],
  onProgress?: (share: number) => void,
): Promise<StartedFolds> {
  const { evaluation, model_params, schema, features } = config;
  const fold = stratifiedFolds(data.target, evaluation.folds, model_params.random_state, data.entities);
  refuseAbsentClasses(data.target, rolesOf(schema).target.categories!, fold, evaluation.folds);
  const folds = Array.from({ length: evaluation.folds }, (_, which) => splitFold(fold, which));
  const fitted = await fitParts(
    {
      inputs: data.inputs,
      target: data.target,
      schema,
      engineered: features.engineered,
      params: model_params,
    },
    [
      ...folds.map(({ inside, outside }) => ({ learn: weighedRows(changed, outside), score: inside })),
      ...more(folds),
    ],
    onProgress,
  );
  return { fold, folds, parts: fitted.slice(0, folds.length), more: fitted.slice(folds.length) };
}

export interface JudgedFolds {
  /** As the models gave them, rows × outputs. */
  readonly raw: Float64Array;
  readonly calibration: Calibration;
  readonly scores: Float64Array;
  /** What all rows give; what was given to each follows from the other folds alone. */
  readonly rule: DecisionRule;
  readonly given: Uint8Array;
}

export async function judgeFolds(
  { evaluation, schema }: Config,
  data: Dataset,
  changed: readonly PreparedChange[],
  { folds, parts }: StartedFolds,
): Promise<JudgedFolds> {
  const classes = rolesOf(schema).target.categories!.length;
  const raw = await gatherScores(folds, parts, data.inputs.rows, outputsOf(classes).length);
  const uncalibrated = { classes, labels: data.target, scores: raw };
  const isAuto = evaluation.calibration === 'auto';
  const method = evaluation.calibration === 'auto' ? methodFor(uncalibrated) : evaluation.calibration;
  const { calibration, scores } = calibrateAcross(method, folds, uncalibrated, isAuto);
  const scored = { ...uncalibrated, scores };
  const decide = (rows: Int32Array): DecisionRule => {
    const some = rows.length === data.target.length ? scored : takeScored(scored, rows);
    const thresholds = chooseThresholds(evaluation, some);
    return changed.reduce<DecisionRule>((plain, { decide }) => decide?.(rows, scores, thresholds) ?? plain, {
      thresholds,
    });
  };
  const rule = decide(Int32Array.from(data.target.keys()));
  const groups = groupingsOf(data.sensitive, schema);
  const isChosen = evaluation.threshold === 'max_f1' || rule.by_group !== undefined;
  const given = giveAcross(
    folds,
    scores,
    (outside) => (isChosen ? decide(outside) : rule),
    ({ by_group }) => groupNames(groups, by_group?.column),
  );
  return { raw, calibration, scores, rule, given };
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
