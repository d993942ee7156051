/**
 * The files that the stream of events is kept in, each written by one process from its begin to its end. What ended is sealed:
 * a line of segments.csv says what it holds and what it is, so that a reader knows which segments it needs, and what they are.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { sha256, sha256File } from '../files/hash.ts';
import { appendLedger } from '../files/ledger.ts';
import { LEDGER_START, readPieces, refuseDamage } from '../files/ledger-reader.ts';
import { withLock } from '../files/lock.ts';
import { appendRows, type Ledger, type Ledgers, logsIn, rowsOf } from './catalogue.ts';
import { isBeingWritten } from './event-log.ts';
import { HEADER_BEGIN, modelsIn, timeOf } from './events.ts';

/** What a segment was when it ended. */
export interface Seal {
  /** Of its line in the ledger of seals, from 1. */
  readonly number: number;
  /** Versions that answered in it. */
  readonly models: readonly string[];
  readonly events: number;
  readonly bytes: number;
  /** Times of its earliest and its latest event, '' where it has none. */
  readonly first: string;
  readonly last: string;
  readonly sha256: string;
  /** Of its first line. */
  readonly header: string;
  /** Its last chain value. */
  readonly head: string;
}

export interface Segment extends Ledger {
  /** Undefined while it may grow. */
  readonly seal: Seal | undefined;
}

/** Every segment that is there, in the order of their names, which begin with the time. */
export function segmentsOf(ledgers: Ledgers): Segment[] {
  const seals = sealsOf(ledgers);
  return logsIn(ledgers, 'predictions').map((ledger) => ({ ...ledger, seal: seals.get(ledger.name) }));
}

/** What was read of a ledger of seals, for as long as the file is the same: who follows the stream asks several times a second. */
const known = new Map<string, { readonly stamp: string; readonly seals: ReadonlyMap<string, Seal> }>();

/** By the name of the segment. */
export function sealsOf(ledgers: Ledgers): ReadonlyMap<string, Seal> {
  const { path } = ledgers.segments;
  const file = statSync(path, { throwIfNoEntry: false, bigint: true });
  const stamp = file === undefined ? '' : `${file.ino} ${file.size} ${file.mtimeNs}`;
  const before = known.get(path);
  if (before?.stamp === stamp) return before.seals;
  const seals = readSeals(ledgers);
  known.set(path, { stamp, seals });
  return seals;
}

function readSeals(ledgers: Ledgers): Map<string, Seal> {
  return new Map(
    rowsOf(ledgers.segments).map(
      ([, name = '', models = '', events, bytes, first = '', last = '', ...hashes], i) => {
        const [hash = '', header = '', head = ''] = hashes;
        const named = models === '' ? [] : models.split(' ');
        return [
          name,
          {
            number: i + 1,
            models: named,
            events: Number(events),
            bytes: Number(bytes),
            first,
            last,
            sha256: hash,
            header,
            head,
          },
        ];
      },
    ),
  );
}

/** Seals the segments that have ended, after a look at every link of each; returns every segment. Fails at a broken one. */
export function sealEnded(ledgers: Ledgers): Segment[] {
  const segments = segmentsOf(ledgers);
  if (endedIn(segments).length === 0) return segments;
  return withLock(`${ledgers.segments.path}.seal.lock`, 10_000, () => {
    const time = new Date().toISOString();
    const rows = endedIn(segmentsOf(ledgers)).map((segment) => {
      const { models, events, bytes, first, last, sha256, header, head } = sealOf(segment);
      const counts = [String(events), String(bytes)];
      return [time, segment.name, models.join(' '), ...counts, first, last, sha256, header, head];
    });
    if (rows.length > 0) appendRows(ledgers.segments, rows);
    return segmentsOf(ledgers);
  });
}

function endedIn(segments: readonly Segment[]): Segment[] {
  const latest = new Map(segments.map(({ path }) => [writerOf(path), path]));
  return segments.filter(
    ({ path, seal }) => seal === undefined && (latest.get(writerOf(path)) !== path || hasEnded(path)),
  );
}

const DAYS_MS = 2 * 86_400_000;

/** Its writer is gone, or would have begun a later one long ago. */
function hasEnded(path: string): boolean {
  const written = isBeingWritten(path);
  return written === false || (written === undefined && Date.now() - statSync(path).mtimeMs > DAYS_MS);
}

/** host-pid */
export function writerOf(path: string): string {
  return basename(path)
    .slice(16)
    .replace(/(\.\d+)?\.jsonl$/, '');
}

function sealOf({ path, format }: Ledger): Omit<Seal, 'number'> {
  // A torn last line was never confirmed to anyone.
  appendLedger(path, format, []);
  let [events, first, last, head] = [0, '', '', ''];
  let models: readonly string[] | undefined;
  const answered = new Set<string>();
  for (const { lines, problems, end } of readPieces(path, format, LEDGER_START)) {
    refuseDamage(problems);
    for (const { body } of lines) {
      if (body.startsWith(HEADER_BEGIN)) {
        models = modelsIn(body);
        continue;
      }
      events++;
      const time = timeOf(body);
      if (first === '' || time < first) first = time;
      if (time > last) last = time;
      const model = models === undefined ? /"model":"(v\d+)"/.exec(body)?.[1] : undefined;
      if (model !== undefined) answered.add(model);
    }
    head = end.chain;
  }
  return {
    models: models ?? [...answered],
    events,
    bytes: statSync(path).size,
    first,
    last,
    sha256: sha256File(path),
    header: headerHash(path),
    head,
  };
}

/** The first line of a segment. */
export function headerOf(path: string): string {
  const fd = openSync(path, 'r');
  try {
    for (let span = 1 << 14; ; span *= 4) {
      const piece = Buffer.alloc(span);
      const read = readSync(fd, piece, 0, span, 0);
      const end = piece.indexOf(10);
      if (end >= 0 || read < span) return piece.toString('utf8', 0, end < 0 ? 0 : end);
    }
  } finally {
    closeSync(fd);
  }
}

export function headerHash(path: string): string {
  return sha256(headerOf(path)).slice(0, 32);
}
