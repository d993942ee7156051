/** The row work of boosting on one shard of rows: gradients, histograms, partitions, scores. */
import { mix } from '../numbers/random.ts';
import { partitionIndex } from './partition.ts';

/** A histogram cell holds gradient sum × GRADIENT + hessian sum: whole numbers, so exact in any order. */
export const GRADIENT = 2 ** 26;

/** One shard of rows; arrays hold its own rows only. */
export interface Shard {
  readonly rows: number;
  /** Number of each row in the whole table; changes with regroup(). */
  readonly numbers: Int32Array;
  /** Words of four bins per row. */
  readonly width: number;
  /**
   * What histograms read, recordWords(width) words per row: the bins, four to a word, then the quantised gradient
   * << 16 | hessian.
   */
  readonly records: Int32Array;
  /** Column-major bins, column × rows + row: what partitions read. */
  readonly columns: Uint8Array;
  readonly target: Uint8Array;
  /** Margins, output × rows + row. */
  readonly scores: Float64Array;
  /** With more than one output, the probabilities that the round began with, as the scores lie. */
  readonly shares: Float64Array;
  /** Row numbers, each leaf's together and ascending. */
  readonly order: Int32Array;
  readonly aside: Int32Array;
  readonly histogram: Float64Array;
}

/** Words that hold the bins of so many columns. */
export function wordsOf(columns: number): number {
  return Math.ceil(columns / 4);
}

/** Words of a record: the bins, then gradient and hessian. */
export function recordWords(width: number): number {
  return width + 1;
}

const TABLE_REACH = 16;
const TABLE_STEPS = 256;

/** 1 / (1 + e^−s) at s = −16 … 16 in steps of 1/256; between them a straight line is exact to 4e−7. */
export function sigmoidTable(): Float64Array {
  const size = 2 * TABLE_REACH * TABLE_STEPS + 2;
  return Float64Array.from({ length: size }, (_, i) => 1 / (1 + Math.exp(TABLE_REACH - i / TABLE_STEPS)));
}

/** Starts a round of several outputs: the softmax of every row's margins. */
export function startRound({ rows, scores, shares }: Shard): void {
  const outputs = scores.length / rows;
  for (let row = 0; row < rows; row++) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < outputs; k++) highest = Math.max(highest, scores[k * rows + row]!);
    let sum = 0;
    for (let k = 0; k < outputs; k++) {
      const share = Math.exp(scores[k * rows + row]! - highest);
      shares[k * rows + row] = share;
      sum += share;
    }
    for (let k = 0; k < outputs; k++) shares[k * rows + row]! /= sum;
  }
}

/** Sixteen random bits as a share of one. */
const UNIT = 2 ** -16;
/** Rows whose records stay in cache from their gradients to their sums. */
const ROWS_TOGETHER = 1024;

/**
 * Starts a tree: all rows in one leaf again, with new gradients (see setGradients), and summed as sumHistogram would.
 */
export function startTree(
  shard: Shard,
  table: Float64Array,
  levels: number,
  tree: number,
  output: number,
): void {
  shard.histogram.fill(0);
  for (let start = 0; start < shard.rows; start += ROWS_TOGETHER) {
    const end = Math.min(shard.rows, start + ROWS_TOGETHER);
    setGradients(shard, table, levels, tree, output, start, end);
    addRows(shard, start, end, false);
  }
}

/**
 * Every row's gradient p − y and hessian p (1 − p) in units of 1/levels and 1/(4 levels), rounded up or down at random by
 * row and tree so that sums stay unbiased (Shi et al. 2022).
 */
function setGradients(
  shard: Shard,
  table: Float64Array,
  levels: number,
  tree: number,
  output: number,
  start: number,
  end: number,
): void {
  const { rows, numbers, width, target, scores, shares, records, order } = shard;
  const stride = recordWords(width);
  const last = table.length - 2;
  const salt = mix(tree + 1);
  const hasShares = shares.length > 0;
  const first = output * rows;
  const positive = hasShares ? output : 1;
  for (let row = start; row < end; row++) {
    order[row] = row;
    let p: number;
    if (hasShares) p = shares[first + row]!;
    else {
      let position = (scores[row]! + TABLE_REACH) * TABLE_STEPS;
      if (position < 0) position = 0;
      else if (position > last) position = last;
      const cell = position | 0;
      const low = table[cell]!;
      p = low + (table[cell + 1]! - low) * (position - cell);
    }
    let dither = Math.imul(numbers[row]! ^ salt, 0x9e3779b1);
    dither = Math.imul(dither ^ (dither >>> 15), 0x85ebca6b);
    dither ^= dither >>> 13;
    const y = target[row] === positive ? 1 : 0;
    const gradient = ((p - y + 1) * levels + (dither & 0xffff) * UNIT) | 0;
    const hessian = (p * (1 - p) * 4 * levels + (dither >>> 16) * UNIT) | 0;
    records[row * stride + width] = ((gradient - levels) << 16) | hessian;
  }
}

