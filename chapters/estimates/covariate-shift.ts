/** The rate of errors that training rows would have if they came as production's do. */
import { fitLogistic, sigmoid } from '../../lib/learn/logistic.ts';
import { around } from '../../lib/measure/estimates.ts';
import { influenceOfRatio } from '../../lib/measure/influence.ts';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';

export interface Weighted {
  readonly estimate: Estimate;
  /** As many training rows of equal weight tell as much (Kish 1965); few where production is unlike training. */
  readonly effective_rows: number;
}

/** Weights are cut at this multiple of their mean: one row is not to stand for many. */
const LARGEST = 20;

/**
 * Importance-weighted validation (Shimodaira 2000; Sugiyama, Krauledat & Müller 2007): weights are the odds that a row is of
 * production, by a logistic regression that tells both apart. Right if the class given the inputs is as in training. Features
 * are standardised; `wrong` is 1 or 0 for each training row.
 */
export function weightedErrors(
  training: Matrix,
  production: Matrix,
  wrong: Float64Array,
  confidence: number,
): Weighted {
  const width = training.names.length;
  const values = new Float64Array((training.rows + production.rows) * width);
  values.set(training.values);
  values.set(production.values, training.values.length);
  const target = new Uint8Array(training.rows + production.rows).fill(1, training.rows);
  const { intercepts, coefficients } = fitLogistic(
    { names: training.names, rows: target.length, values },
    target,
    { C: 1, maxIter: 1e6, classWeights: [1, 1] },
  );
  const odds = Float64Array.from({ length: training.rows }, (_, row) => {
    let margin = intercepts[0]!;
    for (let f = 0; f < width; f++) margin += coefficients[0]![f]! * values[row * width + f]!;
    const p = sigmoid(margin);
    return p / Math.max(1 - p, 1e-12);
  });
  const mean = odds.reduce((sum, x) => sum + x, 0) / odds.length;
  const weights = odds.map((x) => Math.min(x, LARGEST * mean));
  const [sum, squares] = [
    weights.reduce((total, x) => total + x, 0),
    weights.reduce((total, x) => total + x * x, 0),
  ];
  const influence = influenceOfRatio(training.rows, (row) => [weights[row]! * wrong[row]!, weights[row]!]);
  const value = weights.reduce((total, weight, row) => total + weight * wrong[row]!, 0) / sum;
  const variance = influence.reduce((total, x) => total + x * x, 0);
  const effective_rows = sum ** 2 / squares;
  const { low, high } = around(value, variance, effective_rows, confidence);
  return { estimate: { value, low: Math.max(0, low), high: Math.min(1, high) }, effective_rows };
}
