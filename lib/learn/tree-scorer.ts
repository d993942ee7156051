/**
 * Scoring with many trees. Every value is binned once by the thresholds of the whole ensemble; then each step down a
 * tree is integer arithmetic without a branch, four rows at a time. One row and many rows give the same bits.
 */
import { binFinder } from './bins.ts';
import type { Tree } from './tree.ts';

const BLOCK = 256;
const LAST_BIN = 65_535;

export interface TreeScorer {
  /** Sum over the trees of each output, for each row of row-major values; rows × features in, rows × outputs out. */
  sums(values: Float64Array, rows: number): Float64Array;
}

/** `outputs` are the places in a leaf's value that are wanted. */
export function treeScorer(trees: readonly Tree[], features: number, outputs: readonly number[]): TreeScorer {
  const edges = thresholdsOf(trees, features);
  const finders = edges.map(binFinder);
  const nodes = trees.reduce((sum, tree) => sum + tree.left.length, 0);
  /**
   * Two words per node, side by side since a step reads both. The test: feature << 16 | last bin that goes left, LAST_BIN
   * for a leaf; a feature beyond the last reads missing values as lowest. Then the place of its left child, the right one
   * two words on; a leaf is its own child, and no bin is beyond LAST_BIN, so it is never left.
   */
  const steps = new Int32Array(2 * nodes);
  const values = new Float64Array(nodes * outputs.length);
  const roots = new Int32Array(trees.length);
  let first = 0;
  for (const [t, tree] of trees.entries()) {
    roots[t] = 2 * first;
    for (let node = 0; node < tree.left.length; node++) {
      const at = first + node;
      const left = tree.left[node]!;
      for (const [k, output] of outputs.entries())
        values[at * outputs.length + k] = tree.value[node]![output]!;
      steps[2 * at + 1] = 2 * (left === 0 ? at : first + left);
      const feature = tree.feature[node]!;
      const column = feature + (tree.missing_left[node] === 1 ? features : 0);
      steps[2 * at] = left === 0 ? LAST_BIN : (column << 16) | finders[feature]!(tree.threshold[node]!);
    }
    first += tree.left.length;
  }
  const width = 2 * features;
  const bins = new Uint16Array(BLOCK * width);

  return {
    sums(matrix, rows) {
      const sums = new Float64Array(rows * outputs.length);
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
        const together = count - (count % 4);
        if (outputs.length > 1) {
          for (let i = 0; i < count; i++)
            addLeaves(
              steps,
              values,
              bins,
              i * width,
              roots,
              outputs.length,
              sums,
              (start + i) * outputs.length,
            );
          continue;
        }
        for (let t = 0; t < roots.length && together > 0; t++) {
          descendRows(steps, values, bins, width, roots[t]!, together, sums, start);
        }
        for (let i = together; i < count; i++) {
          sums[start + i] = descendTrees(steps, values, bins, i * width, roots);
        }
      }
      return sums;
    },
  };
}

/** Takes binned rows down one tree, four together until all have reached a leaf; adds to sums[start …]. */
function descendRows(
  steps: Int32Array,
  values: Float64Array,
  bins: Uint16Array,
  width: number,
  root: number,
  rows: number,
  sums: Float64Array,
  start: number,
): void {
  for (let i = 0; i < rows; i += 4) {
    const a = i * width;
    const b = a + width;
    const c = b + width;
    const d = c + width;
    let w = root;
    let x = root;
    let y = root;
    let z = root;
    for (;;) {
      const s = steps[w]!;
      const t = steps[x]!;
      const u = steps[y]!;
      const v = steps[z]!;
      if (((s ^ LAST_BIN) | (t ^ LAST_BIN) | (u ^ LAST_BIN) | (v ^ LAST_BIN)) === 0) break;
      w = steps[w + 1]! + ((((s & 0xffff) - bins[a + (s >>> 16)]!) >>> 31) << 1);
      x = steps[x + 1]! + ((((t & 0xffff) - bins[b + (t >>> 16)]!) >>> 31) << 1);
      y = steps[y + 1]! + ((((u & 0xffff) - bins[c + (u >>> 16)]!) >>> 31) << 1);
      z = steps[z + 1]! + ((((v & 0xffff) - bins[d + (v >>> 16)]!) >>> 31) << 1);
    }
    sums[start + i]! += values[w >> 1]!;
    sums[start + i + 1]! += values[x >> 1]!;
    sums[start + i + 2]! += values[y >> 1]!;
    sums[start + i + 3]! += values[z >> 1]!;
  }
}

/** Takes one binned row down all trees, four of them together; their values are added in the trees' order. */
function descendTrees(
  steps: Int32Array,
  values: Float64Array,
  bins: Uint16Array,
  a: number,
  roots: Int32Array,
): number {
  let sum = 0;
  let tree = 0;
  for (; tree + 3 < roots.length; tree += 4) {
    let w = roots[tree]!;
    let x = roots[tree + 1]!;
    let y = roots[tree + 2]!;
    let z = roots[tree + 3]!;
    for (;;) {
      const s = steps[w]!;
      const t = steps[x]!;
      const u = steps[y]!;
      const v = steps[z]!;
      if (((s ^ LAST_BIN) | (t ^ LAST_BIN) | (u ^ LAST_BIN) | (v ^ LAST_BIN)) === 0) break;
      w = steps[w + 1]! + ((((s & 0xffff) - bins[a + (s >>> 16)]!) >>> 31) << 1);
      x = steps[x + 1]! + ((((t & 0xffff) - bins[a + (t >>> 16)]!) >>> 31) << 1);
      y = steps[y + 1]! + ((((u & 0xffff) - bins[a + (u >>> 16)]!) >>> 31) << 1);
      z = steps[z + 1]! + ((((v & 0xffff) - bins[a + (v >>> 16)]!) >>> 31) << 1);
    }
    sum += values[w >> 1]!;
    sum += values[x >> 1]!;
    sum += values[y >> 1]!;
    sum += values[z >> 1]!;
  }
  for (; tree < roots.length; tree++) {
    let node = roots[tree]!;
    for (let s = steps[node]!; s !== LAST_BIN; s = steps[node]!)
      node = steps[node + 1]! + ((((s & 0xffff) - bins[a + (s >>> 16)]!) >>> 31) << 1);
    sum += values[node >> 1]!;
  }
  return sum;
}

/** The same for several outputs: adds the leaf of every tree to sums[to … to + outputs). */
function addLeaves(
  steps: Int32Array,
  values: Float64Array,
  bins: Uint16Array,
  a: number,
  roots: Int32Array,
  outputs: number,
  sums: Float64Array,
  to: number,
): void {
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]!;
    for (let s = steps[node]!; s !== LAST_BIN; s = steps[node]!)
      node = steps[node + 1]! + ((((s & 0xffff) - bins[a + (s >>> 16)]!) >>> 31) << 1);
    const leaf = (node >> 1) * outputs;
    for (let k = 0; k < outputs; k++) sums[to + k]! += values[leaf + k]!;
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
