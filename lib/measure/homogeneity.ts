/** Whether two samples over bins may be of one distribution. */
import { random } from '../numbers/random.ts';
import { chiSquaredTail, logChoose } from './intervals.ts';

/** Fewer rows than this in a bin are too few for the χ² distribution (Cochran 1954). */
const EXPECTED = 5;
/** Up to so many rows chance is drawn; of more, bins of few rows are put together. */
const DRAWN_ROWS = 500;
const DRAWS = 9999;
/** Draws as extreme as what was seen, after which the chance is known well enough (Besag & Clifford 1991). */
const ENOUGH = 20;

/**
 * The chance that two samples of one distribution lie so far apart over bins: Pearson's χ² test of homogeneity, where counts
 * are small by drawing the second sample from both (permutation test, Phipson & Smyth 2010).
 */
export function homogeneity(before: readonly number[], now: readonly number[]): number {
  const used = before.flatMap((x, i) => (x + now[i]! > 0 ? [[x, now[i]!] as const] : []));
  const [m, n] = [sum(before), sum(now)];
  const least = Math.min(m, n) / (m + n);
  const isSmall = used.some(([x, y]) => (x + y) * least < EXPECTED);
  if (isSmall && n <= DRAWN_ROWS) return drawnChance(used, m, n);
  const bins = isSmall ? joined(used, least) : used;
  if (bins.length < 2) return 1;
  return chiSquaredTail(pearson(bins, m, n), bins.length - 1);
}

type Bin = readonly [before: number, now: number];

function pearson(bins: readonly Bin[], m: number, n: number): number {
  let statistic = 0;
  for (const [x, y] of bins) {
    const [a, b] = [((x + y) * m) / (m + n), ((x + y) * n) / (m + n)];
    statistic += (x - a) ** 2 / a + (y - b) ** 2 / b;
  }
  return statistic;
}

/** Bins of few rows as one, with the next smallest where they are still too few. */
function joined(bins: readonly Bin[], least: number): Bin[] {
  const ascending = [...bins].sort(([a, b], [c, d]) => a + b - c - d);
  let rare: Bin = [0, 0];
  while (ascending.length > 0) {
    const [x, y] = ascending[0]!;
    const isEnough = rare[0] + rare[1] === 0 || (rare[0] + rare[1]) * least >= EXPECTED;
    if (isEnough && (x + y) * least >= EXPECTED) break;
    rare = [rare[0] + x, rare[1] + y];
    ascending.shift();
  }
  return rare[0] + rare[1] === 0 ? ascending : [rare, ...ascending];
}

function drawnChance(bins: readonly Bin[], m: number, n: number): number {
  const seen = pearson(bins, m, n);
  const totals = bins.map(([x, y]) => x + y);
  const pool = new Uint16Array(m + n);
  for (let bin = 0, at = 0; bin < totals.length; at += totals[bin]!, bin++)
    pool.fill(bin, at, at + totals[bin]!);
  const { int } = random(0, 'drift', m, n);
  const drawn = new Int32Array(bins.length);
  let extreme = 0;
  for (let draw = 1; draw <= DRAWS; draw++) {
    drawn.fill(0);
    for (let i = 0; i < n; i++) {
      const j = i + int(pool.length - i);
      const bin = pool[j]!;
      pool[j] = pool[i]!;
      pool[i] = bin;
      drawn[bin]!++;
    }
    let statistic = 0;
    for (let bin = 0; bin < totals.length; bin++) {
      const expected = (totals[bin]! * n) / (m + n);
      statistic += (drawn[bin]! - expected) ** 2 / expected;
    }
    // Both samples' parts are in proportion, so that the second one's orders draws as both do.
    if (statistic * ((m + n) / m) >= seen * (1 - 1e-12)) extreme++;
    if (extreme === ENOUGH) return extreme / draw;
  }
  // Rarer than the draws can say: as rare as the count of the oddest bin, which is known exactly, times the bins.
  return extreme > 0 ? (extreme + 1) / (DRAWS + 1) : Math.min(1 / (DRAWS + 1), rarestCount(bins, m, n));
}

/** The chance of a count as far out in any bin, at most (Fisher's exact test by bin, Bonferroni). */
function rarestCount(bins: readonly Bin[], m: number, n: number): number {
  const tails = bins.map(([x, y]) => {
    const chance = (k: number) =>
      Math.exp(logChoose(x + y, k) + logChoose(m + n - x - y, n - k) - logChoose(m + n, n));
    let [below, above] = [0, 0];
    for (let k = Math.max(0, n - (m + n - x - y)); k <= Math.min(n, x + y); k++) {
      if (k <= y) below += chance(k);
      if (k >= y) above += chance(k);
    }
    return 2 * Math.min(below, above);
  });
  return Math.min(1, bins.length * Math.min(...tails));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
