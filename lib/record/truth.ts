/**
 * The truth of predictions, by when they were made: label events sorted into small files by the time of what they label, so that
 * the truth of a window is read without the rest. A fold over the stream, made again from it where it is missing.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { csvParseRows } from 'd3-dsv';
import * as v from 'valibot';
import { UNNAMED } from '../config/values.ts';
import { parseFile } from '../files/json-file.ts';
import { appendUnlocked, jsonLedger } from '../files/ledger.ts';
import { soundLines } from '../files/ledger-reader.ts';
import { withLock } from '../files/lock.ts';
import { json, readIfThere, writeAtomic } from '../files/write.ts';
import { type Ledgers, linesOf } from './catalogue.ts';
import { secondOf } from './event-id.ts';
import { type LabelLine, labelLine } from './events.ts';
import { readStream, STREAM_START, type Stream, type StreamPosition } from './stream.ts';

export interface Truth {
  readonly label: string;
  readonly by: string;
  /** When it was said. */
  readonly time: string;
  /** The event that said it first. */
  readonly first: string;
  readonly isCorrected: boolean;
  /** What was said one after the other, by the events that said it. */
  readonly trail: readonly { readonly id: string; readonly label: string }[];
}

/** Seconds of predictions whose truth is in one file. */
const SPAN = 600;
/** For the ids of before, which do not say when they were drawn. */
const UNDATED = 'undated';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const place = { bytes: count, lines: count, chain: v.string(), header: v.string() };
export const streamPosition: v.GenericSchema<StreamPosition> = v.strictObject({
  sealed: count,
  open: v.record(v.string(), v.strictObject(place)),
});
const stateSchema = v.strictObject({
  position: streamPosition,
  /** Lines of labels.csv, the ledger of before, that are in it. */
  labels: count,
  /** When the last label came. */
  last: v.nullable(v.string()),
});
type State = v.InferOutput<typeof stateSchema>;

const START: State = { position: STREAM_START, labels: 0, last: null };

function statePath(ledgers: Ledgers): string {
  return join(ledgers.truth, 'position.json');
}

function readState(ledgers: Ledgers): State {
  const text = readIfThere(statePath(ledgers));
  return text === undefined ? START : parseFile(statePath(ledgers), text, stateSchema);
}

/**
 * Takes in every label that is new. Killed before the position is kept, the next call takes them in again, which changes
 * nothing: of an id the first label counts, and the last correction.
 */
export function followTruth(ledgers: Ledgers): Stream & { readonly lastLabel: string | null } {
  return withLock(`${statePath(ledgers)}.lock`, 60_000, () => {
    const state = readState(ledgers);
    const fresh = new Map<string, string[]>();
    let waiting = 0;
    const bucketOf = bucketFinder();
    let { last } = state;
    mkdirSync(ledgers.truth, { recursive: true });
    const write = () => {
      for (const [bucket, lines] of fresh) appendUnlocked(join(ledgers.truth, bucket), jsonLedger, lines);
      fresh.clear();
      waiting = 0;
    };
    const keep = (label: LabelLine, line: string) => {
      const bucket = bucketOf(label.of);
      const lines = fresh.get(bucket) ?? [];
      lines.push(line);
      fresh.set(bucket, lines);
      if (last === null || label.time > last) last = label.time;
      if (++waiting >= MOST_WAITING) write();
    };
    const keepBefore = (label: LabelLine) => keep(label, labelLine(label));
    const before = linesOf(ledgers.labels);
    for (const [i, { body }] of before.entries()) if (i >= state.labels) keepBefore(labelOfBefore(body, i));
    const stream = readStream(
      ledgers,
      state.position,
      (event, body) => {
        if ('label' in event) keep(event, body);
      },
      (body) => body.includes('","of":"'),
    );
    write();
    const after: State = { position: stream.position, labels: before.length, last };
    if (JSON.stringify(after) !== JSON.stringify(state)) writeAtomic(statePath(ledgers), json(after));
    return { ...stream, lastLabel: last };
  });
}

