/**
 * What each row adds to a metric, to first order (its influence function, Hampel 1974): the sum of their squares estimates the
 * metric's variance, the sum of their products the covariance of two metrics of the same rows, and where rows come in
 * clusters the sums over a cluster take the place of a row (Liang & Zeger 1986).
 */
import type { Ranking } from './metrics.ts';

/** Of a share: `counts` says by row what it adds to the numerator and to the denominator. */
export function influenceOfRatio(
  rows: number,
  counts: (row: number) => readonly [part: number, whole: number],
): Float64Array {
  let part = 0;
  let whole = 0;
  for (let row = 0; row < rows; row++) {
    const [a, b] = counts(row);
    part += a;
    whole += b;
  }
  const influence = new Float64Array(rows);
  if (whole === 0) return influence;
  for (let row = 0; row < rows; row++) {
    const [a, b] = counts(row);
    influence[row] = (a - (part / whole) * b) / whole;
  }
  return influence;
}

/**
 * Of the area under the ROC curve (DeLong, DeLong & Clarke-Pearson 1988) and of the average precision, for which a negative row
 * weighs `negativeWeight`.
 */
export function influenceOfRanking(
  { order, groupEnds, labels }: Ranking,
  negativeWeight = 1,
): {
  roc_auc: Float64Array;
  pr_auc: Float64Array;
} {
  const rows = order.length;
  const positives = labels.reduce((sum, y) => sum + y, 0);
  const negatives = rows - positives;
  const [area, precision] = [new Float64Array(rows), new Float64Array(rows)];
  if (positives === 0 || negatives === 0) return { roc_auc: area, pr_auc: precision };
  // Per group of equal scores: positives and what all rows weigh down to its end, from the highest score on.
  const [found, seen] = [new Float64Array(groupEnds.length), new Float64Array(groupEnds.length)];
  let [sumArea, sumPrecision] = [0, 0];
  forGroups(groupEnds, (g, from, end) => {
    let inGroup = 0;
    for (let i = from; i < end; i++) inGroup += labels[i]!;
    const before = g === 0 ? 0 : found[g - 1]!;
    found[g] = before + inGroup;
    seen[g] = found[g]! + negativeWeight * (end - found[g]!);
    const [above, here] = [from - before, end - from - inGroup];
    const below = (negatives - above - here / 2) / negatives;
    for (let i = from; i < end; i++)
      area[order[i]!] = labels[i] === 1 ? below : (before + inGroup / 2) / positives;
    sumArea += inGroup * below;
    sumPrecision += (inGroup * found[g]!) / seen[g]!;
  });
  const [meanArea, meanPrecision] = [sumArea / positives, sumPrecision / positives];
  // What one more row, positive or negative, changes in the precision at every positive at or below it.
  let [gained, lost] = [0, 0];
  for (let g = groupEnds.length - 1; g >= 0; g--) {
    const from = g === 0 ? 0 : groupEnds[g - 1]!;
    const end = groupEnds[g]!;
    const inGroup = found[g]! - (g === 0 ? 0 : found[g - 1]!);
    gained += (inGroup * (seen[g]! - found[g]!)) / seen[g]! ** 2;
    lost += (inGroup * found[g]!) / seen[g]! ** 2;
    for (let i = from; i < end; i++) {
      const row = order[i]!;
      const isPositive = labels[i] === 1;
      area[row] = (area[row]! - meanArea) / (isPositive ? positives : negatives);
      precision[row] =
        (isPositive ? found[g]! / seen[g]! - meanPrecision + gained : -negativeWeight * lost) / positives;
    }
  }
  return { roc_auc: area, pr_auc: precision };
}

function forGroups(ends: Int32Array, visit: (g: number, from: number, end: number) => void): void {
  let from = 0;
  for (let g = 0; g < ends.length; g++) {
    visit(g, from, ends[g]!);
    from = ends[g]!;
  }
}
