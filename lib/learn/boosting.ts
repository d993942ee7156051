/**
 * Gradient boosting of trees under log loss (Friedman 2001, for more than two classes algorithm 6: a tree per class and
 * round; Newton leaves as in Chen & Guestrin 2016), grown leaf by leaf on histograms (Ke et al. 2017). All sums are whole
 * numbers, so the number of threads that share the rows changes nothing.
 */
import type { Matrix } from '../numbers/matrix.ts';
import type { BinColumns } from './bins.ts';
import { type Edges, findEdges } from './bins.ts';
import { bundleFeatures, thresholdBelow } from './bundles.ts';
import { type Crew, openCrew } from './crew.ts';
import { bestGainSplit, type GainParams, type GainSplit, unpackGradient, unpackHessian } from './gain.ts';
import { addLeaf, emptyTree, splitLeaf, type Tree } from './tree.ts';

export interface BoostingParams {
  readonly nEstimators: number;
  readonly learningRate: number;
  readonly maxLeaves: number;
  readonly maxDepth: number;
  readonly minSamplesLeaf: number;
  readonly l2: number;
  readonly maxBins: number;
  readonly seed: number;
}

export interface Boosting {
  /** Margin of each output before the first tree: log-odds of the positive class, or the log share of every class. */
  readonly base: number[];
  /** Round by round, in each a tree for every output. */
  readonly trees: Tree[];
}

/** Rounds after which rows are laid out anew: early, and again as trees change. */
const REGROUP_AFTER = new Set([2, 10]);
/** Fewer rows stay in cache however they lie. */
const REGROUP_ROWS = 100_000;