/** Sums rows order[start … end) of some words: (records, order, start, end, sums, histogram). */
type HistogramKernel = (
  records: Int32Array,
  order: Int32Array,
  start: number,
  end: number,
  sums: Float64Array,
  histogram: Float64Array,
) => void;

const WORDS_PER_PASS = 8;
const BLOCK = 64;
const sums = new Float64Array(BLOCK);
const kernels = new Map<string, HistogramKernel>();

/**
 * The histogram loop written out for `count` words from `first` of so many columns: without an inner loop it runs a quarter
 * faster, and this is where most of the time of a fit goes. Rows of a small leaf lie far apart in memory (`far`), so
 * each block of 64 first touches all of its records in a short loop, where the waits for them overlap.
 */
function kernelFor(columns: number, first: number, count: number, far: boolean): HistogramKernel {
  const key = `${columns},${first},${count},${far}`;
  const known = kernels.get(key);
  if (known !== undefined) return known;
  const width = wordsOf(columns);
  const adds = Array.from({ length: count }, (_, j) => {
    const cells = ['w & 255', '(w >>> 8) & 255', '(w >>> 16) & 255', 'w >>> 24'].slice(
      0,
      columns - 4 * (first + j),
    );
    const lines = cells.map((cell, i) => `histogram[${(first + j) * 1024 + i * 256} + (${cell})] += sum;`);
    return `w = records[at + ${first + j}]; ${lines.join(' ')}`;
  });
  const recordOf = (i: string) => `const at = Math.imul(order[${i}], ${recordWords(width)});`;
  const packedSum = `const packed = records[at + ${width}];
    const sum = (packed >> 16) * ${GRADIENT} + (packed & 0xffff);`;
  const near = `for (let i = start; i < end; i++) {
    ${recordOf('i')}
    ${packedSum}
    let ${adds.join('\n')}
  }`;
  const blocks = `let touched = 0;
  for (let block = start; block < end; block += ${BLOCK}) {
    const stop = Math.min(end, block + ${BLOCK});
    for (let i = block; i < stop; i++) {
      ${recordOf('i')}
      ${packedSum}
      sums[i - block] = sum;
      touched ^= records[at + ${first}];
    }
    for (let i = block; i < stop; i++) {
      ${recordOf('i')}
      const sum = sums[i - block];
      let ${adds.join('\n')}
    }
  }
  return touched;`;
  const kernel = new Function('records', 'order', 'start', 'end', 'sums', 'histogram', far ? blocks : near);
  kernels.set(key, kernel as HistogramKernel);
  return kernel as HistogramKernel;
}

/** Sums gradients and hessians of order[start … end) per column and bin: histogram[column × 256 + bin]. */
export function sumHistogram(shard: Shard, start: number, end: number): void {
  shard.histogram.fill(0);
  addRows(shard, start, end, end - start < shard.rows / 16);
}

function addRows(shard: Shard, start: number, end: number, far: boolean): void {
  const columns = shard.columns.length / shard.rows;
  for (let first = 0; first < shard.width; first += WORDS_PER_PASS) {
    const kernel = kernelFor(columns, first, Math.min(WORDS_PER_PASS, shard.width - first), far);
    kernel(shard.records, shard.order, start, end, sums, shard.histogram);
  }
}

/** Moves the rows of order[start … end) that go left to the front; returns where the right side begins. */
export function partitionShard(
  shard: Shard,
  start: number,
  end: number,
  column: number,
  low: number,
  high: number,
): number {
  const bins = shard.columns.subarray(column * shard.rows, (column + 1) * shard.rows);
  return partitionIndex(bins, low, high, shard.order, shard.aside, start, end);
}

/** Adds a leaf's value to an output's score of its rows. */
export function addToScores(shard: Shard, start: number, end: number, output: number, value: number): void {
  const { rows, order, scores } = shard;
  const first = output * rows;
  for (let i = start; i < end; i++) scores[first + order[i]!]! += value;
}

/**
 * Lays the rows out anew, the rows of each leaf of the last tree together. Trees that follow one another are alike,
 * so the next ones find the rows of a small leaf close together in memory. Changes no sum.
 */
export function regroup(shard: Shard): void {
  const { rows, width, order, records, columns, target, scores, numbers } = shard;
  const held = new ArrayBuffer(Math.ceil(records.byteLength / 8) * 8);
  permute(records, recordWords(width), order, new Int32Array(held));
  permute(target, 1, order, new Uint8Array(held));
  for (let first = 0; first < scores.length; first += rows)
    permute(scores.subarray(first, first + rows), 1, order, new Float64Array(held));
  permute(numbers, 1, order, new Int32Array(held));
  for (let first = 0; first < columns.length; first += rows)
    permute(columns.subarray(first, first + rows), 1, order, new Uint8Array(held));
}

/** Puts record order[i] of `values` at i; `held` is room for a copy. */
function permute<T extends Uint8Array | Int32Array | Float64Array>(
  values: T,
  stride: number,
  order: Int32Array,
  held: T,
): void {
  held.set(values);
  for (let i = 0, to = 0; i < order.length; i++) {
    for (let from = order[i]! * stride, end = from + stride; from < end; from++) values[to++] = held[from]!;
  }
}
