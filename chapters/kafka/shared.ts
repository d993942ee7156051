/** Events of the stream here as messages of the topic of events: each prediction by itself, keyed by the id that it is about. */

import { dirname, join } from 'node:path';
import { keptSecret } from '../../lib/files/secret.ts';
import type { Ledgers } from '../../lib/record/catalogue.ts';
import { type LogLine, predictionsIn, SCHEMA } from '../../lib/record/events.ts';
import type { Outgoing } from './client.ts';

/** Headers: which project an event arose in, so that nobody takes in what it sent, and the version of its schema. */
export const ORIGIN = 'origin';
export const EVENT_SCHEMA = 'schema';

export function headersOf(origin?: string): Map<Buffer, Buffer> {
  const named = origin === undefined ? [] : [[ORIGIN, origin] as const];
  return new Map(
    [[EVENT_SCHEMA, String(SCHEMA)] as const, ...named].map(([name, value]) => [
      Buffer.from(name),
      Buffer.from(value),
    ]),
  );
}

/** `body` is the event's line. Labels and shadow scores are in the partition of the prediction that they are of, after it. */
export function toMessages(event: LogLine, body: string, topic: string, origin: string): Outgoing[] {
  const headers = headersOf(origin);
  const message = (key: string, value: string) => ({
    topic,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers,
  });
  const predictions = predictionsIn(event);
  if (predictions.length > 0) return predictions.map((line) => message(line.id, JSON.stringify(line)));
  return [message('of' in event ? event.of : (event as { readonly id: string }).id, body)];
}

/** The name of this project among those that share a topic: drawn once, and kept. */
export function originOf(ledgers: Ledgers): string {
  return keptSecret(join(dirname(ledgers.predictions), 'origin'));
}