/** Labels that are held before they are written. */
const MOST_WAITING = 50_000;

/** A line of labels.csv: anybody's, and the last word counted. */
function labelOfBefore(body: string, i: number): LabelLine {
  const [of = '', label = '', time = ''] = body.includes('"') ? csvParseRows(body)[0]! : body.split(',');
  return { id: `labels.csv:${i}`, time, of, label, by: UNNAMED, correction: true };
}

/** Says the file of an id: "20261120/1450.jsonl" holds the truth of predictions from 14:50 on. */
function bucketFinder(): (id: string) => string {
  let [known, name] = [-1, ''];
  return (id) => {
    const second = secondOf(id);
    if (second === undefined) return `${UNDATED}.jsonl`;
    const span = Math.floor(second / SPAN);
    if (span !== known) {
      const stamp = new Date(span * SPAN * 1000).toISOString().replace(/[-:]/g, '');
      [known, name] = [span, `${stamp.slice(0, 8)}/${stamp.slice(9, 13)}.jsonl`];
    }
    return name;
  };
}

/** Everything that is known to be true, by the ids of predictions, a span of time after the other. */
export function* everyTruth(ledgers: Ledgers): Generator<Map<string, Truth>> {
  const names = existsSync(ledgers.truth)
    ? readdirSync(ledgers.truth, { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('.jsonl'),
      )
    : [];
  for (const name of names.sort()) yield readBucket(ledgers, name, () => true);
}

const OF = '"of":"';

function readBucket(ledgers: Ledgers, name: string, isWanted: (id: string) => boolean): Map<string, Truth> {
  const truth = new Map<string, Truth>();
  for (const { body } of soundLines(join(ledgers.truth, name), jsonLedger)) {
    // Most are of other predictions, and need not be parsed to know it: a quote inside a text is escaped, so this is the key.
    const from = body.indexOf(OF) + OF.length;
    const of = body.slice(from, body.indexOf('"', from));
    if (!of.includes('\\') && !isWanted(of)) continue;
    const event = JSON.parse(body) as LabelLine;
    if (isWanted(event.of)) truth.set(event.of, tell(truth.get(event.of), event));
  }
  return truth;
}

/** What is true of these predictions, as far as it is known. */
export function truthOf(ledgers: Ledgers, ids: Iterable<string>): Map<string, Truth> {
  const bucketOf = bucketFinder();
  const wanted = new Map<string, Set<string>>();
  for (const id of ids) {
    const bucket = bucketOf(id);
    const of = wanted.get(bucket) ?? new Set();
    of.add(id);
    wanted.set(bucket, of);
  }
  const truth = new Map<string, Truth>();
  for (const [bucket, of] of wanted)
    for (const [id, said] of readBucket(ledgers, bucket, (id) => of.has(id))) truth.set(id, said);
  return truth;
}

/** The truth after one event more: that of the first label, or of the last correction, in whatever order they are read. */
function tell(known: Truth | undefined, { id, label, by, time, correction }: LabelLine): Truth {
  const one = [{ id, label }];
  const said = { label, by, time, first: id, isCorrected: correction === true, trail: one };
  if (known === undefined || known.trail.some((each) => each.id === id)) return known ?? said;
  if (correction) {
    const isLater = !known.isCorrected || time >= known.time;
    return isLater ? { ...said, first: known.first, trail: [...known.trail, ...one] } : known;
  }
  return !known.isCorrected && time < known.time ? said : known;
}

/** Takes away what is damaged of it: the next call makes all of it again from the stream. */
export function mendTruth(ledgers: Ledgers): string[] {
  if (!existsSync(ledgers.truth)) return [];
  try {
    readState(ledgers);
    for (const name of readdirSync(ledgers.truth, { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.jsonl')) soundLines(join(ledgers.truth, name), jsonLedger);
    return [];
  } catch (error) {
    rmSync(ledgers.truth, { recursive: true, force: true });
    return [
      `${(error as Error).message.split('. make')[0]}: ${ledgers.truth} removed, and made again from the stream`,
    ];
  }
}
