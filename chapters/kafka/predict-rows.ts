/** Messages of the topic of rows into events of the topic of predictions, or into dead letters with the reason. */
import type { ServedModel } from '../../lib/predict/served-model.ts';
import type { PredictionLine } from '../../lib/record/events.ts';
import { deadLetter, type Message, type Outgoing } from './client.ts';
import type { KafkaSettings } from './settings.ts';
import { headersOf } from './shared.ts';

/** Broken UTF-8 is no row, rather than a row with replaced letters. */
const strict = new TextDecoder('utf-8', { fatal: true });

export interface Predicted {
  readonly messages: readonly Outgoing[];
  readonly predictions: number;
  readonly dead: number;
}

export function predictRows(
  messages: readonly Message[],
  model: ServedModel,
  topics: KafkaSettings['topics'],
  newId: () => string,
  now: Date,
): Predicted {
  const out: Outgoing[] = [];
  const headers = headersOf();
  const rows: { message: Message; row: unknown }[] = [];
  const bury = (message: Message, reason: string) => out.push(deadLetter(message, reason, topics.dead));
  for (const message of messages) {
    const read = readRow(message.value);
    if ('reason' in read) bury(message, read.reason);
    else rows.push({ message, row: read.row });
  }
  const right = rows.flatMap((each) => {
    const parsed = model.parse([each.row]);
    if (!('problems' in parsed)) return [{ ...each, parsed: parsed.rows[0]! }];
    bury(each.message, parsed.problems.map(({ field, problem }) => `${field} ${problem}`).join('; '));
    return [];
  });
  if (right.length > 0) {
    const start = performance.now();
    const parsed = model.parse(right.map(({ row }) => row));
    if ('problems' in parsed) throw new Error('a row that was right alone is wrong among others');
    const scores = model.score(parsed);
    const latency = (performance.now() - start) / right.length;
    for (const [i, { parsed: row }] of right.entries()) {
      const line: PredictionLine = {
        id: newId(),
        time: now.toISOString(),
        model: model.version,
        sha256: model.sha256,
        route: 'champion',
        ids: row.ids,
        input: row.input,
        ...model.give(scores, i, row.sensitive),
        latency_ms: Math.round(latency * 1000) / 1000,
      };
      out.push({
        topic: topics.events,
        key: Buffer.from(line.id),
        value: Buffer.from(JSON.stringify(line)),
        headers,
      });
    }
  }
  return { messages: out, predictions: right.length, dead: messages.length - right.length };
}

function readRow(value: Buffer): { row: unknown } | { reason: string } {
  let text: string;
  try {
    text = strict.decode(value);
  } catch {
    return { reason: 'is no UTF-8' };
  }
  try {
    return { row: JSON.parse(text) as unknown };
  } catch {
    return { reason: 'is no JSON' };
  }
}
