/**
 * Exclusive feature bundling (Ke et al. 2017, LightGBM, section 4, without conflicts): features of 0 and 1 that stand next to
 * each other and of which no row has two, such as the categories of one input, share a column of bins. Bin 0 is none of
 * them, bin i + 1 the i-th. Trees are those that the features alone would give, from fewer histograms.
 */
import type { Matrix } from '../numbers/matrix.ts';
import { type BinColumns, type Edges, MISSING, thresholdAfter } from './bins.ts';

const LARGEST = MISSING - 1;
const BETWEEN_0_AND_1 = 0.5;

/** Every feature in a column of its own. */
export function eachAlone(edges: Edges): BinColumns {
  return edges.map((_, f) => [f]);
}

/** Every feature once, in order. */
export function bundleFeatures({ values, rows, names }: Matrix, edges: Edges): BinColumns {
  const width = names.length;
  const runs = runsOfFewValues(edges);
  const isBinary = new Uint8Array(width);
  /** The last feature before this one that is 1 in some row where this one is. */
  const meets = new Int32Array(width).fill(-1);
  for (const { from, to } of runs) isBinary.fill(1, from, to);
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    for (const { from, to } of runs) {
      let before = -1;
      for (let f = from; f < to; f++) {
        const x = values[at + f]!;
        if (x === 0) continue;
        if (x !== 1) isBinary[f] = 0;
        if (before > meets[f]!) meets[f] = before;
        before = f;
      }
    }
  }
  const columns: number[][] = [];
  for (let f = 0; f < width; f++) {
    const bundle = columns.at(-1) ?? [f];
    const [first] = bundle as [number];
    const isFree = isBinary[f] === 1 && isBinary[first] === 1 && meets[f]! < first;
    if (f > first && isFree && bundle.length < LARGEST) bundle.push(f);
    else columns.push([f]);
  }
  return columns;
}

/** Features beside each other whose sample holds two values or fewer. */
function runsOfFewValues(edges: Edges): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const [f, { length }] of edges.entries()) {
    if (length > 1) continue;
    if (runs.at(-1)?.to === f) runs.at(-1)!.to = f + 1;
    else runs.push({ from: f, to: f + 1 });
  }
  return runs.filter(({ from, to }) => to - from > 1);
}

/** The threshold of a split whose right side is the bins from `low` on, and in a bundle bin `low` alone. */
export function thresholdBelow(column: readonly number[], edges: Edges, low: number): number {
  return column.length > 1 ? BETWEEN_0_AND_1 : thresholdAfter(edges[column[0]!]!, low - 1);
}
