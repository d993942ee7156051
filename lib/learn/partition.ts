/**
 * Moving a node's rows so that those that go left come first; no branch depends on the data. A row goes right if its bin in
 * the column is one of low … high.
 */

/** Rows and what is carried along with each. */
export interface TaggedRows {
  readonly rows: Int32Array;
  readonly tags: Int32Array;
}

/** Reorders rows[start … end), each side in its order, and returns where the right side begins. */
export function partitionIndex(
  column: Uint8Array,
  low: number,
  high: number,
  rows: Int32Array,
  aside: Int32Array,
  start: number,
  end: number,
): number {
  let to = start;
  let moved = 0;
  for (let i = start; i < end; i++) {
    const row = rows[i]!;
    const b = column[row]!;
    const goesLeft = ((b - low) | (high - b)) >>> 31;
    rows[to] = row;
    aside[moved] = row;
    to += goesLeft;
    moved += 1 - goesLeft;
  }
  rows.set(aside.subarray(0, moved), to);
  return to;
}

/**
 * The same for tagged rows; a side that is not kept is dropped. Returns where the left and the right side end. A
 * lopsided split swaps the few rows that are on the wrong side, which forgets their order but hardly writes.
 */
export function partitionTagged(
  column: Uint8Array,
  low: number,
  high: number,
  sample: TaggedRows,
  aside: TaggedRows,
  start: number,
  end: number,
  keep: { readonly left: boolean; readonly right: boolean; readonly lopsided: boolean },
): [leftEnd: number, rightEnd: number] {
  const { rows, tags } = sample;
  if (keep.lopsided) {
    const middle = swapSides(column, low, high, rows, tags, start, end);
    return [middle, end];
  }
  if (keep.left && keep.right) {
    const middle = splitSides(column, low, high, rows, tags, aside.rows, aside.tags, start, end);
    return [middle, end];
  }
  const to = keepSide(column, low, high, rows, tags, start, end, keep.left ? 1 : 0);
  return keep.left ? [to, to] : [start, to];
}

function swapSides(
  column: Uint8Array,
  low: number,
  high: number,
  rows: Int32Array,
  tags: Int32Array,
  start: number,
  end: number,
): number {
  let left = start;
  let right = end - 1;
  for (;;) {
    for (; left <= right; left++) {
      const b = column[rows[left]!]!;
      if (b >= low && b <= high) break;
    }
    for (; left <= right; right--) {
      const b = column[rows[right]!]!;
      if (b < low || b > high) break;
    }
    if (left >= right) return left;
    const row = rows[left]!;
    const tag = tags[left]!;
    rows[left] = rows[right]!;
    tags[left] = tags[right]!;
    rows[right] = row;
    tags[right] = tag;
  }
}

function splitSides(
  column: Uint8Array,
  low: number,
  high: number,
  rows: Int32Array,
  tags: Int32Array,
  asideRows: Int32Array,
  asideTags: Int32Array,
  start: number,
  end: number,
): number {
  let to = start;
  let moved = 0;
  for (let i = start; i < end; i++) {
    const row = rows[i]!;
    const tag = tags[i]!;
    const b = column[row]!;
    const goesLeft = ((b - low) | (high - b)) >>> 31;
    rows[to] = row;
    tags[to] = tag;
    asideRows[moved] = row;
    asideTags[moved] = tag;
    to += goesLeft;
    moved += 1 - goesLeft;
  }
  rows.set(asideRows.subarray(0, moved), to);
  tags.set(asideTags.subarray(0, moved), to);
  return to;
}

function keepSide(
  column: Uint8Array,
  low: number,
  high: number,
  rows: Int32Array,
  tags: Int32Array,
  start: number,
  end: number,
  side: number,
): number {
  let to = start;
  for (let i = start; i < end; i++) {
    const row = rows[i]!;
    const tag = tags[i]!;
    const b = column[row]!;
    const goesLeft = ((b - low) | (high - b)) >>> 31;
    rows[to] = row;
    tags[to] = tag;
    to += goesLeft === side ? 1 : 0;
  }
  return to;
}
