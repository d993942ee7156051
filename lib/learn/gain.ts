/** The best second-order split of a node (Chen & Guestrin 2016, XGBoost, equation 7) from its histogram. */
import type { BinColumns } from './bins.ts';
import { MISSING } from './bins.ts';
import { GRADIENT } from './boosting-shard.ts';

export interface GainSplit {
  readonly feature: number;
  /** Rows whose bin in this column is low … high go right. */
  readonly column: number;
  readonly low: number;
  readonly high: number;
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

/** A node, and its best split so far. */
interface Search {
  /** Gradient and hessian sum. */
  readonly G: number;
  readonly H: number;
  readonly l2: number;
  readonly minHessian: number;
  score: number;
  feature: number;
  column: number;
  low: number;
  high: number;
  missingLeft: boolean;
  left: number;
}

/**
 * The best split, or undefined where none gains. `total` is the node's packed sum and `cover` its rows; a child's
 * rows are estimated from its share of the hessian, as in LightGBM. Of equal splits the first feature's counts.
 */
export function bestGainSplit(
  histogram: Float64Array,
  columns: BinColumns,
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
  const score = floor * (1 + 1e-12) + 1e-9;
  const search: Search = {
    G,
    H,
    l2,
    minHessian,
    score,
    feature: -1,
    column: 0,
    low: 0,
    high: 0,
    missingLeft: false,
    left: 0,
  };
  for (let column = 0; column < columns.length; column++) {
    const features = columns[column]!;
    if (features.length === 1) scanBins(histogram, column, features[0]!, binCounts[features[0]!]!, search);
    else scanBundle(histogram, column, features, total, search);
  }
  if (search.feature < 0) return undefined;
  const { feature, column, low, high, missingLeft, left } = search;
  return { feature, column, low, high, missingLeft, gain: (4 * (search.score - floor)) / levels, left };
}

/** Every place between two bins, with missing values on either side. */
function scanBins(
  histogram: Float64Array,
  column: number,
  feature: number,
  binCount: number,
  search: Search,
): void {
  const { G, H, l2, minHessian } = search;
  const base = column * 256;
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
      if (score <= search.score) continue;
      search.score = score;
      search.feature = feature;
      search.column = column;
      search.low = b + 1;
      search.missingLeft = missing !== 0 ? side === 1 : 2 * hessian >= H;
      search.high = search.missingLeft ? MISSING - 1 : MISSING;
      search.left = left;
    }
  }
}

/** Each feature of a bundle: the rows where it is 1 go right. */
function scanBundle(
  histogram: Float64Array,
  column: number,
  features: readonly number[],
  total: number,
  search: Search,
): void {
  const { G, H, l2, minHessian } = search;
  const base = column * 256 + 1;
  for (let i = 0; i < features.length; i++) {
    const right = histogram[base + i]!;
    const gradient = Math.floor(right / GRADIENT);
    const hessian = right - gradient * GRADIENT;
    const rest = H - hessian;
    if (hessian < minHessian || rest < minHessian) continue;
    const other = G - gradient;
    const score = (other * other) / (rest + l2) + (gradient * gradient) / (hessian + l2);
    if (score <= search.score) continue;
    search.score = score;
    search.feature = features[i]!;
    search.column = column;
    search.low = i + 1;
    search.high = i + 1;
    search.missingLeft = 2 * rest >= H;
    search.left = total - right;
  }
}
