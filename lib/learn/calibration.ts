/** Probabilities that mean what they say: a monotone map from a model's scores, learnt on scores of rows it had not seen. */
import { minimise } from '../numbers/minimise.ts';
import { outputsOf, type ScoredRows } from '../numbers/outputs.ts';

import { fitLogistic, sigmoid } from './logistic.ts';

/** The content of calibration.json. */
export type Calibration =
  | { readonly method: 'none' }
  /** p = σ(intercept + slope × logit(score)) (Platt 1999). */
  | { readonly method: 'platt'; readonly intercept: number; readonly slope: number; readonly least: number }
  /** Straight lines between these points, level outside them (Zadrozny & Elkan 2002). */
  | {
      readonly method: 'isotonic';
      readonly scores: readonly number[];
      readonly probabilities: readonly number[];
    }
  /** p_k ∝ score_k ^ (1 / temperature) (Guo et al. 2017). */
  | { readonly method: 'temperature'; readonly temperature: number; readonly least: number };

export type CalibrationMethod = 'none' | 'platt' | 'isotonic' | 'temperature';

export const UNCALIBRATED: Calibration = { method: 'none' };

/** Rows of the rarer class from which isotonic regression, which has no form to go by, is told enough. */
const MANY = 1000;

/** What suits rows of so many classes: temperature for more than two, Platt for few of the rarer class, isotonic for many. */
export function methodFor({ classes, labels }: Pick<ScoredRows, 'classes' | 'labels'>): CalibrationMethod {
  if (classes > 2) return 'temperature';
  const positives = labels.reduce((sum, y) => sum + y, 0);
  return Math.min(positives, labels.length - positives) < MANY ? 'platt' : 'isotonic';
}

export function fitCalibration(method: CalibrationMethod, rows: ScoredRows): Calibration {
  // No score is surer than so many rows can tell.
  const least = 1 / (rows.labels.length + 2);
  if (method === 'platt') return fitPlatt(rows, least);
  if (method === 'isotonic') return fitIsotonic(rows, least);
  return method === 'temperature' ? fitTemperature(rows, least) : UNCALIBRATED;
}

/** Scores, rows × outputs, as probabilities. */
export function calibrate(calibration: Calibration, scores: Float64Array, outputs: number): Float64Array {
  if (calibration.method === 'platt') {
    const { intercept, slope, least } = calibration;
    return scores.map((score) => sigmoid(intercept + slope * logit(score, least)));
  }
  if (calibration.method === 'isotonic') {
    const { scores: points, probabilities } = calibration;
    return scores.map((score) => interpolate(points, probabilities, score));
  }
  if (calibration.method === 'none') return scores;
  const { temperature, least } = calibration;
  const calibrated = scores.map((score) => Math.max(score, least) ** (1 / temperature));
  for (let at = 0; at < calibrated.length; at += outputs) {
    let sum = 0;
    for (let k = 0; k < outputs; k++) sum += calibrated[at + k]!;
    for (let k = 0; k < outputs; k++) calibrated[at + k]! /= sum;
  }
  return calibrated;
}

function logit(score: number, least: number): number {
  const kept = Math.min(Math.max(score, least), 1 - least);
  return Math.log(kept / (1 - kept));
}

/** Logistic regression on the logit, all but free of a penalty. */
const FREE = 1e6;
const STEPS = 1e6;

function fitPlatt({ labels, scores }: ScoredRows, least: number): Calibration {
  const values = scores.map((score) => logit(score, least));
  const matrix = { names: ['logit'], rows: labels.length, values };
  const { intercepts, coefficients } = fitLogistic(matrix, labels, {
    C: FREE,
    maxIter: STEPS,
    classWeights: [1, 1],
  });
  const slope = coefficients[0]![0]!;
  // A score that ranks the wrong way round tells nothing but the share of the class.
  if (!(slope > 0)) return { method: 'platt', intercept: shareLogit(labels, least), slope: 0, least };
  return { method: 'platt', intercept: intercepts[0]!, slope, least };
}

function shareLogit(labels: Uint8Array, least: number): number {
  return logit(labels.reduce((sum, y) => sum + y, 0) / labels.length, least);
}

/** Pool adjacent violators (Ayer et al. 1955), over groups of equal scores; probabilities are kept `least` from 0 and 1. */
export function fitIsotonic({ labels, scores }: ScoredRows, least = 0): Calibration {
  const order = Int32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const pools: { from: number; to: number; positives: number; rows: number }[] = [];
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i]!]!;
    let [positives, rows] = [0, 0];
    for (; i < order.length && scores[order[i]!] === score; i++) {
      positives += labels[order[i]!]!;
      rows++;
    }
    let pool = { from: score, to: score, positives, rows };
    for (
      let last = pools.at(-1);
      last !== undefined && last.positives * pool.rows >= pool.positives * last.rows;
      last = pools.at(-1)
    ) {
      pools.pop();
      pool = {
        from: last.from,
        to: pool.to,
        positives: last.positives + pool.positives,
        rows: last.rows + pool.rows,
      };
    }
    pools.push(pool);
  }
  const kept = (pool: (typeof pools)[number]) =>
    Math.min(Math.max(pool.positives / pool.rows, least), 1 - least);
  const points = pools.flatMap((pool) =>
    pool.from === pool.to
      ? [[pool.from, kept(pool)]]
      : [
          [pool.from, kept(pool)],
          [pool.to, kept(pool)],
        ],
  );
  return {
    method: 'isotonic',
    scores: points.map(([score]) => score!),
    probabilities: points.map(([, probability]) => probability!),
  };
}

function interpolate(points: readonly number[], values: readonly number[], x: number): number {
  if (x <= points[0]!) return values[0]!;
  if (x >= points.at(-1)!) return values.at(-1)!;
  let [low, high] = [0, points.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle]! <= x) low = middle;
    else high = middle;
  }
  const share = (x - points[low]!) / (points[high]! - points[low]!);
  return values[low]! + share * (values[high]! - values[low]!);
}

/** The inverse temperature of the lowest log loss. */
function fitTemperature({ classes, labels, scores }: ScoredRows, least: number): Calibration {
  const outputs = outputsOf(classes).length;
  const logs = scores.map((score) => Math.log(Math.max(score, least)));
  const powers = new Float64Array(outputs);
  const [inverse] = minimise(
    ([power = 1], gradient) => {
      let [loss, slope] = [0, 0];
      for (let row = 0; row < labels.length; row++) {
        const at = row * outputs;
        let highest = Number.NEGATIVE_INFINITY;
        for (let k = 0; k < outputs; k++) highest = Math.max(highest, power * logs[at + k]!);
        let sum = 0;
        for (let k = 0; k < outputs; k++) {
          powers[k] = Math.exp(power * logs[at + k]! - highest);
          sum += powers[k]!;
        }
        const own = logs[at + labels[row]!]!;
        loss += highest + Math.log(sum) - power * own;
        for (let k = 0; k < outputs; k++) slope += (powers[k]! / sum) * logs[at + k]!;
        slope -= own;
      }
      gradient[0] = slope / labels.length;
      return loss / labels.length;
    },
    Float64Array.of(1),
    { steps: 200, tolerance: 1e-9 },
  );
  // The wrong way round it would turn likely classes into unlikely ones.
  return { method: 'temperature', temperature: 1 / Math.max(inverse!, least), least };
}
