/**
 * Scoring with many trees. Every value is binned once by the thresholds of the whole ensemble; then each step down a
 * tree is integer arithmetic without a branch, four rows at a time. One row and many rows give the same bits.
 */
import { binFinder } from './bins.ts';
import type { Tree } from './tree.ts';

const BLOCK = 256;
const LAST_BIN = 65_535;

export interface TreeScorer {
  /** Sum of the trees' output `output` for each row of row-major values; rows × features in, rows out. */
  sums(values: Float64Array, rows: number): Float64Array;
}

export function treeScorer(trees: readonly Tree[], features: number, output: number): TreeScorer {
  const edges = thresholdsOf(trees, features);
  const finders = edges.map(binFinder);
  const nodes = trees.reduce((sum, tree) => sum + tree.left.length, 0);
  /**
   * Per node: feature << 16 | last bin that goes left; LAST_BIN for a leaf. A feature beyond the last reads missing
   * values as lowest.
   */
  const tests = new Int32Array(nodes);
  /** Per node: its left child; a leaf is its own, and no bin is beyond LAST_BIN, so it is never left. */
  const lefts = new Int32Array(nodes);
  const values = new Float64Array(nodes);
  const roots = new Int32Array(trees.length);
  let first = 0;
  for (const [t, tree] of trees.entries()) {
    roots[t] = first;
    for (let node = 0; node < tree.left.length; node++) {
      const at = first + node;
      const left = tree.left[node]!;
      values[at] = tree.value[node]![output]!;
      lefts[at] = left === 0 ? at : first + left;
      const feature = tree.feature[node]!;
      const column = feature + (tree.missing_left[node] === 1 ? features : 0);
      tests[at] = left === 0 ? LAST_BIN : (column << 16) | finders[feature]!(tree.threshold[node]!);
    }
    first += tree.left.length;
  }
  const width = 2 * features;
  const bins = new Uint16Array(BLOCK * width);

  return {
    sums(matrix, rows) {
      const sums = new Float64Array(rows);
      for (let start = 0; start < rows; start += BLOCK) {
        const count = Math.min(BLOCK, rows - start);
        for (let f = 0; f < features; f++) {
          const find = finders[f]!;
          for (let i = 0, at = start * features + f; i < count; i++, at += features) {
            const x = matrix[at]!;
            const missing = Number.isNaN(x);
            const bin = missing ? 0 : find(x);
            bins[i * width + f] = missing ? LAST_BIN : bin;
            bins[i * width + features + f] = bin;
          }
        }
        for (let t = 0; t < roots.length; t++) {
          descend(tests, lefts, values, bins, width, roots[t]!, count, sums, start);
        }
      }
      return sums;
    },
  };
}

/** Takes `count` binned rows down one tree, four together until all have reached a leaf; adds to sums[start …]. */
function descend(
  tests: Int32Array,
  lefts: Int32Array,
  values: Float64Array,
  bins: Uint16Array,
  width: number,
  root: number,
  count: number,
  sums: Float64Array,
  start: number,
): void {
  let i = 0;
  for (; i + 3 < count; i += 4) {
    const a = i * width;
    const b = a + width;
    const c = b + width;
    const d = c + width;
    let w = root;
    let x = root;
    let y = root;
    let z = root;
    for (;;) {
      const s = tests[w]!;
      const t = tests[x]!;
      const u = tests[y]!;
      const v = tests[z]!;
      if (((s ^ LAST_BIN) | (t ^ LAST_BIN) | (u ^ LAST_BIN) | (v ^ LAST_BIN)) === 0) break;
      w = lefts[w]! + (((s & 0xffff) - bins[a + (s >>> 16)]!) >>> 31);
      x = lefts[x]! + (((t & 0xffff) - bins[b + (t >>> 16)]!) >>> 31);
      y = lefts[y]! + (((u & 0xffff) - bins[c + (u >>> 16)]!) >>> 31);
      z = lefts[z]! + (((v & 0xffff) - bins[d + (v >>> 16)]!) >>> 31);
    }
    sums[start + i]! += values[w]!;
    sums[start + i + 1]! += values[x]!;
    sums[start + i + 2]! += values[y]!;
    sums[start + i + 3]! += values[z]!;
  }
  for (; i < count; i++) {
    const a = i * width;
    let node = root;
    for (let s = tests[node]!; s !== LAST_BIN; s = tests[node]!) {
      node = lefts[node]! + (((s & 0xffff) - bins[a + (s >>> 16)]!) >>> 31);
    }
    sums[start + i]! += values[node]!;
  }
}

function thresholdsOf(trees: readonly Tree[], features: number): Float64Array[] {
  const seen = Array.from({ length: features }, () => new Set<number>());
  for (const tree of trees) {
    for (let node = 0; node < tree.left.length; node++) {
      if (tree.left[node] !== 0) seen[tree.feature[node]!]!.add(tree.threshold[node]!);
    }
  }
  return seen.map((thresholds) => Float64Array.from(thresholds).sort());
}
