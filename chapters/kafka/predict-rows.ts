/** Messages of the topic of rows into events of the topic of predictions, or into dead letters with the reason. */
import type { Rows } from '../../lib/predict/input.ts';
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
  const start = performance.now();
  const right = rightOf(rows, model, bury);
  if (right.rows.length > 0) {
    const scores = model.score(right);
    const latency = (performance.now() - start) / right.rows.length;
    for (const [i, row] of right.rows.entries()) {
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
  const predictions = right.rows.length;
  return { messages: out, predictions, dead: messages.length - predictions };
}

/** Those that are rows of the model. All are looked at together, and each alone only where some are wrong. */
function rightOf(
  rows: readonly { readonly message: Message; readonly row: unknown }[],
  model: ServedModel,
  bury: (message: Message, reason: string) => void,
): Rows {
  const all = model.parse(rows.map(({ row }) => row));
  if (!('problems' in all)) return all;
  const right = rows.filter(({ message, row }) => {
    const alone = model.parse([row]);
    if (!('problems' in alone)) return true;
    bury(message, alone.problems.map(({ field, problem }) => `${field} ${problem}`).join('; '));
    return false;
  });
  if (right.length === rows.length) throw new Error('rows that are right alone are wrong together');
  return rightOf(right, model, bury);
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
