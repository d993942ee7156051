/** The rate of errors where only some of the truth is there, with the help of what the model expects of the rest. */
import { criticalValue } from '../../lib/measure/intervals.ts';
import type { Estimate } from '../../lib/numbers/estimate.ts';

export interface PartialTruth {
  readonly estimate: Estimate;
  /** Valid at every look, from some number of labels on (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, equation 5). */
  readonly at_every_look: Estimate;
  /** How much the expectations count: 0 where they tell nothing of the errors. */
  readonly power: number;
}

/**
 * Prediction-powered mean (Angelopoulos, Duchi & Zrnic 2023, PPI++): `wrong` is 1 or 0 for rows whose truth is known, `expected`
 * what the model expects of the same rows, `others` of those whose truth is not. The labelled rows must be as if drawn from all.
 */
export function predictionPowered(
  wrong: Float64Array,
  expected: Float64Array,
  others: Float64Array,
  confidence: number,
): PartialTruth {
  const [n, all] = [wrong.length, others.length];
  const power = powerOf(wrong, expected, others);
  const rest = wrong.map((x, i) => x - power * expected[i]!);
  const value = mean(rest) + (all === 0 ? power * mean(expected) : power * mean(others));
  const variance = varianceOf(rest) / n + (all === 0 ? 0 : (power * power * varianceOf(others)) / all);
  const around = (reach: number): Estimate => ({
    value: within(value),
    low: within(value - reach),
    high: within(value + reach),
  });
  return {
    estimate: around(criticalValue(confidence) * Math.sqrt(variance)),
    at_every_look: around(everyLook(n, 1 - confidence) * Math.sqrt(variance * n)),
    power,
  };
}

/** The weight of the lowest variance, from 0 to 1. */
function powerOf(wrong: Float64Array, expected: Float64Array, others: Float64Array): number {
  const [n, all] = [wrong.length, others.length];
  if (all === 0) return 0;
  const [a, b] = [mean(wrong), mean(expected)];
  let covariance = 0;
  for (let i = 0; i < n; i++) covariance += ((wrong[i]! - a) * (expected[i]! - b)) / (n - 1);
  const spread = varianceOf(others);
  return spread === 0 ? 0 : Math.min(1, Math.max(0, covariance / ((1 + n / all) * spread)));
}

/** The number of labels at which the sequence is narrowest. */
const NARROWEST = 300;

/** Half the width of a confidence sequence, in standard deviations. */
function everyLook(n: number, alpha: number): number {
  const rho2 = (-2 * Math.log(alpha) + Math.log(-2 * Math.log(alpha)) + 1) / NARROWEST;
  return Math.sqrt(((2 * (n * rho2 + 1)) / (n * n * rho2)) * Math.log(Math.sqrt(n * rho2 + 1) / alpha));
}

function within(x: number): number {
  return Math.min(1, Math.max(0, x));
}

function mean(values: Float64Array): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

function varianceOf(values: Float64Array): number {
  const centre = mean(values);
  return values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / Math.max(1, values.length - 1);
}
