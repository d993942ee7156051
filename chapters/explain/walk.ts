/** Ways through a tree. */
import type { Tree } from '../../lib/learn/tree.ts';

/** The child that a row goes to. */
export function childOf(tree: Tree, node: number, row: Float64Array, at: number): number {
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

/** The leaf that row[at …] ends in. */
export function leafOf(tree: Tree, row: Float64Array, at: number): number {
  let node = 0;
  while (tree.left[node] !== 0) node = childOf(tree, node, row, at);
  return node;
}
