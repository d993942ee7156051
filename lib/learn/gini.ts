/** The best Gini split of a node among the features drawn for it. */
import { MISSING } from './bins.ts';
import { clearBins, countKernel, occupiedBins } from './class-histogram.ts';
import type { ForestData, ForestTreeParams } from './forest-data.ts';
import type { TaggedRows } from './partition.ts';

export interface GiniSplit {
  feature: number;
  /** Rows whose bin is ≤ this one go left; −1 while there is no split. */
  bin: number;
  missingLeft: boolean;
  /** Σ left_k² / left + Σ right_k² / right: the larger, the lower the children's Gini impurity. */
  score: number;
  /** Class counts of the left child. */
  leftCounts: number[];
}

/** Finds splits over rows [start, end) of the sample. */
export interface GiniScanner {
  /** Improves `best` by the splits of up to four features (features[from] …). */
  scan(
    features: Int32Array,
    from: number,
    count: number,
    start: number,
    end: number,
    counts: readonly number[],
    best: GiniSplit,
  ): void;
  /** The same from the counts of a node. */
  scanCounts(
    histogram: Int32Array,
    features: Int32Array,
    from: number,
    count: number,
    counts: readonly number[],
    best: GiniSplit,
  ): void;
  /** Class counts of every feature: histogram[feature × 256 × classes + bin × classes + class]. */
  countAll(start: number, end: number, histogram: Int32Array): Int32Array;
}

/** A large node visits every bin. */
const ALL_BINS = Uint8Array.from({ length: 256 }, (_, bin) => bin);

export function giniScanner(data: ForestData, params: ForestTreeParams, sample: TaggedRows): GiniScanner {
  const { classes, edges, bins, rows: total } = data;
  const { rows, tags } = sample;
  const { minSamplesLeaf } = params;
  const weights = Float64Array.from(params.classWeights);
  const own = new Int32Array(4 * 256 * classes);
  const columns = new Int32Array(4);
  const occupied = new Uint8Array(256);
  const marks = new Int32Array(8);
  const left = new Float64Array(classes);
  const right = new Float64Array(classes);
  const found = new Float64Array(2 + classes);
  const kernels = [1, 2, 3, 4].map((count) => countKernel(count, classes));

  const scan: GiniScanner['scan'] = (features, from, count, start, end, counts, best) => {
    for (let slot = 0; slot < count; slot++) columns[slot] = features[from + slot]! * total;
    kernels[count - 1]!(bins, columns, rows, tags, start, end, own);
    for (let slot = 0; slot < count; slot++) {
      const feature = features[from + slot]!;
      const base = slot * 256 * classes;
      const binCount = edges[feature]!.length + 1;
      const dense = end - start >= binCount / 2;
      const visit = dense ? ALL_BINS : occupied;
      const visited = dense
        ? binCount
        : occupiedBins(bins, columns[slot]!, rows, start, end, marks, occupied);
      improve(own, feature, base, visit, visited, counts, best);
      clearBins(own, slot, classes, visit, visited);
    }
  };
  const scanCounts: GiniScanner['scanCounts'] = (histogram, features, from, count, counts, best) => {
    for (let i = from; i < from + count; i++) {
      const feature = features[i]!;
      improve(
        histogram,
        feature,
        feature * 256 * classes,
        ALL_BINS,
        edges[feature]!.length + 1,
        counts,
        best,
      );
    }
  };
  const countAll: GiniScanner['countAll'] = (start, end, histogram) => {
    histogram.fill(0);
    for (let feature = 0; feature < edges.length; feature += 4) {
      const count = Math.min(4, edges.length - feature);
      for (let slot = 0; slot < count; slot++) columns[slot] = (feature + slot) * total;
      kernels[count - 1]!(bins, columns, rows, tags, start, end, histogram.subarray(feature * 256 * classes));
    }
    return histogram;
  };
  return { scan, scanCounts, countAll };

  /** Missing values are tried on both sides; without any, they will follow the larger child. */
  function improve(
    histogram: Int32Array,
    feature: number,
    base: number,
    visit: Uint8Array,
    visited: number,
    counts: readonly number[],
    best: GiniSplit,
  ): void {
    const missingAt = base + MISSING * classes;
    let missingCover = 0;
    let cover = 0;
    for (let k = 0; k < classes; k++) {
      missingCover += histogram[missingAt + k]!;
      cover += counts[k]!;
    }
    for (let side = missingCover > 0 ? 1 : 0; side >= 0; side--) {
      for (let k = 0; k < classes; k++) {
        left[k] = side * histogram[missingAt + k]! * weights[k]!;
        right[k] = counts[k]! * weights[k]! - left[k]!;
      }
      const leftStart = side * missingCover;
      const bin = sweep(
        histogram,
        base,
        visit,
        visited,
        weights,
        left,
        right,
        leftStart,
        cover,
        minSamplesLeaf,
        best.score,
        found,
      );
      if (bin < 0) continue;
      best.feature = feature;
      best.bin = bin;
      best.score = found[0]!;
      best.missingLeft = missingCover > 0 ? side === 1 : 2 * found[1]! >= cover;
      for (let k = 0; k < classes; k++) best.leftCounts[k] = Math.round(found[2 + k]! / weights[k]!);
    }
  }
}

/**
 * Moves bin after bin from right to left and returns the bin after which the score is highest and above `floor`,
 * or −1; writes that score, the left child's cover and its weighted class counts to `out`. `left` and `right` hold
 * weighted class counts, `occupied` the bins to visit.
 */
function sweep(
  histogram: Int32Array,
  base: number,
  occupied: Uint8Array,
  visited: number,
  weights: Float64Array,
  left: Float64Array,
  right: Float64Array,
  leftStart: number,
  cover: number,
  minSamplesLeaf: number,
  floor: number,
  out: Float64Array,
): number {
  const classes = weights.length;
  let leftCover = leftStart;
  let leftTotal = 0;
  let leftSquares = 0;
  let rightTotal = 0;
  let rightSquares = 0;
  for (let k = 0; k < classes; k++) {
    leftTotal += left[k]!;
    rightTotal += right[k]!;
    leftSquares += left[k]! * left[k]!;
    rightSquares += right[k]! * right[k]!;
  }
  let best = floor;
  let bestBin = -1;
  for (let i = 0; i < visited; i++) {
    const b = occupied[i]!;
    const at = base + b * classes;
    const before = leftCover;
    for (let k = 0; k < classes; k++) {
      const count = histogram[at + k]!;
      if (count === 0) continue;
      const weight = count * weights[k]!;
      const l = left[k]!;
      const r = right[k]!;
      leftCover += count;
      leftSquares += weight * (2 * l + weight);
      rightSquares -= weight * (2 * r - weight);
      left[k] = l + weight;
      right[k] = r - weight;
      leftTotal += weight;
      rightTotal -= weight;
    }
    if (leftCover === before || leftCover < minSamplesLeaf) continue;
    if (cover - leftCover < minSamplesLeaf || leftCover === cover) break;
    const score = leftSquares / leftTotal + rightSquares / rightTotal;
    if (score > best) {
      best = score;
      bestBin = b;
      out[0] = score;
      out[1] = leftCover;
      for (let k = 0; k < classes; k++) out[2 + k] = left[k]!;
    }
  }
  return bestBin;
}
