/** Many rows by entity, and in time within each: one counting sort where they come in time, which they mostly do. */

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
 * sides have entities from 0 to count − 1. Of rows of one moment the last counts.
 */
export function asOf(
  left: { entities: Int32Array; times: Float64Array },
  right: { entities: Int32Array; times: Float64Array },
  count: number,
): Int32Array {
  const [leftOrder, leftStarts] = orderByEntity(left.entities, count, left.times, left.times);
  const [rightOrder, rightStarts] = orderByEntity(right.entities, count, right.times, right.times);
  const found = new Int32Array(left.entities.length).fill(-1);
  for (let e = 0; e < count; e++) {
    let at = rightStarts[e]!;
    const end = rightStarts[e + 1]!;
    for (let i = leftStarts[e]!; i < leftStarts[e + 1]!; i++) {
      const row = leftOrder[i]!;
      const time = left.times[row]!;
      while (at < end && right.times[rightOrder[at]!]! <= time) at++;
      if (at > rightStarts[e]!) found[row] = rightOrder[at - 1]!;
    }
  }
  return found;
}
