/** A stream of events as a busy server would have left it, written a segment at a time: rows of the test part, by the clock. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { chainOf, jsonLedger } from '../lib/files/ledger.ts';
import { random } from '../lib/numbers/random.ts';
import type { Ledgers } from '../lib/record/catalogue.ts';
import { idKey, idSource } from '../lib/record/event-id.ts';
import { answeredLine, type Fields, headerLine, labelLine, type ModelShape } from '../lib/record/events.ts';

export interface SimulatedEvents {
  readonly rows: number;
  /** When the first is made, and how many a second. */
  readonly from: number;
  readonly perSecond: number;
  /** Segments already there, so that names differ. */
  readonly salt: number;
  /** Bytes of a segment. */
  readonly maxBytes?: number;
  /** Share of predictions whose truth comes, so many rows later. */
  readonly labelled?: number;
  readonly delayRows?: number;
}

/** Writes them, each a group of its own, and returns the bytes of the predictions alone. */
export function simulateEvents(
  ledgers: Ledgers,
  shape: ModelShape,
  inputs: readonly Fields[],
  { rows, from, perSecond, salt, maxBytes = 33_554_432, labelled = 1, delayRows = 200 }: SimulatedEvents,
): { predictionBytes: number } {
  const rng = random(salt, 'events');
  let now = from;
  const newId = idSource(idKey(ledgers.idKey), () => now);
  mkdirSync(ledgers.predictions, { recursive: true });
  const host = hostname().replace(/[^A-Za-z0-9-]/g, '-');
  let path = '';
  let size = 0;
  let head = '';
  let predictionBytes = 0;
  let segments = 0;
  let pieces: string[] = [];
  const flush = () => {
    if (pieces.length > 0) appendFileSync(path, pieces.join(''));
    pieces = [];
  };
  const group = (lines: readonly string[]) => {
    head = chainOf(head, lines.join('\n'));
    const text = `${lines
      .slice(0, -1)
      .map((line) => `${line}\n`)
      .join('')}${jsonLedger.join(lines.at(-1)!, head)}\n`;
    pieces.push(text);
    size += text.length;
    if (pieces.length >= 5000) flush();
    return text.length;
  };
  const begin = () => {
    flush();
    const stamp = new Date(now).toISOString().replace(/[-:]/g, '').slice(0, 15);
    // Of a process that is gone, so that it is sealed.
    path = join(ledgers.predictions, `${stamp}-${host}-9999${salt}${++segments}.jsonl`);
    writeFileSync(path, '');
    size = 0;
    head = '';
    return [headerLine(new Date(now), `${host}-9999${salt}`, [shape])];
  };
  const waiting: string[] = [];
  let header = begin();
  for (let row = 0; row < rows; row++) {
    now = from + (row * 1000) / perSecond;
    if (size >= maxBytes) header = begin();
    const id = newId();
    const probability = rng.float() * rng.float();
    const isPositive = probability > 0.5;
    const input = inputs[row % inputs.length]!;
    const line = answeredLine(
      [
        {
          id,
          model: shape.version,
          sha256: shape.sha256,
          probability,
          class: isPositive ? '1' : '0',
        },
      ],
      [{ input, ids: { UDI: row % 10_000, 'Product ID': `M${row % 10_000}` } }],
      {
        time: new Date(now),
        route: 'champion',
        shape,
        split: undefined,
        latency: 0.2 + Math.round(rng.float() * 500) / 1000,
        request: undefined,
        smoke: false,
      },
    );
    predictionBytes += group([...header, line]);
    header = [];
    if (rng.float() < labelled)
      waiting.push(
        labelLine({
          id: newId(),
          time: new Date(now).toISOString(),
          of: id,
          label: rng.float() < 0.02 !== isPositive ? '1' : '0',
          by: 'replay',
        }),
      );
    if (waiting.length >= delayRows) for (const label of waiting.splice(0)) group([label]);
  }
  for (const label of waiting) group([label]);
  flush();
  return { predictionBytes };
}
