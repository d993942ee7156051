/**
 * Exact Shapley values of one tree's output for one row, in polynomial time. Path-dependent: a feature that is left out
 * follows both branches by their cover (Lundberg, Erion & Lee 2018, algorithm 2). Interventional: a feature that is left out
 * takes the value of a background row (Lundberg et al. 2020).
 */
import type { Tree } from '../learn/tree.ts';

/** The child that a row goes to. */
function childOf(tree: Tree, node: number, row: Float64Array, at: number): number {
  const left = tree.left[node]!;
  const x = row[at + tree.feature[node]!]!;
  const goesLeft = Number.isNaN(x) ? tree.missing_left[node] === 1 : x <= tree.threshold[node]!;
  return goesLeft ? left : left + 1;
}

/** Output of the tree for no feature: its leaves by their cover. */
export function expectedValue(tree: Tree, output: number): number {
  let sum = 0;
  for (let node = 0; node < tree.left.length; node++)
    if (tree.left[node] === 0) sum += tree.cover[node]! * tree.value[node]![output]!;
  return sum / tree.cover[0]!;
}

function depthOf(tree: Tree): number {
  const depths = new Uint16Array(tree.left.length);
  let deepest = 0;
  for (let node = 0; node < tree.left.length; node++) {
    const left = tree.left[node]!;
    deepest = Math.max(deepest, depths[node]!);
    if (left !== 0) depths[left] = depths[left + 1] = depths[node]! + 1;
  }
  return deepest;
}

/**
 * The features on the way to a node, one stretch of each array per level. `zero` is the share of rows that reach the node
 * where the feature is left out, `one` whether the row itself does, `weight` the sum over the subsets of each size.
 */
interface Paths {
  readonly feature: Int32Array;
  readonly zero: Float64Array;
  readonly one: Float64Array;
  readonly weight: Float64Array;
}

/** Adds scale × the path-dependent Shapley values of row[at …] to phi. */
export function pathDependentShap(
  tree: Tree,
  output: number,
  row: Float64Array,
  at: number,
  phi: Float64Array,
  scale: number,
): void {
  const levels = depthOf(tree) + 2;
  const size = (levels * (levels + 1)) / 2;
  const paths: Paths = {
    feature: new Int32Array(size),
    zero: new Float64Array(size),
    one: new Float64Array(size),
    weight: new Float64Array(size),
  };
  const { feature, zero, one, weight } = paths;

  const visit = (
    node: number,
    parent: number,
    length: number,
    zeroShare: number,
    oneShare: number,
    by: number,
  ) => {
    // Each level owns a stretch of its own behind its parent's, so that a sibling finds the parent's as it was.
    const start = parent + length;
    for (const array of [feature, zero, one, weight]) array.copyWithin(start, parent, parent + length);
    extend(paths, start, length, zeroShare, oneShare, by);
    const left = tree.left[node]!;
    if (left === 0) {
      const value = tree.value[node]![output]! * scale;
      for (let i = 1; i <= length; i++) {
        const share = unwoundSum(paths, start, length, i);
        phi[feature[start + i]!]! += share * (one[start + i]! - zero[start + i]!) * value;
      }
      return;
    }
    const split = tree.feature[node]!;
    const hot = childOf(tree, node, row, at);
    const cold = hot === left ? left + 1 : left;
    let inZero = 1;
    let inOne = 1;
    let next = length + 1;
    for (let i = 1; i <= length; i++) {
      if (feature[start + i] !== split) continue;
      inZero = zero[start + i]!;
      inOne = one[start + i]!;
      unwind(paths, start, length, i);
      next--;
      break;
    }
    const cover = tree.cover[node]!;
    visit(hot, start, next, (inZero * tree.cover[hot]!) / cover, inOne, split);
    visit(cold, start, next, (inZero * tree.cover[cold]!) / cover, 0, split);
  };
  visit(0, 0, 0, 1, 1, -1);
}

