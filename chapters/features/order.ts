/** Many rows by entity, and in time within each: one counting sort where they come in time, which they mostly do. */

import { orderDescending } from '../../lib/numbers/order.ts';

/** Row numbers by entity, time and when they were known, equal ones as they stood; and where each entity begins. */
export function orderByEntity(
  entities: Int32Array,
  count: number,
  times: Float64Array,
  created: Float64Array,
): [order: Int32Array, starts: Int32Array] {
  const starts = new Int32Array(count + 1);
  for (let i = 0; i < entities.length; i++) starts[entities[i]! + 1]!++;
  for (let e = 0; e < count; e++) starts[e + 1]! += starts[e]!;
  const next = starts.slice();
  const order = new Int32Array(entities.length);
  for (let i = 0; i < entities.length; i++) order[next[entities[i]!]!++] = i;
  for (let e = 0; e < count; e++) sortInTime(order, starts[e]!, starts[e + 1]!, times, created);
  return [order, starts];
}

function sortInTime(
  order: Int32Array,
  from: number,
  to: number,
  times: Float64Array,
  created: Float64Array,
): void {
  let isSorted = true;
  for (let i = from + 1; i < to && isSorted; i++) {
    const [a, b] = [order[i - 1]!, order[i]!];
    isSorted = times[a]! < times[b]! || (times[a] === times[b] && created[a]! <= created[b]!);
  }
  if (isSorted) return;
  const own = order.subarray(from, to);
  own.sort((a, b) => times[a]! - times[b]! || created[a]! - created[b]! || a - b);
}

interface Side {
  readonly entities: Int32Array;
  readonly times: Float64Array;
}

/**
 * For each row of the left the last of the right that is of the same entity and not later: its number, −1 where there is none. Both
 * sides have entities from 0 to count − 1, −1 for none of them. Of rows of one moment the last counts. Sides that come in time take
 * one pass over both; else only the left is put in time, entity by entity, which stays in cache, and each row of the right
 * looks for the first of the left that may know it.
 */
export function asOf(left: Side, right: Side, count: number): Int32Array {
  return isInTime(left.times) && isInTime(right.times)
    ? inOnePass(left, right, count)
    : byEntity(left, right, count);
}

function isInTime(times: Float64Array): boolean {
  for (let i = 1; i < times.length; i++) if (!(times[i - 1]! <= times[i]!)) return false;
  return true;
}

function inOnePass(left: Side, right: Side, count: number): Int32Array {
  const found = new Int32Array(left.entities.length);
  const latest = new Int32Array(count).fill(-1);
  const total = right.times.length;
  let at = 0;
  for (let row = 0; row < found.length; row++) {
    const time = left.times[row]!;
    for (; at < total && right.times[at]! <= time; at++)
      if (right.entities[at]! >= 0) latest[right.entities[at]!] = at;
    const entity = left.entities[row]!;
    found[row] = entity < 0 ? -1 : latest[entity]!;
  }
  return found;
}

function byEntity(left: Side, right: Side, count: number): Int32Array {
  const asked = togetherByEntity(left, count);
  const known = togetherByEntity(right, count);
  const { starts, times, rows } = asked;
  const found = new Int32Array(left.entities.length).fill(-1);
  // By place of the left: of the right's rows that it is the first to know, the latest.
  const row = new Int32Array(times.length).fill(-1);
  const time = new Float64Array(times.length);
  for (let e = 0; e < count; e++) {
    const [from, to] = [starts[e]!, starts[e + 1]!];
    if (from === to) continue;
    sortSegment(asked, from, to);
    for (let i = known.starts[e]!; i < known.starts[e + 1]!; i++) {
      const at = known.times[i]!;
      let place = from;
      // Without a branch that the processor must guess.
      for (let length = to - from; length > 1; ) {
        const half = length >> 1;
        place += half * Number(times[place + half - 1]! < at);
        length -= half;
      }
      place += Number(times[place]! < at);
      if (place < to && (row[place] === -1 || at >= time[place]!)) {
        row[place] = known.rows[i]!;
        time[place] = at;
      }
    }
    for (let place = from, last = -1; place < to; place++) {
      if (row[place] !== -1) last = row[place]!;
      found[rows[place]!] = last;
    }
  }
  return found;
}

interface Together {
  /** Where each entity's rows begin; those of none are left out. */
  readonly starts: Int32Array;
  readonly times: Float64Array;
  readonly rows: Int32Array;
}

/** Rows by entity, within one as they stand. */
function togetherByEntity({ entities, times }: Side, count: number): Together {
  const starts = new Int32Array(count + 1);
  for (let i = 0; i < entities.length; i++) if (entities[i]! >= 0) starts[entities[i]! + 1]!++;
  for (let e = 0; e < count; e++) starts[e + 1]! += starts[e]!;
  const next = starts.slice();
  const together = { starts, times: new Float64Array(starts[count]!), rows: new Int32Array(starts[count]!) };
  for (let i = 0; i < entities.length; i++) {
    if (entities[i]! < 0) continue;
    const place = next[entities[i]!]!++;
    together.times[place] = times[i]!;
    together.rows[place] = i;
  }
  return together;
}

/** Up to here each row is put where it belongs among those before it. */
const FEW = 48;

function sortSegment({ times, rows }: Together, from: number, to: number): void {
  if (to - from > FEW) {
    const [own, ownRows] = [times.slice(from, to), rows.slice(from, to)];
    const order = orderDescending(own.map((time) => -time));
    for (let i = 0; i < order.length; i++) {
      times[from + i] = own[order[i]!]!;
      rows[from + i] = ownRows[order[i]!]!;
    }
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const [time, row] = [times[i]!, rows[i]!];
    let place = i;
    for (; place > from && times[place - 1]! > time; place--) {
      times[place] = times[place - 1]!;
      rows[place] = rows[place - 1]!;
    }
    times[place] = time;
    rows[place] = row;
  }
}
