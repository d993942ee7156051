/** What is said of training rows by what was learnt without them: scores, probabilities and classes. */
import { type Calibration, type CalibrationMethod, calibrate, fitCalibration } from '../learn/calibration.ts';
import { logLoss, takeScored } from '../measure/metrics.ts';
import { classAt, type DecisionRule, outputsOf, type ScoredRows, thresholdsFor } from '../numbers/outputs.ts';
import type { FittedPart } from './part.ts';

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
