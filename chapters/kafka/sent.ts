/**
 * How far this project has sent its events. A message of the topic of positions, in the transaction of what was sent, says so; the
 * producer of a project is one, so that after it has begun nothing of one that was killed can come any more.
 */
import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { failed } from '../../lib/fault.ts';
import { STREAM_START, type StreamPosition } from '../../lib/record/stream.ts';
import { streamPosition } from '../../lib/record/truth.ts';
import { sleep } from '../../lib/serve/client.ts';
import type { Kafka, Outgoing, Producer } from './client.ts';
import { openReader } from './reader.ts';
import type { KafkaSettings } from './settings.ts';
import { inTransaction } from './transaction.ts';

const PATIENCE_MS = 60_000;
const HELD = 10_000;

/** The message that says so. */
export function sentMessage(topic: string, origin: string, position: StreamPosition): Outgoing {
  return { topic, key: Buffer.from(origin), value: Buffer.from(JSON.stringify(position)) };
}

/** Reads up to a message that it sends itself: what was committed before is before it. */
export async function readSent(
  kafka: Kafka,
  { topics, group }: KafkaSettings,
  producer: Producer,
  origin: string,
): Promise<StreamPosition> {
  const asked = randomUUID();
  const question = { topic: topics.positions, key: Buffer.from(`${origin}?`), value: Buffer.from(asked) };
  await inTransaction(producer, (transaction) => transaction.send({ messages: [question] }), true);
  const reader = await openReader(
    kafka,
    `${group}-sent-${asked}`,
    topics.positions,
    HELD,
    new Map([[0, 0n]]),
  );
  let position = STREAM_START;
  try {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      for (const { key, value } of reader.take((waiting) => waiting)) {
        const of = key?.toString();
        if (of === origin) position = v.parse(streamPosition, JSON.parse(value.toString()));
        if (of === `${origin}?` && value.toString() === asked) return position;
      }
      if (performance.now() > until) throw failed(`${topics.positions} does not give back what was sent`);
      await sleep(20);
    }
  } finally {
    await reader.close();
  }
}
