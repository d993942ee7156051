/**
 * The stream of events, read once: every event after a position, whichever process wrote it, and the position after them. A
 * consumer keeps its state and the position in one write, so that it goes on from there wherever it was killed.
 */
import { failed } from '../fault.ts';
import { sha256File } from '../files/hash.ts';
import { LEDGER_START, type Position, readPieces, refuseDamage } from '../files/ledger-reader.ts';
import type { Ledgers } from './catalogue.ts';
import { HEADER_BEGIN, type LogLine, readerOf } from './events.ts';
import { headerHash, headerOf, type Segment, sealEnded } from './segments.ts';

/** How far a segment was read, and what its first line was. */
export interface SegmentPosition extends Position {
  readonly header: string;
}

/** How far the stream was read: of sealed segments the seals, of the others how far each. */
export interface StreamPosition {
  readonly sealed: number;
  readonly open: Readonly<Record<string, SegmentPosition>>;
}

export const STREAM_START: StreamPosition = { sealed: 0, open: {} };

/** What is known of the segments at one moment: up to where each was checked. */
export interface Stream {
  readonly segments: readonly Segment[];
  readonly position: StreamPosition;
}

/** From where on nothing is missing that is not older than a time, as far as the seals say. */
export function positionBefore(segments: readonly Segment[], time: string): StreamPosition {
  const seals = segments.flatMap(({ seal }) => seal ?? []).sort((a, b) => a.number - b.number);
  const first = seals.find(({ last }) => last >= time);
  const sealed = first === undefined ? (seals.at(-1)?.number ?? 0) : first.number - 1;
  return { sealed, open: {} };
}

/**
 * Reads what is new, in the order of the segments, and checks every link of it. Fails at a broken one, and where less is there
 * than was read before. Once it is enough it stops where a group ends. Lines that are not wanted are checked, and not parsed. The same event given twice is the reader's to
 * tell by its id.
 */
export function readStream(
  ledgers: Ledgers,
  after: StreamPosition,
  onEvent: (event: LogLine, body: string, segment: Segment) => void,
  isWanted: (body: string) => boolean = () => true,
  isEnough: () => boolean = () => false,
): Stream {
  const segments = sealEnded(ledgers);
  const open: Record<string, SegmentPosition> = {};
  let { sealed } = after;
  // In the order of the seals, so that wherever it stops all seals before are read.
  for (const segment of [...segments].sort((a, b) => numberOf(a) - numberOf(b))) {
    const { name, seal } = segment;
    if (seal !== undefined && seal.number <= after.sealed) continue;
    const from = after.open[name] ?? { ...LEDGER_START, header: '' };
    if (isEnough()) {
      if (from.bytes > 0) open[name] = from;
      continue;
    }
    const end = from.bytes === seal?.bytes ? from : readOn(segment, from, onEvent, isWanted, isEnough);
    if (seal === undefined || end.bytes < seal.bytes) open[name] = end;
    else if (end.chain !== seal.head) throw failed(`${segment.path}  is not what was sealed. ${AUDIT}`);
    else sealed = seal.number;
  }
  return { segments, position: { sealed, open } };
}

function numberOf({ seal }: Segment): number {
  return seal?.number ?? Number.POSITIVE_INFINITY;
}

const AUDIT = 'make audit shows what else is damaged.';

function readOn(
  segment: Segment,
  from: SegmentPosition,
  onEvent: (event: LogLine, body: string, segment: Segment) => void,
  isWanted: (body: string) => boolean,
  isEnough: () => boolean,
): SegmentPosition {
  const { path, format, seal } = segment;
  const isWhole = seal !== undefined && from.bytes === 0;
  if (isWhole && sha256File(path) !== seal.sha256) throw failed(`${path}  is not what was sealed. ${AUDIT}`);
  const read = eventReader(segment, from.bytes === 0 ? undefined : from.header);
  let end: Position = from;
  for (const reading of readPieces(path, format, from, isWhole)) {
    refuseDamage(reading.problems);
    for (const { body } of reading.lines) {
      const event = isWanted(body) ? read(body) : undefined;
      if (event !== undefined) onEvent(event, body, segment);
    }
    end = reading.end;
    if (isEnough()) break;
  }
  // Before its first group is whole, the first line says nothing yet.
  return { ...end, header: end.bytes === 0 ? '' : headerHash(path) };
}

/** Reads the lines of a segment as events, the first line none; fails where that is not what it was. */
export function eventReader(
  { path }: Segment,
  header: string | undefined,
): (body: string) => LogLine | undefined {
  if (header !== undefined && headerHash(path) !== header)
    throw failed(`${path}:1  is not what it was. ${AUDIT}`);
  const read = readerOf(headerOf(path), path);
  return (body) => {
    if (body.startsWith(HEADER_BEGIN)) return undefined;
    try {
      return read(body);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw failed(`${path}  holds a line that is no event: it was changed. ${AUDIT}`);
    }
  };
}
