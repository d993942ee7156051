/** The best second-order split of a node (Chen & Guestrin 2016, XGBoost, equation 7) from its histogram. */
import { MISSING } from './bins.ts';
import { GRADIENT } from './boosting-shard.ts';

export interface GainSplit {
  readonly feature: number;
  /** Rows whose bin is ≤ this one go left. */
  readonly bin: number;
  readonly missingLeft: boolean;
  readonly gain: number;
  /** Packed gradient and hessian sum of the left child. */
  readonly left: number;
}

export interface GainParams {
  readonly l2: number;
  readonly minSamplesLeaf: number;
  readonly minHessianLeaf: number;
  /** Units per 1 of gradient; a hessian has four times as many. */
  readonly levels: number;
}

export function unpackGradient(sum: number): number {
  return Math.floor(sum / GRADIENT);
}

export function unpackHessian(sum: number): number {
  return sum - Math.floor(sum / GRADIENT) * GRADIENT;
}

/**
 * The best split, or undefined where none gains. `total` is the node's packed sum and `cover` its rows; a child's
 * rows are estimated from its share of the hessian, as in LightGBM.
 */
export function bestGainSplit(
  histogram: Float64Array,
  binCounts: readonly number[],
  total: number,
  cover: number,
  params: GainParams,
): GainSplit | undefined {
  const { levels, minSamplesLeaf, minHessianLeaf } = params;
  const l2 = params.l2 * levels * 4;
  const G = unpackGradient(total);
  const H = unpackHessian(total);
  const minHessian = Math.max(minHessianLeaf * levels * 4, ((minSamplesLeaf - 0.5) * H) / cover);
  const floor = (G * G) / (H + l2);
  let bestScore = floor * (1 + 1e-12) + 1e-9;
  let best: GainSplit | undefined;
  for (let feature = 0; feature < binCounts.length; feature++) {
    const base = feature * 256;
    const binCount = binCounts[feature]!;
    const missing = histogram[base + MISSING]!;
    for (let side = missing !== 0 ? 1 : 0; side >= 0; side--) {
      let left = side * missing;
      // After the last bin, only missing values are left to go right.
      const bins = missing !== 0 && side === 0 ? binCount : binCount - 1;
      for (let b = 0; b < bins; b++) {
        const cell = histogram[base + b]!;
        if (cell === 0) continue;
        left += cell;
        const gradient = Math.floor(left / GRADIENT);
        const hessian = left - gradient * GRADIENT;
        if (hessian < minHessian) continue;
        const rest = H - hessian;
        if (rest < minHessian) break;
        const other = G - gradient;
        const score = (gradient * gradient) / (hessian + l2) + (other * other) / (rest + l2);
        if (score > bestScore) {
          bestScore = score;
          const missingLeft = missing !== 0 ? side === 1 : 2 * hessian >= H;
          best = { feature, bin: b, missingLeft, gain: (4 * (score - floor)) / levels, left };
        }
      }
    }
  }
  return best;
}
