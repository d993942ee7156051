/**
 * Features as small integers. A tree only asks "is x ≤ edge", so up to 255 bins stand for the values and
 * a histogram of them is all that finding a split reads (Ke et al. 2017, LightGBM, section 2.1).
 */
import type { Matrix } from '../numbers/matrix.ts';
import { random } from '../numbers/random.ts';

export const MISSING = 255;
const SAMPLE = 50_000;
const CELLS = 1024;
const QUANTILE_SHARE = 0.4;
/** Rows read together while they are in cache. */
const ROW_BLOCK = 1024;

/** Per feature: ascending edges, so that bin b holds edges[b − 1] < x ≤ edges[b]. */
export type Edges = readonly Float64Array[];

/** The features of each column of bins: one by its own edges, or a bundle (bundles.ts). */
export type BinColumns = readonly (readonly number[])[];

/** The threshold of the split after a bin; after the last one every value goes left and only missing ones right. */
export function thresholdAfter(edges: Float64Array, bin: number): number {
  return edges[bin] ?? Number.MAX_VALUE;
}

/**
 * Edges of every feature, from at most 50,000 rows: one bin per value where there are few values; else two fifths of
 * the bins hold equally many rows and the others are equally wide, so that rare values far out, where failures lie,
 * are told apart too.
 */
export function findEdges(matrix: Matrix, maxBins: number, seed: number): Edges {
  const { rows, names, values } = matrix;
  const picks = Math.min(rows, SAMPLE);
  const rng = random(seed, 'bins');
  const sampled = Int32Array.from({ length: picks }, (_, i) => (picks === rows ? i : rng.int(rows)));
  const columns = names.map(() => new Float64Array(picks));
  const present = new Int32Array(names.length);
  for (const row of sampled) {
    for (let f = 0; f < names.length; f++) {
      const x = values[row * names.length + f]!;
      if (!Number.isNaN(x)) columns[f]![present[f]!++] = x;
    }
  }
  return columns.map((column, f) => edgesOf(column.subarray(0, present[f]!).sort(), maxBins));
}

function edgesOf(sorted: Float64Array, maxBins: number): Float64Array {
  const distinct: number[] = [];
  const counts: number[] = [];
  for (const x of sorted) {
    if (distinct.length > 0 && distinct[distinct.length - 1] === x) counts[counts.length - 1]!++;
    else {
      distinct.push(x);
      counts.push(1);
    }
  }
  if (distinct.length <= maxBins) {
    return Float64Array.from({ length: Math.max(distinct.length - 1, 0) }, (_, i) =>
      between(distinct[i]!, distinct[i + 1]!),
    );
  }
  const quantiles = Math.ceil(maxBins * QUANTILE_SHARE);
  const low = distinct[0]!;
  const width = (distinct.at(-1)! - low) / (maxBins - quantiles);
  const edges: number[] = [];
  let left = sorted.length;
  let filled = 0;
  let cell = 0;
  let quantileEdges = 0;
  for (let i = 0; i < distinct.length - 1 && edges.length < maxBins - 1; i++) {
    filled += counts[i]!;
    const next = Math.floor((distinct[i + 1]! - low) / width);
    const isQuantile = filled >= left / (quantiles - quantileEdges);
    if (isQuantile) {
      quantileEdges++;
      left -= filled;
      filled = 0;
    }
    if (isQuantile || next > cell) edges.push(between(distinct[i]!, distinct[i + 1]!));
    cell = next;
  }
  return Float64Array.from(edges);
}

/** A number e with low ≤ e < high, the midpoint where it has room. */
function between(low: number, high: number): number {
  const middle = low + (high - low) / 2;
  return middle < high && middle >= low ? middle : low;
}

/** The bin of every row in every column, column-major (column × rows + row), in memory that threads can share. */
export function binRows(matrix: Matrix, edges: Edges, columns: BinColumns): Uint8Array {
  const { rows, values } = matrix;
  const width = edges.length;
  const bins = new Uint8Array(new SharedArrayBuffer(rows * columns.length));
  const finders = edges.map(binFinder);
  for (let block = 0; block < rows; block += ROW_BLOCK) {
    const end = Math.min(rows, block + ROW_BLOCK);
    for (const [c, [f, ...others]] of columns.entries()) {
      const to = c * rows;
      const find = finders[f!]!;
      const bundled = others.length > 0;
      for (let row = block; row < end; row++) {
        const x = values[row * width + f!]!;
        if (bundled) bins[to + row] = x;
        else bins[to + row] = Number.isNaN(x) ? MISSING : find(x);
      }
      for (const [i, other] of others.entries()) {
        for (let row = block; row < end; row++) if (values[row * width + other] === 1) bins[to + row] = i + 2;
      }
    }
  }
  return bins;
}

/** The number of edges below a value: binary search kept short by a table of evenly spaced cells. NaN gives 0. */
export function binFinder(edges: Float64Array): (x: number) => number {
  const count = edges.length;
  if (count === 0) return () => 0;
  const low = edges[0]!;
  const high = edges[count - 1]!;
  const scale = count > 1 ? CELLS / (high - low) : 0;
  const first = new Uint16Array(CELLS + 1);
  for (let cell = 0, edge = 0; cell <= CELLS; cell++) {
    while (edge < count - 1 && (edges[edge]! - low) * scale < cell) edge++;
    first[cell] = edge;
  }
  return (x) => {
    if (!(x > low)) return 0;
    if (x > high) return count;
    const cell = Math.min(((x - low) * scale) | 0, CELLS - 1);
    let from = first[cell]!;
    let to = first[cell + 1]!;
    while (to - from > 8) {
      const middle = (from + to) >> 1;
      if (x > edges[middle]!) from = middle + 1;
      else to = middle;
    }
    while (x > edges[from]!) from++;
    return from;
  };
}
