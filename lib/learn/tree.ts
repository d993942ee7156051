/**
 * A grown tree as parallel arrays. Node 0 is the root; a node with left = 0 is a leaf; the right child follows the
 * left one. A row goes left when its value ≤ threshold, and where it is missing when missing_left is 1.
 */
export interface Tree {
  readonly feature: number[];
  readonly threshold: number[];
  readonly left: number[];
  readonly missing_left: number[];
  /** Per node and output: class shares (forest) or additive margin (boosting); only leaves are read. */
  readonly value: number[][];
  /** Training rows that reached the node (bootstrap repeats counted). */
  readonly cover: number[];
}

export function emptyTree(): Tree {
  return { feature: [], threshold: [], left: [], missing_left: [], value: [], cover: [] };
}

/** Appends a leaf and returns its index. */
export function addLeaf(tree: Tree, value: number[], cover: number): number {
  tree.feature.push(0);
  tree.threshold.push(0);
  tree.left.push(0);
  tree.missing_left.push(0);
  tree.value.push(value);
  tree.cover.push(cover);
  return tree.left.length - 1;
}

/** Turns a leaf into a split whose children are the next two nodes to be added. */
export function splitLeaf(
  tree: Tree,
  node: number,
  feature: number,
  threshold: number,
  missingLeft: boolean,
): void {
  tree.feature[node] = feature;
  tree.threshold[node] = threshold;
  tree.left[node] = tree.left.length;
  tree.missing_left[node] = missingLeft ? 1 : 0;
}
