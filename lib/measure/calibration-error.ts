/** How far probabilities are from shares, over bins of equally many rows. */
import type { Estimate } from '../numbers/estimate.ts';
import { criticalValue } from './intervals.ts';

const BINS = 10;
const LEAST_ROWS = 5;

/**
 * The root of the mean squared difference between the mean probability and the share that is true, over quantile bins, without
 * what chance adds (Kumar, Liang & Ma 2019, debiased estimator); its interval by the delta method. Undefined (NaN) for fewer
 * than ten rows.
 */
export function calibrationError(
  probabilities: Float64Array,
  truths: Uint8Array,
  confidence: number,
): Estimate {
  const rows = probabilities.length;
  const bins = Math.min(BINS, Math.floor(rows / LEAST_ROWS));
  if (bins < 2) return { value: Number.NaN, low: 0, high: 1 };
  const order = Int32Array.from(probabilities.keys()).sort((a, b) => probabilities[a]! - probabilities[b]!);
  let squared = 0;
  let variance = 0;
  for (let bin = 0; bin < bins; bin++) {
    const own = order.subarray(Math.floor((bin * rows) / bins), Math.floor(((bin + 1) * rows) / bins));
    const off = Float64Array.from(own, (row) => probabilities[row]! - truths[row]!);
    const mean = off.reduce((sum, x) => sum + x, 0) / off.length;
    const spread = off.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (off.length - 1) / off.length;
    const share = off.length / rows;
    squared += share * (mean * mean - spread);
    variance += share * share * (4 * mean * mean * spread + 2 * spread * spread);
  }
  const reach = criticalValue(confidence) * Math.sqrt(variance);
  const root = (x: number) => Math.sqrt(Math.max(0, x));
  return { value: root(squared), low: root(squared - reach), high: root(squared + reach) };
}
