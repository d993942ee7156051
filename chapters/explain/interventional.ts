/**
 * Exact Shapley values of one tree where a feature that is left out takes the value of a background row, the mean over all
 * of them (Lundberg et al. 2020, algorithm 3).
 */
import type { Tree } from '../../lib/learn/tree.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';
import type { TreeExplainer } from './path-dependent.ts';
import { childOf, leafOf } from './walk.ts';

/** Where a feature on the way must come from for the leaf to be reached. */
const ROW = 1;
const BACKGROUND = 2;

export function interventionalExplainer(tree: Tree, background: Matrix): TreeExplainer {
  const { names, rows, values } = background;
  const width = names.length;
  const from = new Uint8Array(width);
  const way: number[] = [];
  const shares = shareTable(width);

  return {
    expected(output) {
      let sum = 0;
      for (let b = 0; b < rows; b++) sum += tree.value[leafOf(tree, values, b * width)]![output]!;
      return sum / rows;
    },
    add(output, row, at, phi, to, scale) {
      let backgroundAt = 0;
      const visit = (node: number, ofRow: number, ofBackground: number): void => {
        const left = tree.left[node]!;
        if (left === 0) {
          const value = (tree.value[node]![output]! * scale) / rows;
          const gain = ofRow === 0 ? 0 : value * shares[ofRow - 1]![ofBackground]!;
          const loss = ofBackground === 0 ? 0 : value * shares[ofBackground - 1]![ofRow]!;
          for (const feature of way) phi[to + feature]! += from[feature] === ROW ? gain : -loss;
          return;
        }
        const split = tree.feature[node]!;
        const here = childOf(tree, node, row, at);
        const there = childOf(tree, node, values, backgroundAt);
        if (here === there || from[split] === ROW) visit(here, ofRow, ofBackground);
        else if (from[split] === BACKGROUND) visit(there, ofRow, ofBackground);
        else {
          way.push(split);
          from[split] = ROW;
          visit(here, ofRow + 1, ofBackground);
          from[split] = BACKGROUND;
          visit(there, ofRow, ofBackground + 1);
          from[split] = 0;
          way.pop();
        }
      };
      for (let b = 0; b < rows; b++) {
        backgroundAt = b * width;
        visit(0, 0, 0);
      }
    },
  };
}

/** shares[a][b] = a! b! / (a + b + 1)!: the share of orders in which one feature comes after a of its side and before b others. */
function shareTable(features: number): Float64Array[] {
  const table = Array.from({ length: features + 1 }, () => new Float64Array(features + 1));
  for (let a = 0; a <= features; a++)
    for (let b = 0; b <= features; b++) {
      if (a === 0) table[a]![b] = 1 / (b + 1);
      else table[a]![b] = (table[a - 1]![b]! * a) / (a + b + 1);
    }
  return table;
}
