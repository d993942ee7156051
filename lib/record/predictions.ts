/** Predictions, refusals and what lies beside them, found in the stream from its end back: what is older is not read. */
import { statSync } from 'node:fs';
import { badInput, failed } from '../fault.ts';
import { type Position, readBack, readLedger } from '../files/ledger-reader.ts';
import { type Ledgers, linesOf, logsIn } from './catalogue.ts';
import { EVENT_ID, secondOf } from './event-id.ts';
import {
  type Fields,
  type LogLine,
  type PredictionLine,
  predictionsIn,
  type RefusalLine,
  readerOf,
} from './events.ts';
import { headerOf, type Segment, segmentsOf } from './segments.ts';
import { eventReader, type Stream } from './stream.ts';

/** Requests of a smoke test are not production. */
export function isProduction(line: LogLine): boolean {
  return !('smoke' in line);
}

export interface Recent {
  /** Oldest first. */
  readonly predictions: readonly PredictionLine[];
  /** Requests that were refused, or that a model failed to answer, since the oldest of these. */
  readonly refusals: readonly RefusalLine[];
}

export interface Wanted {
  readonly versions: readonly string[];
  /** The latest so many. */
  readonly size?: number;
  /** From this time on, and up to that. */
  readonly since?: string;
  readonly until?: string;
}

/** The latest predictions of these versions. Fails where what is read is not what was checked before. */
export function recentPredictions(
  stream: Stream,
  { versions, size = Number.POSITIVE_INFINITY, since = '', until = '~' }: Wanted,
): Recent {
  const isWanted = ({ model, time }: { model: string; time: string }) =>
    versions.includes(model) && time >= since && time <= until;
  let predictions: PredictionLine[] = [];
  const refusals: RefusalLine[] = [];
  const oldest = () => (predictions.length >= size ? predictions[0]!.time : since);
  const open = stream.segments.filter(
    ({ seal }) => seal === undefined || versions.some((version) => seal.models.includes(version)),
  );
  for (const segment of open.sort((a, b) => (lastOf(a) < lastOf(b) ? 1 : -1))) {
    const { seal } = segment;
    if (seal !== undefined && (seal.last < oldest() || seal.first > until)) continue;
    const found: PredictionLine[] = [];
    eventsBack(stream, segment, (event) => {
      if (event.time < oldest()) return false;
      if (!isProduction(event)) return true;
      if ('problems' in event && isWanted(event)) refusals.push(event);
      else found.push(...predictionsIn(event).filter(isWanted).reverse());
      return found.length < size;
    });
    predictions = [...found.reverse(), ...predictions].sort(byTime).slice(-size);
  }
  const from = predictions.length === 0 ? since : predictions[0]!.time;
  return { predictions, refusals: refusals.filter(({ time }) => time >= from).sort(byTime) };
}

function byTime(a: { time: string }, b: { time: string }): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
}

function lastOf({ seal }: Segment): string {
  return seal?.last ?? '~';
}

/** The events of a segment from the last back, for as long as `goesOn` says so. */
function eventsBack(stream: Stream, segment: Segment, goesOn: (event: LogLine) => boolean): void {
  const { path, format, seal, name } = segment;
  const anchor: Position | undefined =
    seal === undefined ? stream.position.open[name] : { bytes: seal.bytes, lines: 0, chain: seal.head };
  if (anchor === undefined || anchor.bytes === 0) return;
  const read = eventReader(segment, seal?.header ?? stream.position.open[name]!.header);
  readBack(path, format, anchor, (body) => {
    const event = read(body);
    return event !== undefined && goesOn(event);
  });
}

/** How long after its id was drawn a prediction may be on record: as long as a request may take, and clocks step. */
const LATE_S = 120;

/** Segments that may hold an event with one of these ids. */
function segmentsWith(segments: readonly Segment[], ids: readonly string[]): Segment[] {
  const seconds = ids.map(secondOf);
  if (seconds.includes(undefined)) return [...segments];
  const [low, high] = [Math.min(...(seconds as number[])), Math.max(...(seconds as number[])) + LATE_S];
  return segments.filter(({ name, seal }) => {
    if (seal?.events === 0) return false;
    const begun = seal === undefined ? timeInName(name) : Date.parse(seal.first);
    const last = seal === undefined ? Number.POSITIVE_INFINITY : Date.parse(seal.last);
    return begun / 1000 - LATE_S <= high && last / 1000 + 1 >= low;
  });
}

/** When a segment was begun, by its name. */
function timeInName(name: string): number {
  const [, date, h, m, s] = /(\d{8})T(\d\d)(\d\d)(\d\d)-/.exec(name) ?? [];
  if (date === undefined) return 0;
  return Date.parse(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${h}:${m}:${s}Z`);
}

/** Predictions by their ids, within a segment the latest first; those that no segment holds are missing. */
export function predictionsById(stream: Stream, ids: Iterable<string>): Map<string, PredictionLine> {
  const wanted = new Set(ids);
  const found = new Map<string, PredictionLine>();
  const segments = segmentsWith(stream.segments, [...wanted]);
  for (const segment of segments.sort((a, b) => (lastOf(a) < lastOf(b) ? 1 : -1))) {
    if (wanted.size === 0) break;
    const here = [...wanted].filter((id) => segmentsWith([segment], [id]).length > 0);
    const earliest = Math.min(...here.map((id) => secondOf(id) ?? 0));
    if (here.length === 0) continue;
    const from = new Date((earliest - LATE_S) * 1000).toISOString();
    let missing = here.length;
    eventsBack(stream, segment, (event) => {
      for (const line of predictionsIn(event).toReversed()) {
        if (!wanted.delete(line.id)) continue;
        found.set(line.id, line);
        missing--;
      }
      return missing > 0 && event.time >= from;
    });
  }
  return found;
}

/** The sensitive columns that came with requests since then, by the prediction's id. */
export function readSensitive(ledgers: Ledgers, since: string): Map<string, Fields> {
  return new Map(
    logsIn(ledgers, 'sensitive')
      .filter(({ path }) => statSync(path).mtime.toISOString() >= since)
      .flatMap((log) => linesOf(log))
      .map(({ body }) => {
        const { id, sensitive } = JSON.parse(body) as { id: string; sensitive: Fields };
        return [id, sensitive];
      }),
  );
}

export interface FoundPrediction {
  readonly line: PredictionLine;
  /** file:line */
  readonly place: string;
  /** What is wrong with the segment's chain, if anything. */
  readonly problem: string | undefined;
}

/** One prediction in the stream, by its id; a damaged segment is read as far as it can be. */
export function findPrediction(ledgers: Ledgers, id: string): FoundPrediction {
  if (!EVENT_ID.test(id))
    throw badInput(
      `ID=${id}  is the id of no prediction: 28 hexadecimal digits (once 20), from the answer or the log`,
    );
  for (const { path, format } of segmentsWith(segmentsOf(ledgers), [id])) {
    const { lines, problems } = readLedger(path, format);
    const at = lines.find(({ body }) => body.includes(`{"id":"${id}"`));
    const line = at && predictionsIn(readAnyhow(path, at.body)).find((prediction) => prediction.id === id);
    if (line !== undefined) return { line, place: `${path}:${at!.number}`, problem: problems[0]?.text };
  }
  throw failed(`no log holds a prediction ${id}`);
}

/** A line of a damaged segment may be no event. */
function readAnyhow(path: string, body: string): LogLine {
  try {
    return readerOf(headerOf(path), path)(body);
  } catch {
    return { route: 'refused', id: '', time: '', model: '', problems: [] };
  }
}