/** Adds a feature to a path of `length` features; the weights become those of the longer path. */
function extend(
  paths: Paths,
  start: number,
  length: number,
  zeroShare: number,
  oneShare: number,
  by: number,
): void {
  const { feature, zero, one, weight } = paths;
  feature[start + length] = by;
  zero[start + length] = zeroShare;
  one[start + length] = oneShare;
  weight[start + length] = length === 0 ? 1 : 0;
  for (let i = length - 1; i >= 0; i--) {
    weight[start + i + 1]! += (oneShare * weight[start + i]! * (i + 1)) / (length + 1);
    weight[start + i] = (zeroShare * weight[start + i]! * (length - i)) / (length + 1);
  }
}

/** Takes feature i out of a path again: the inverse of extend. */
function unwind(paths: Paths, start: number, length: number, i: number): void {
  const { feature, zero, one, weight } = paths;
  const oneShare = one[start + i]!;
  const zeroShare = zero[start + i]!;
  let next = weight[start + length]!;
  for (let j = length - 1; j >= 0; j--) {
    if (oneShare !== 0) {
      const before = weight[start + j]!;
      weight[start + j] = (next * (length + 1)) / ((j + 1) * oneShare);
      next = before - (weight[start + j]! * zeroShare * (length - j)) / (length + 1);
    } else weight[start + j] = (weight[start + j]! * (length + 1)) / (zeroShare * (length - j));
  }
  for (let j = i; j < length; j++) {
    feature[start + j] = feature[start + j + 1]!;
    zero[start + j] = zero[start + j + 1]!;
    one[start + j] = one[start + j + 1]!;
  }
}

/** Sum of the weights that unwinding feature i would leave. */
function unwoundSum({ zero, one, weight }: Paths, start: number, length: number, i: number): number {
  const oneShare = one[start + i]!;
  const zeroShare = zero[start + i]!;
  let next = weight[start + length]!;
  let total = 0;
  for (let j = length - 1; j >= 0; j--) {
    if (oneShare !== 0) {
      const taken = next / ((j + 1) * oneShare);
      total += taken;
      next = weight[start + j]! - taken * zeroShare * (length - j);
    } else total += weight[start + j]! / (zeroShare * (length - j));
  }
  return total * (length + 1);
}

/** Adds scale × the Shapley values of row[at …] against one background row to phi. */
export function interventionalShap(
  tree: Tree,
  output: number,
  row: Float64Array,
  at: number,
  background: Float64Array,
  backgroundAt: number,
  phi: Float64Array,
  scale: number,
): void {
  const features = phi.length;
  /** Per feature on the way: 1 where it must come from the row, 2 from the background, 0 where either will do. */
  const from = new Uint8Array(features);
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const visit = (node: number, ofRow: number, ofBackground: number): void => {
    const left = tree.left[node]!;
    if (left === 0) {
      const all = factorial(ofRow + ofBackground);
      const value = tree.value[node]![output]! * scale;
      const gain = ofRow === 0 ? 0 : (value * factorial(ofRow - 1) * factorial(ofBackground)) / all;
      const loss = ofBackground === 0 ? 0 : (value * factorial(ofRow) * factorial(ofBackground - 1)) / all;
      for (let f = 0; f < features; f++) {
        if (from[f] === 1) phi[f]! += gain;
        else if (from[f] === 2) phi[f]! -= loss;
      }
      return;
    }
    const split = tree.feature[node]!;
    const here = childOf(tree, node, row, at);
    const there = childOf(tree, node, background, backgroundAt);
    if (here === there || from[split] === 1) visit(here, ofRow, ofBackground);
    else if (from[split] === 2) visit(there, ofRow, ofBackground);
    else {
      from[split] = 1;
      visit(here, ofRow + 1, ofBackground);
      from[split] = 2;
      visit(there, ofRow, ofBackground + 1);
      from[split] = 0;
    }
  };
  visit(0, 0, 0);
}
