/** Class counts per bin of some features over a node's rows: histogram[slot × 256 × classes + bin × classes + class]. */
import { MISSING } from './bins.ts';

/** Adds rows [start, end) to the histograms; `columns` are offsets into bins, tags are repeats << 8 | class. */
type CountKernel = (
  bins: Uint8Array,
  columns: Int32Array,
  rows: Int32Array,
  tags: Int32Array,
  start: number,
  end: number,
  histogram: Int32Array,
) => void;

const kernels = new Map<string, CountKernel>();

/**
 * The counting loop written out for this many features and classes: each row is read once, the sums of several
 * features hide each other's latency, and the multiplications are by constants.
 */
export function countKernel(features: number, classes: number): CountKernel {
  const key = `${features},${classes}`;
  const known = kernels.get(key);
  if (known !== undefined) return known;
  const slots = Array.from({ length: features }, (_, slot) => slot);
  const body = `${slots.map((slot) => `const column${slot} = columns[${slot}];`).join(' ')}
  for (let i = start; i < end; i++) {
    const row = rows[i];
    const tag = tags[i];
    const at = tag & 255;
    const repeats = tag >>> 8;
    ${slots.map((slot) => `histogram[${slot * 256 * classes} + Math.imul(bins[column${slot} + row], ${classes}) + at] += repeats;`).join('\n')}
  }`;
  const names = ['bins', 'columns', 'rows', 'tags', 'start', 'end', 'histogram'];
  const kernel = new Function(...names, body) as CountKernel;
  kernels.set(key, kernel);
  return kernel;
}

/** Writes the bins that hold any of the rows, ascending and without MISSING, and returns how many they are. */
export function occupiedBins(
  bins: Uint8Array,
  column: number,
  rows: Int32Array,
  start: number,
  end: number,
  marks: Int32Array,
  occupied: Uint8Array,
): number {
  for (let i = start; i < end; i++) {
    const b = bins[column + rows[i]!]!;
    marks[b >> 5]! |= 1 << (b & 31);
  }
  let visited = 0;
  for (let word = 0; word < 8; word++) {
    for (let mark = marks[word]!; mark !== 0; mark &= mark - 1) {
      const b = word * 32 + 31 - Math.clz32(mark & -mark);
      if (b !== MISSING) occupied[visited++] = b;
    }
    marks[word] = 0;
  }
  return visited;
}

/** Sets one feature's counts back to zero, so that the next node finds a clean histogram. */
export function clearBins(
  histogram: Int32Array,
  slot: number,
  classes: number,
  occupied: Uint8Array,
  visited: number,
): void {
  const base = slot * 256 * classes;
  if (visited > 64) {
    histogram.fill(0, base, base + 256 * classes);
    return;
  }
  for (let i = 0; i < visited; i++) {
    for (let k = 0; k < classes; k++) histogram[base + occupied[i]! * classes + k] = 0;
  }
  for (let k = 0; k < classes; k++) histogram[base + MISSING * classes + k] = 0;
}
