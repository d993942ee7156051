/** Class counts per bin of some features over a node's rows: histogram[slot × 256 × classes + bin × classes + class]. */
import { MISSING } from './bins.ts';

/**
 * Adds rows [start, end) to the histograms of up to four features in one pass, so that each row is read once and
 * four independent sums hide each other's latency. `columns` are offsets into bins; tags are repeats << 8 | class.
 */
export function countClasses(
  bins: Uint8Array,
  columns: Int32Array,
  features: number,
  rows: Int32Array,
  tags: Int32Array,
  start: number,
  end: number,
  histogram: Int32Array,
  classes: number,
): void {
  const slot = 256 * classes;
  const [a, b, c, d] = [columns[0]!, columns[1]!, columns[2]!, columns[3]!];
  if (features === 4) {
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const tag = tags[i]!;
      const k = tag & 255;
      const repeats = tag >>> 8;
      histogram[bins[a + row]! * classes + k]! += repeats;
      histogram[slot + bins[b + row]! * classes + k]! += repeats;
      histogram[2 * slot + bins[c + row]! * classes + k]! += repeats;
      histogram[3 * slot + bins[d + row]! * classes + k]! += repeats;
    }
  } else if (features === 3) {
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const tag = tags[i]!;
      const k = tag & 255;
      const repeats = tag >>> 8;
      histogram[bins[a + row]! * classes + k]! += repeats;
      histogram[slot + bins[b + row]! * classes + k]! += repeats;
      histogram[2 * slot + bins[c + row]! * classes + k]! += repeats;
    }
  } else if (features === 2) {
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const tag = tags[i]!;
      const k = tag & 255;
      const repeats = tag >>> 8;
      histogram[bins[a + row]! * classes + k]! += repeats;
      histogram[slot + bins[b + row]! * classes + k]! += repeats;
    }
  } else {
    for (let i = start; i < end; i++) {
      const tag = tags[i]!;
      histogram[bins[a + rows[i]!]! * classes + (tag & 255)]! += tag >>> 8;
    }
  }
}

/** Writes the bins below `binCount` that hold any of the rows, ascending, and returns how many they are. */
export function occupiedBins(
  bins: Uint8Array,
  column: number,
  rows: Int32Array,
  start: number,
  end: number,
  binCount: number,
  marks: Int32Array,
  occupied: Uint8Array,
): number {
  if (end - start >= binCount / 2) {
    for (let b = 0; b < binCount; b++) occupied[b] = b;
    return binCount;
  }
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
