/**
 * Up to when all events of a stream are there, by what its partitions have given (Akidau et al. 2015): the earliest of the latest
 * times of those that are not idle, less how far out of order events come. It never falls.
 */

export interface Partition {
  /** Latest event time, milliseconds of the epoch. */
  readonly latest: number;
  /** Nothing was there when it was asked: it holds the watermark back no more. */
  readonly isIdle: boolean;
}

export type Partitions = Readonly<Record<string, Partition>>;

export interface Watermark {
  /** -Infinity before the first event. */
  time(): number;
  add(partition: string, time: number): void;
  /** An empty fetch: everything of the partition was read. */
  rest(partition: string): void;
  /** The partition will never give another event. */
  end(partition: string): void;
  /** Where all partitions rest, time itself moves the watermark, so that nothing waits for another event. */
  flush(now: number): void;
  /** The partition that it waits for: the furthest behind of those that are not idle. */
  heldBackBy(): string | undefined;
  /** In the order of their names. */
  partitions(): Partitions;
}

/** `disorder`: milliseconds that events of one partition come out of order at most. */
export function openWatermark(
  disorder: number,
  before: { readonly watermark: number | null; readonly partitions: Partitions } = {
    watermark: null,
    partitions: {},
  },
): Watermark {
  let watermark = before.watermark ?? Number.NEGATIVE_INFINITY;
  const partitions = new Map(Object.entries(before.partitions));
  const furthestBehind = () => {
    let first: [name: string, latest: number] | undefined;
    for (const [name, { latest, isIdle }] of partitions)
      if (!isIdle && (first === undefined || latest < first[1])) first = [name, latest];
    return first;
  };
  const moveTo = (time: number) => {
    watermark = Math.max(watermark, time);
  };
  const advance = () => {
    const first = furthestBehind();
    if (first !== undefined) moveTo(first[1] - disorder);
  };
  return {
    time: () => watermark,
    add(partition, time) {
      const latest = Math.max(partitions.get(partition)?.latest ?? Number.NEGATIVE_INFINITY, time);
      partitions.set(partition, { latest, isIdle: false });
      advance();
    },
    rest(partition) {
      const known = partitions.get(partition);
      if (known !== undefined) partitions.set(partition, { ...known, isIdle: true });
      advance();
    },
    end(partition) {
      partitions.delete(partition);
      advance();
    },
    flush(now) {
      if ([...partitions.values()].every(({ isIdle }) => isIdle)) moveTo(now - disorder);
    },
    heldBackBy: () => furthestBehind()?.[0],
    partitions: () => Object.fromEntries([...partitions].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
