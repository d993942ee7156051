/** Isolation forest (Liu, Ting and Zhou 2008): what few random cuts set apart from all other rows is unlike them. */

import { addLeaf, emptyTree, splitLeaf, type Tree } from '../../lib/learn/tree.ts';
import { treeScorer } from '../../lib/learn/tree-scorer.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';
import { type Random, random } from '../../lib/numbers/random.ts';

export interface IsolationForest {
  /**
   * Row-major values with the columns of the matrix that it was grown on; one score per row, from 0 to 1: about .5 is like the
   * others, near 1 alone (equation 2).
   */
  scores(values: Float64Array, rows: number): Float64Array;
}

export interface IsolationOptions {
  readonly trees: number;
  readonly rowsPerTree: number;
  readonly seed: number;
}

/** Grows a forest on a matrix; missing values go to a side that is drawn at each cut. */
export function growIsolationForest(
  matrix: Matrix,
  { trees, rowsPerTree, seed }: IsolationOptions,
): IsolationForest {
  const sample = Math.min(rowsPerTree, matrix.rows);
  const grown = Array.from({ length: trees }, (_, t) =>
    growTree(matrix, sample, random(seed, 'isolation', t)),
  );
  const scorer = treeScorer(grown, matrix.names.length, [0]);
  const usual = averageDepth(sample) * trees;
  return {
    scores: (values, rows) =>
      scorer.sums(values, rows).map((depth) => (usual === 0 ? 0.5 : 2 ** (-depth / usual))),
  };
}

const EULER = 0.5772156649015329;

/** Mean depth at which a search among n rows fails: that of a leaf which holds them (equation 1). */
export function averageDepth(n: number): number {
  if (n <= 1) return 0;
  return n === 2 ? 1 : 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n;
}

function growTree({ values, rows, names }: Matrix, sample: number, rng: Random): Tree {
  const width = names.length;
  const taken = drawRows(rows, sample, rng);
  const deepest = Math.ceil(Math.log2(Math.max(2, sample)));
  const tree = emptyTree();
  addLeaf(tree, [averageDepth(sample)], sample);
  // Nodes whose children are still to be grown: taken[from … to) reached them.
  const open = [{ node: 0, from: 0, to: sample, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, from, to, depth } = next;
    const cut = depth >= deepest || to - from <= 1 ? undefined : drawCut(values, width, taken, from, to, rng);
    if (cut === undefined) continue;
    const { feature, threshold } = cut;
    const isMissingLeft = rng.float() < 0.5;
    let middle = from;
    for (let i = from; i < to; i++) {
      const x = values[taken[i]! * width + feature]!;
      if (Number.isNaN(x) ? !isMissingLeft : x > threshold) continue;
      const held = taken[middle]!;
      taken[middle++] = taken[i]!;
      taken[i] = held;
    }
    splitLeaf(tree, node, feature, threshold, isMissingLeft);
    const [left, right] = [
      addLeaf(tree, [depth + 1 + averageDepth(middle - from)], middle - from),
      addLeaf(tree, [depth + 1 + averageDepth(to - middle)], to - middle),
    ];
    open.push(
      { node: left, from, to: middle, depth: depth + 1 },
      { node: right, from: middle, to, depth: depth + 1 },
    );
  }
  return tree;
}

/** Some rows without repeats, each set as likely (Floyd's algorithm). */
function drawRows(rows: number, sample: number, rng: Random): Int32Array {
  const taken = new Set<number>();
  for (let j = rows - sample; j < rows; j++) {
    const row = rng.int(j + 1);
    taken.add(taken.has(row) ? j : row);
  }
  return Int32Array.from(taken);
}

/** A column that is not the same in all rows, and a cut between its lowest and its highest value; undefined where there is none. */
function drawCut(
  values: Float64Array,
  width: number,
  taken: Int32Array,
  from: number,
  to: number,
  rng: Random,
) {
  const untried = Array.from({ length: width }, (_, f) => f);
  while (untried.length > 0) {
    const at = rng.int(untried.length);
    const feature = untried[at]!;
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = from; i < to; i++) {
      const x = values[taken[i]! * width + feature]!;
      if (x < low) low = x;
      if (x > high) high = x;
    }
    if (low < high) {
      // A cut at the highest would set nothing apart.
      const threshold = low + rng.float() * (high - low);
      return { feature, threshold: threshold < high ? threshold : low };
    }
    untried[at] = untried.at(-1)!;
    untried.pop();
  }
  return undefined;
}
