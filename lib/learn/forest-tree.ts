/**
 * One classification tree on a bootstrap sample (Breiman 2001), grown on binned features with Gini impurity.
 * Class counts are whole numbers, so a split never depends on the order of rows.
 */
import { mix, random, seedOf } from '../numbers/random.ts';
import { MISSING, thresholdAfter } from './bins.ts';
import type { ForestData, ForestTreeParams } from './forest-data.ts';
import { type GiniSplit, giniScanner } from './gini.ts';
import { partitionTagged, type TaggedRows } from './partition.ts';
import { siblingHistograms } from './sibling-histograms.ts';
import { addLeaf, emptyTree, splitLeaf, type Tree } from './tree.ts';

/** A split is lopsided when the smaller side has less than one row in so many: its branches are predictable. */
const LOPSIDED = 8;

/** A grower whose buffers are reused: grow(i) gives the same tree i on any thread, in any order. */
export function forestGrower(data: ForestData, params: ForestTreeParams): (index: number) => Tree {
  const sample = tagged(data.rows);
  const aside = tagged(data.rows);
  const times = new Uint16Array(data.rows);
  const order = new Int32Array(data.edges.length);
  const best: GiniSplit = { feature: 0, bin: -1, missingLeft: false, score: -1, leftCounts: [] };
  const scanner = giniScanner(data, params, sample);
  const { maxDepth, minSamplesLeaf, maxFeatures, classWeights } = params;
  const histograms = siblingHistograms(scanner, order.length * 256 * data.classes, 512 * data.classes);

  const sharesOf = (counts: readonly number[]): number[] => {
    let total = 0;
    for (let k = 0; k < counts.length; k++) total += counts[k]! * classWeights[k]!;
    const shares = new Array<number>(counts.length);
    for (let k = 0; k < counts.length; k++) shares[k] = (counts[k]! * classWeights[k]!) / total;
    return shares;
  };
  const isFinal = (counts: readonly number[], depth: number) => {
    if (depth >= maxDepth) return true;
    let present = 0;
    for (let k = 0; k < counts.length; k++) present += counts[k]! > 0 ? 1 : 0;
    return present < 2 || coverOf(counts) < 2 * minSamplesLeaf;
  };

  return (index) => {
    const rng = random(params.seed, 'tree', index);
    for (let f = 0; f < order.length; f++) order[f] = f;
    const { distinct, counts: rootCounts } = bootstrap(
      data,
      seedOf(params.seed, 'sample', index),
      times,
      sample,
    );
    const tree = emptyTree();
    addLeaf(tree, sharesOf(rootCounts), coverOf(rootCounts));
    // Where every node looks at every feature, a child's counts are its parent's without its sibling's.
    const histogram = maxFeatures < order.length ? undefined : histograms.ofRoot(0, distinct);
    const pending = isFinal(rootCounts, 0)
      ? []
      : [{ node: 0, start: 0, end: distinct, depth: 0, counts: rootCounts, histogram }];
    for (let work = pending.pop(); work !== undefined; work = pending.pop()) {
      const { node, start, end, depth, counts, histogram } = work;
      if (!drawSplit(start, end, counts, histogram, rng.int)) {
        histograms.release(histogram);
        continue;
      }
      const leftCounts = best.leftCounts.slice();
      const rightCounts = counts.map((count, k) => count - leftCounts[k]!);
      splitLeaf(
        tree,
        node,
        best.feature,
        thresholdAfter(data.edges[best.feature]!, best.bin),
        best.missingLeft,
      );
      const left = addLeaf(tree, sharesOf(leftCounts), coverOf(leftCounts));
      const right = addLeaf(tree, sharesOf(rightCounts), coverOf(rightCounts));
      const keepLeft = !isFinal(leftCounts, depth + 1);
      const keepRight = !isFinal(rightCounts, depth + 1);
      if (!keepLeft && !keepRight) {
        histograms.release(histogram);
        continue;
      }
      const column = data.bins.subarray(best.feature * data.rows, (best.feature + 1) * data.rows);
      const fewer = Math.min(coverOf(leftCounts), coverOf(rightCounts));
      const keep = {
        left: keepLeft || histogram !== undefined,
        right: keepRight || histogram !== undefined,
        lopsided: fewer * LOPSIDED < coverOf(counts),
      };
      const [leftEnd, rightEnd] = partitionTagged(
        column,
        best.bin + 1,
        best.missingLeft ? MISSING - 1 : MISSING,
        sample,
        aside,
        start,
        end,
        keep,
      );
      const [ofLeft, ofRight] = histograms.ofChildren(
        histogram,
        { start, end: leftEnd, wanted: keepLeft },
        { start: leftEnd, end: rightEnd, wanted: keepRight },
      );
      const below = depth + 1;
      if (keepRight)
        pending.push({
          node: right,
          start: leftEnd,
          end: rightEnd,
          depth: below,
          counts: rightCounts,
          histogram: ofRight,
        });
      if (keepLeft)
        pending.push({
          node: left,
          start,
          end: leftEnd,
          depth: below,
          counts: leftCounts,
          histogram: ofLeft,
        });
    }
    return tree;
  };

  /** The best of maxFeatures drawn features; goes on drawing while none of them can split the node. */
  function drawSplit(
    start: number,
    end: number,
    counts: readonly number[],
    histogram: Int32Array | undefined,
    draw: (n: number) => number,
  ): boolean {
    best.bin = -1;
    best.score = -1;
    for (let drawn = 0; drawn < order.length; ) {
      if (drawn >= maxFeatures && best.bin >= 0) break;
      const count = drawn < maxFeatures ? Math.min(4, maxFeatures - drawn) : 1;
      for (let i = drawn; i < drawn + count; i++) {
        const pick = i + draw(order.length - i);
        const feature = order[pick]!;
        order[pick] = order[i]!;
        order[i] = feature;
      }
      if (histogram === undefined) scanner.scan(order, drawn, count, start, end, counts, best);
      else scanner.scanCounts(histogram, order, drawn, count, counts, best);
      drawn += count;
    }
    return best.bin >= 0;
  }
}

function coverOf(counts: readonly number[]): number {
  let cover = 0;
  for (let k = 0; k < counts.length; k++) cover += counts[k]!;
  return cover;
}

function tagged(rows: number): TaggedRows {
  return { rows: new Int32Array(rows), tags: new Int32Array(rows) };
}

/**
 * Draws as many rows as there are, with replacement; fills `sample` with the distinct ones in ascending order, each
 * tagged with times drawn << 8 | class.
 */
function bootstrap(
  { rows: total, target, classes }: ForestData,
  seed: number,
  times: Uint16Array,
  { rows, tags }: TaggedRows,
) {
  times.fill(0);
  // Hashed counters: unlike a generator's state, they stay in registers.
  const scale = total / 4294967296;
  for (let i = 0, counter = seed; i < total; i++, counter = (counter + 0x9e3779b9) | 0) {
    times[Math.floor(mix(counter) * scale)]!++;
  }
  const counts = new Int32Array(classes);
  let distinct = 0;
  for (let row = 0; row < total; row++) {
    const drawn = times[row]!;
    const label = target[row]!;
    rows[distinct] = row;
    tags[distinct] = (drawn << 8) | label;
    counts[label]! += drawn;
    distinct += drawn > 0 ? 1 : 0;
  }
  return { distinct, counts: Array.from(counts) };
}
