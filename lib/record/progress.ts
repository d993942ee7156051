/**
 * How far a consumer has come that writes to the stream itself: the last line of every group that it writes says so, hence what it
 * wrote and how far it has read are one write, and killed anywhere it goes on without losing or doubling an event. The latest is kept
 * beside for when its segment is dropped.
 */
import { join } from 'node:path';
import * as v from 'valibot';
import { parseFile } from '../files/json-file.ts';
import { lastEntry } from '../files/ledger.ts';
import { readIfThere, writeAtomic } from '../files/write.ts';
import { type Ledgers, logsIn } from './catalogue.ts';

export interface ProgressLine<P> {
  readonly id: string;
  readonly time: string;
  readonly consumer: string;
  readonly at: P;
}

const saidSchema = v.object({ time: v.string() });

function keptPath(ledgers: Ledgers, consumer: string): string {
  return join(ledgers.progress, `${consumer}.json`);
}

/** Once its group is on record. */
export function keepProgress<P>(ledgers: Ledgers, line: ProgressLine<P>): void {
  writeAtomic(keptPath(ledgers, line.consumer), `${JSON.stringify(line)}\n`);
}

/** What was said last, by the newest segment that says it or by what is kept; undefined before the first. */
export function lastProgress<S extends v.GenericSchema>(
  ledgers: Ledgers,
  consumer: string,
  at: S,
): v.InferOutput<S> | undefined {
  const kept = keptPath(ledgers, consumer);
  const said = [{ path: kept, text: readIfThere(kept) }, inNewest(ledgers, consumer)].flatMap((each) =>
    each?.text === undefined ? [] : { path: each.path, text: each.text },
  );
  const last = said
    .map(({ path, text }) => ({ path, text, time: parseFile(path, text, saidSchema).time }))
    .sort((a, b) => (a.time < b.time ? -1 : 1))
    .at(-1);
  return last && parseFile(last.path, last.text, v.object({ at })).at;
}

/** A consumer is one process at a time, so that its segments follow one another. */
function inNewest(ledgers: Ledgers, consumer: string): { path: string; text: string } | undefined {
  const mark = `"consumer":${JSON.stringify(consumer)}`;
  for (const { path, format } of logsIn(ledgers, 'predictions').reverse()) {
    const text = lastEntry(path, format)?.body;
    if (text?.includes(mark)) return { path, text };
  }
  return undefined;
}

/** Whether a line of the stream is none of an event. */
export function isProgress(event: object): boolean {
  return 'consumer' in event;
}
