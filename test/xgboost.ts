/** A boosting of three classes that xgboost fitted, with what it says of each row (bench/fixtures.py). */
import type { Model } from '../lib/learn/estimator.ts';
import { addLeaf, emptyTree } from '../lib/learn/tree.ts';
import type { Matrix } from '../lib/numbers/matrix.ts';
import { fixture } from './support.ts';

interface Node {
  nodeid: number;
  split?: string;
  split_condition?: number;
  yes?: number;
  missing?: number;
  children?: [Node, Node];
  leaf?: number;
  cover: number;
}

export function boostingOfXgboost() {
  const known = fixture<{
    values: number[][];
    trees: Node[];
    base: number[];
    probabilities: number[][];
    contributions: number[][][];
  }>('boosting_classes');
  const trees = known.trees.map((root) => {
    const tree = emptyTree();
    const order = [root];
    for (const node of order) {
      if (node.children === undefined) continue;
      order.push(...node.children.sort((a) => (a.nodeid === node.yes ? -1 : 1)));
    }
    for (const node of order) addLeaf(tree, [node.leaf ?? 0], node.cover);
    for (const [at, node] of order.entries()) {
      if (node.children === undefined) continue;
      tree.feature[at] = Number(node.split!.slice(1));
      tree.threshold[at] = node.split_condition! - 1 / 64;
      tree.left[at] = order.indexOf(node.children[0]);
      tree.missing_left[at] = node.missing === node.yes ? 1 : 0;
    }
    return tree;
  });
  const matrix: Matrix = {
    names: known.values[0]!.map((_, f) => `f${f}`),
    rows: known.values.length,
    values: Float64Array.from(known.values.flat()),
  };
  const model: Model = {
    algorithm: 'GradientBoosting',
    features: matrix.names,
    classes: ['a', 'b', 'c'],
    base: known.base,
    trees,
  };
  return { known, model, matrix };
}
