/** How far the topic of events was taken into the stream of events here: by partition, the offset that is read next. */
import * as v from 'valibot';
import type { Ledgers } from '../../lib/record/catalogue.ts';
import { lastProgress } from '../../lib/record/progress.ts';

/** As text, since an offset may be beyond what a number holds. */
const schema = v.record(v.string(), v.pipe(v.string(), v.regex(/^\d+$/)));
export type Offsets = v.InferOutput<typeof schema>;

export function consumerOf(topic: string): string {
  return `land-${topic}`;
}

export function offsetsText(offsets: ReadonlyMap<number, bigint>): Offsets {
  return Object.fromEntries([...offsets].map(([partition, offset]) => [String(partition), String(offset)]));
}

/** Nothing before the first. */
export function landedOffsets(ledgers: Ledgers, topic: string): Map<number, bigint> {
  const said = lastProgress(ledgers, consumerOf(topic), schema) ?? {};
  return new Map(Object.entries(said).map(([partition, offset]) => [Number(partition), BigInt(offset)]));
}
