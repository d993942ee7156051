/**
 * Ordering many rows by a number: least significant digit radix sort (Knuth 1998, section 5.2.5) on the bits of the doubles,
 * whose order is that of the numbers once the sign is turned.
 */
import { endianness } from 'node:os';

const DIGIT_BITS = 16;
const BUCKETS = 1 << DIGIT_BITS;
/** With fewer numbers, emptying the buckets would take longer than comparing. */
const FEW = 20_000;
const SIGN = 0x80000000;

/** Row numbers by value, highest first; of equal values the earlier row. No value is NaN. */
export function orderDescending(values: Float64Array): Int32Array {
  if (values.length >= FEW) return radixOrder(values);
  return Int32Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
}

function radixOrder(values: Float64Array): Int32Array {
  const count = values.length;
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
  const [highWord, lowWord] = endianness() === 'LE' ? [1, 0] : [0, 1];
  const highs = new Uint32Array(count);
  const lows = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    // Zero has two signs and is one number.
    const high = values[i] === 0 ? 0 : words[2 * i + highWord]!;
    const low = words[2 * i + lowWord]!;
    const isNegative = high >= SIGN;
    highs[i] = isNegative ? high : ~(high ^ SIGN);
    lows[i] = isNegative ? low : ~low;
  }
  let from = Int32Array.from(values.keys());
  let to = new Int32Array(count);
  const starts = new Uint32Array(BUCKETS);
  for (const [keys, shift] of [
    [lows, 0],
    [lows, DIGIT_BITS],
    [highs, 0],
    [highs, DIGIT_BITS],
  ] as const) {
    starts.fill(0);
    for (let i = 0; i < count; i++) starts[(keys[i]! >>> shift) & (BUCKETS - 1)]!++;
    if (starts[(keys[0]! >>> shift) & (BUCKETS - 1)] === count) continue;
    countsToStarts(starts);
    for (let i = 0; i < count; i++) {
      const row = from[i]!;
      to[starts[(keys[row]! >>> shift) & (BUCKETS - 1)]!++] = row;
    }
    [from, to] = [to, from];
  }
  return from;
}

const VALUE_BITS = 11;
const VALUE_BUCKETS = 1 << VALUE_BITS;

/** The values in a new array, lowest first. No value is NaN. */
export function sortAscending(values: Float64Array): Float64Array {
  if (values.length < FEW) return values.slice().sort();
  const ends = 2 * values.length;
  const words = new Uint32Array(values.buffer, values.byteOffset, ends);
  const [highWord, lowWord] = endianness() === 'LE' ? [1, 0] : [0, 1];
  let from = new Uint32Array(ends);
  let to = new Uint32Array(ends);
  for (let i = 0; i < ends; i += 2) {
    const turned = words[i + highWord]! >>> 31 === 0 ? 0 : 0xffffffff;
    from[i + highWord] = words[i + highWord]! ^ (turned | SIGN);
    from[i + lowWord] = words[i + lowWord]! ^ turned;
  }
  const starts = new Uint32Array(VALUE_BUCKETS);
  for (const word of [lowWord, highWord])
    for (let shift = 0; shift < 32; shift += VALUE_BITS) {
      starts.fill(0);
      for (let i = word; i < ends; i += 2) starts[(from[i]! >>> shift) & (VALUE_BUCKETS - 1)]!++;
      countsToStarts(starts);
      for (let i = 0; i < ends; i += 2) {
        const at = 2 * starts[(from[i + word]! >>> shift) & (VALUE_BUCKETS - 1)]!++;
        to[at] = from[i]!;
        to[at + 1] = from[i + 1]!;
      }
      [from, to] = [to, from];
    }
  for (let i = 0; i < ends; i += 2) {
    const turned = from[i + highWord]! >>> 31 === 0 ? 0xffffffff : 0;
    from[i + highWord] = from[i + highWord]! ^ (turned | SIGN);
    from[i + lowWord] = from[i + lowWord]! ^ turned;
  }
  return new Float64Array(from.buffer);
}

/** Counts by bucket become where each bucket begins, in place. */
export function countsToStarts(counts: Uint32Array | Int32Array): void {
  let before = 0;
  for (let b = 0; b < counts.length; b++) {
    const held = counts[b]!;
    counts[b] = before;
    before += held;
  }
}