interface Leaf {
  readonly node: number;
  readonly depth: number;
  /** Where the leaf's rows begin and end in each shard. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly cover: number;
  readonly total: number;
  readonly histogram: Float64Array | undefined;
  readonly split: GainSplit | undefined;
}

export async function fitBoosting(
  matrix: Matrix,
  target: Uint8Array,
  classes: number,
  params: BoostingParams,
  threads: number,
  onTree: (done: number) => void = () => {},
): Promise<Boosting> {
  const edges = findEdges(matrix, params.maxBins, params.seed);
  const base = startingMargins(target, classes);
  const levels = 2 ** Math.max(2, Math.min(14, 26 - Math.ceil(Math.log2(matrix.rows))));
  const columns = bundleFeatures(matrix, edges);
  const crew = await openCrew(matrix, target, edges, columns, base, threads);
  try {
    const grow = treeGrower(crew, edges, columns, levels, params);
    const trees: Tree[] = [];
    for (let round = 0; round < params.nEstimators; round++) {
      if (base.length > 1) crew.startRound();
      for (let output = 0; output < base.length; output++) {
        trees.push(grow(params.seed * 65_537 + trees.length, output));
      }
      if (matrix.rows > REGROUP_ROWS && REGROUP_AFTER.has(round + 1)) crew.regroup();
      onTree(round + 1);
    }
    return { base, trees };
  } finally {
    await crew.close();
  }
}

function startingMargins(target: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const y of target) counts[y]!++;
  if (classes === 2) return [Math.log(counts[1]! / counts[0]!)];
  return counts.map((count) => Math.log(count / target.length));
}

/** Grows the tree of one round and output, with a number of its own, and adds it to the crew's scores. */
function treeGrower(
  crew: Crew,
  edges: Edges,
  columns: BinColumns,
  levels: number,
  params: BoostingParams,
): (number: number, output: number) => Tree {
  const binCounts = edges.map((edge) => edge.length + 1);
  const gain: GainParams = {
    l2: params.l2,
    minSamplesLeaf: params.minSamplesLeaf,
    minHessianLeaf: 1e-3,
    levels,
  };
  const spare: Float64Array[] = [];
  const take = () => spare.pop() ?? new Float64Array(crew.histogramSize);
  const canSplit = (depth: number, cover: number) =>
    depth < params.maxDepth && cover >= 2 * params.minSamplesLeaf;
  // Of k margins that enter by their differences alone, (k − 1)/k is the step of each (Friedman 2001, equation 32).
  const step = crew.outputs === 1 ? 1 : (crew.outputs - 1) / crew.outputs;
  const leafValue = (total: number) =>
    (-params.learningRate * step * unpackGradient(total) * 4) /
    (unpackHessian(total) + params.l2 * levels * 4);

  return (number, output) => {
    const tree = emptyTree();
    const histogram = crew.startTree(levels, number, output, take());
    const total = sumOfFirstColumn(histogram);
    const cover = crew.rows;
    addLeaf(tree, [leafValue(total)], cover);
    const split = bestGainSplit(histogram, columns, binCounts, total, cover, gain);
    const leaves: Leaf[] = [
      { node: 0, depth: 0, starts: crew.starts, ends: crew.ends, cover, total, histogram, split },
    ];
    while (leaves.length < params.maxLeaves) {
      const at = mostGain(leaves);
      if (at < 0) break;
      const [left, right] = splitOf(tree, leaves[at]!, leaves.length + 1 === params.maxLeaves);
      leaves[at] = left;
      leaves.push(right);
    }
    for (const leaf of leaves) {
      crew.add(leaf.starts, leaf.ends, output, tree.value[leaf.node]![0]!);
      if (leaf.histogram !== undefined) spare.push(leaf.histogram);
    }
    return tree;
  };

  function splitOf(tree: Tree, parent: Leaf, last: boolean): [Leaf, Leaf] {
    const split = parent.split!;
    const middles = crew.partition(parent.starts, parent.ends, split.column, split.low, split.high);
    const threshold = thresholdBelow(columns[split.column]!, edges, split.low);
    splitLeaf(tree, parent.node, split.feature, threshold, split.missingLeft);
    const depth = parent.depth + 1;
    const leftCover = middles.reduce((sum, middle, i) => sum + middle - parent.starts[i]!, 0);
    const sides = [
      { starts: parent.starts, ends: middles, cover: leftCover, total: split.left },
      {
        starts: middles,
        ends: parent.ends,
        cover: parent.cover - leftCover,
        total: parent.total - split.left,
      },
    ] as const;
    const histograms: (Float64Array | undefined)[] = [undefined, undefined];
    if (!last && sides.some((side) => canSplit(depth, side.cover))) {
      const small = sides[0].cover <= sides[1].cover ? 0 : 1;
      histograms[small] = crew.sum(sides[small].starts, sides[small].ends, take());
      histograms[1 - small] = subtract(parent.histogram!, histograms[small]!);
    } else spare.push(parent.histogram!);
    const leafAt = (side: 0 | 1): Leaf => {
      const { starts, ends, cover, total } = sides[side];
      const histogram = histograms[side];
      const node = addLeaf(tree, [leafValue(total)], cover);
      const open = histogram !== undefined && canSplit(depth, cover);
      const next = open ? bestGainSplit(histogram, columns, binCounts, total, cover, gain) : undefined;
      return { node, depth, starts, ends, cover, total, histogram, split: next };
    };
    return [leafAt(0), leafAt(1)];
  }
}

function mostGain(leaves: readonly Leaf[]): number {
  let best = -1;
  for (let i = 0; i < leaves.length; i++) {
    const gain = leaves[i]!.split?.gain ?? 0;
    if (gain > (best < 0 ? 0 : leaves[best]!.split!.gain)) best = i;
  }
  return best;
}

function subtract(from: Float64Array, part: Float64Array): Float64Array {
  for (let i = 0; i < from.length; i++) from[i]! -= part[i]!;
  return from;
}

function sumOfFirstColumn(histogram: Float64Array): number {
  return histogram.subarray(0, 256).reduce((sum, cell) => sum + cell, 0);
}
