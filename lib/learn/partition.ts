/** Moving a node's rows so that those that go left come first; no branch depends on the data. */
import { MISSING } from './bins.ts';

/** Rows and what is carried along with each. */
export interface TaggedRows {
  readonly rows: Int32Array;
  readonly tags: Int32Array;
}

/** Reorders rows[start … end), each side in its order, and returns where the right side begins. */
export function partitionIndex(
  column: Uint8Array,
  bin: number,
  missingLeft: boolean,
  rows: Int32Array,
  aside: Int32Array,
  start: number,
  end: number,
): number {
  const after = bin + 1;
  const missingBin = missingLeft ? MISSING : -1;
  let to = start;
  let moved = 0;
  for (let i = start; i < end; i++) {
    const row = rows[i]!;
    const b = column[row]!;
    const goesLeft = ((b - after) >>> 31) | (b === missingBin ? 1 : 0);
    rows[to] = row;
    aside[moved] = row;
    to += goesLeft;
    moved += 1 - goesLeft;
  }
  rows.set(aside.subarray(0, moved), to);
  return to;
}

/** The same for tagged rows; a side that is not kept is dropped. Returns where the left and the right side end. */
export function partitionTagged(
  column: Uint8Array,
  bin: number,
  missingLeft: boolean,
  sample: TaggedRows,
  aside: TaggedRows,
  start: number,
  end: number,
  keepLeft: boolean,
  keepRight: boolean,
): [leftEnd: number, rightEnd: number] {
  const { rows, tags } = sample;
  const after = bin + 1;
  const missingBin = missingLeft ? MISSING : -1;
  if (keepLeft && keepRight) {
    let to = start;
    let moved = 0;
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const tag = tags[i]!;
      const b = column[row]!;
      const goesLeft = ((b - after) >>> 31) | (b === missingBin ? 1 : 0);
      rows[to] = row;
      tags[to] = tag;
      aside.rows[moved] = row;
      aside.tags[moved] = tag;
      to += goesLeft;
      moved += 1 - goesLeft;
    }
    rows.set(aside.rows.subarray(0, moved), to);
    tags.set(aside.tags.subarray(0, moved), to);
    return [to, end];
  }
  const kept = keepLeft ? 1 : 0;
  let to = start;
  for (let i = start; i < end; i++) {
    const row = rows[i]!;
    const tag = tags[i]!;
    const b = column[row]!;
    const goesLeft = ((b - after) >>> 31) | (b === missingBin ? 1 : 0);
    rows[to] = row;
    tags[to] = tag;
    to += goesLeft === kept ? 1 : 0;
  }
  return keepLeft ? [to, to] : [start, to];
}
