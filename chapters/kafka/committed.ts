/**
 * What a fetch gives where transactions count, without what was aborted. The client's own way takes one aborted range of a producer
 * for all of them, lets one pass whose end is in a later fetch, and fails at an end whose begin was in an earlier one; so the rule of
 * the broker's own client stands in its place: a producer's batches are dropped from where an aborted transaction of its begins to the
 * marker that ends it.
 */

/** What is used of a batch of a fetch response, as the protocol has it. */
export interface Batch {
  readonly attributes: number;
  readonly firstOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly producerId: bigint;
  readonly records: readonly { readonly key?: Buffer | null }[];
}

export interface FetchedPartition {
  records?: readonly Batch[] | null;
  abortedTransactions: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[] | null;
}

export interface Fetched {
  readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[];
}

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** Type of a marker, after the two bytes of its version; the other is the commit. */
const ABORT = 0;

/** Batches that count nothing stay as empty ones, since they say up to where was read. */
export function withoutAborted(
  batches: readonly Batch[],
  aborted: FetchedPartition['abortedTransactions'],
): Batch[] {
  const begins = [...(aborted ?? [])].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<bigint>();
  return batches.map((batch) => {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    while (begins.length > 0 && begins[0]!.firstOffset <= last) aborting.add(begins.shift()!.producerId);
    if ((batch.attributes & CONTROL) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(2) === ABORT) aborting.delete(batch.producerId);
      return batch;
    }
    const isAborted = (batch.attributes & TRANSACTIONAL) !== 0 && aborting.has(batch.producerId);
    return isAborted ? { ...batch, records: [] } : batch;
  });
}

/** Leaves nothing of aborted transactions to whoever reads the response. */
export function dropAborted({ responses }: Fetched): void {
  for (const { partitions } of responses)
    for (const partition of partitions) {
      if (!partition.records) continue;
      partition.records = withoutAborted(partition.records, partition.abortedTransactions);
      partition.abortedTransactions = [];
    }
}
