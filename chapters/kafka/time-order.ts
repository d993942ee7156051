/**
 * What waits of several partitions, taken in the order of event time, so that of a backlog the one partition does not run ahead of the
 * other and make its events late. Values in, values out.
 */

export interface Timed {
  readonly partition: number;
  /** Latest event time of its partition up to it, so that each partition keeps its own order. */
  readonly upTo: number;
}

/**
 * The first so many. Nothing is taken beyond what a partition has given that has more to give: what comes next of it may be earlier.
 * `given` says the latest event time of each such partition.
 */
export function inTimeOrder<T extends Timed>(
  waiting: readonly T[],
  given: ReadonlyMap<number, number>,
  most: number,
): T[] {
  const bound = Math.min(...given.values());
  return waiting
    .filter(({ upTo }) => upTo <= bound)
    .sort((a, b) => a.upTo - b.upTo)
    .slice(0, most);
}
