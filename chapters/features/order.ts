/** Many rows by entity, and in time within each: one counting sort where they come in time, which they mostly do. */

import { countsToStarts, orderDescending } from '../../lib/numbers/order.ts';

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

/**
 * For each row of the left the last of the right that is of the same entity and not later: its number, −1 where there is none. Both
 * sides have entities from 0 to count − 1, −1 for none of them. Of rows of one moment the last counts. One pass over both in time.
 */
export function asOf(
  left: { readonly entities: Int32Array; readonly times: Float64Array },
  right: { readonly entities: Int32Array; readonly times: Float64Array },
  count: number,
): Int32Array {
  const [asked, known] = [inTime(left.times), inTime(right.times)];
  const found = new Int32Array(left.entities.length);
  const latest = new Int32Array(count).fill(-1);
  const total = right.times.length;
  let at = 0;
  for (let i = 0; i < found.length; i++) {
    const time = asked.times[i]!;
    for (; at < total && known.times[at]! <= time; at++) {
      const row = known.order === undefined ? at : known.order[at]!;
      latest[right.entities[row]!] = row;
    }
    const row = asked.order === undefined ? i : asked.order[i]!;
    const entity = left.entities[row]!;
    found[row] = entity < 0 ? -1 : latest[entity]!;
  }
  return found;
}

interface InTime {
  /** Row numbers in time, equal ones as they stand; undefined where they stand so already. */
  readonly order: Int32Array | undefined;
  /** The times in that order. */
  readonly times: Float64Array;
}

function inTime(times: Float64Array): InTime {
  let isSorted = true;
  for (let i = 1; i < times.length && isSorted; i++) isSorted = times[i - 1]! <= times[i]!;
  return isSorted ? { order: undefined, times } : sortWhole(times);
}

const DIGIT_BITS = 11;
const BUCKETS = 1 << DIGIT_BITS;
/** Two digits of a time, as one whole number. */
const HALF = 2 ** (2 * DIGIT_BITS);

/** Whole numbers that lie together, as times in milliseconds do, by their digits from the last on; anything else by comparing. */
function sortWhole(times: Float64Array): InTime {
  let [low, high, isWhole] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    if (time < low) low = time;
    if (time > high) high = time;
    if (Math.floor(time) !== time) isWhole = false;
  }
  if (!isWhole || high - low >= HALF * HALF) {
    const order = orderDescending(times.map((time) => -time));
    return { order, times: Float64Array.from(order, (row) => times[row]!) };
  }
  const count = times.length;
  let from = { row: new Int32Array(count), low: new Int32Array(count), high: new Int32Array(count) };
  let to = { row: new Int32Array(count), low: new Int32Array(count), high: new Int32Array(count) };
  for (let i = 0; i < count; i++) {
    const key = times[i]! - low;
    const top = Math.floor(key / HALF);
    from.row[i] = i;
    from.high[i] = top;
    from.low[i] = key - top * HALF;
  }
  const starts = new Int32Array(BUCKETS);
  for (const [half, shift] of [
    ['low', 0],
    ['low', DIGIT_BITS],
    ['high', 0],
    ['high', DIGIT_BITS],
  ] as const) {
    const keys = from[half];
    starts.fill(0);
    for (let i = 0; i < count; i++) starts[(keys[i]! >>> shift) & (BUCKETS - 1)]!++;
    if (starts[(keys[0]! >>> shift) & (BUCKETS - 1)] === count) continue;
    countsToStarts(starts);
    for (let i = 0; i < count; i++) {
      const place = starts[(keys[i]! >>> shift) & (BUCKETS - 1)]!++;
      to.row[place] = from.row[i]!;
      to.low[place] = from.low[i]!;
      to.high[place] = from.high[i]!;
    }
    [from, to] = [to, from];
  }
  const { row, low: lows, high: highs } = from;
  const sorted = new Float64Array(count);
  for (let i = 0; i < count; i++) sorted[i] = low + highs[i]! * HALF + lows[i]!;
  return { order: row, times: sorted };
}
