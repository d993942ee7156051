/** Reading chained files: whole, from a position on, or from an anchor back; every link is checked that is read. */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { failed } from '../fault.ts';
import { chainOf, type LedgerFormat } from './ledger.ts';

export interface LedgerLine {
  /** Line number in the file, from 1. */
  readonly number: number;
  readonly body: string;
  readonly chain: string;
}

/** torn: the last line was not written whole, and its writer was never told that it was. The others are damage. */
export interface LedgerProblem {
  readonly kind: 'header' | 'torn' | 'line' | 'chain';
  /** With file and line number. */
  readonly text: string;
}

/** A place in a ledger between two groups: what came before it, and the chain value there. */
export interface Position {
  readonly bytes: number;
  readonly lines: number;
  readonly chain: string;
}

export const LEDGER_START: Position = { bytes: 0, lines: 0, chain: '' };

export interface LedgerReading {
  readonly lines: readonly LedgerLine[];
  /** Chain value of the last line, '' for an empty ledger. */
  readonly head: string;
  /** Where the next reading goes on. */
  readonly end: Position;
  readonly problems: readonly LedgerProblem[];
}

/** Reads a ledger and checks every link; an absent file is an empty ledger. */
export function readLedger(path: string, format: LedgerFormat): LedgerReading {
  const nothing = { lines: [], head: '', end: LEDGER_START };
  if (!existsSync(path)) return { ...nothing, problems: [] };
  if (!statSync(path).isFile())
    return { ...nothing, problems: [{ kind: 'line', text: `${path}  is no file` }] };
  return readLines(path, format, readFileSync(path, 'utf8'));
}

/** Bytes of a long ledger that are held at once. */
const PIECE = 1 << 20;

/**
 * Reads a ledger without a header from a position on, a piece at a time, and checks every link; the last reading says whether
 * the tail is torn. Fails where the file ends before the position. `isKnown`: the file as a whole was checked, so its links
 * need not be.
 */
export function* readPieces(
  path: string,
  format: LedgerFormat,
  from: Position,
  isKnown = false,
): Generator<LedgerReading> {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size < from.bytes)
      throw failed(
        `${path}  its tail was cut: it had ${from.bytes} bytes. make audit shows what is damaged.`,
      );
    let at = from;
    for (let span = PIECE; at.bytes < size; ) {
      const piece = Buffer.alloc(Math.min(span, size - at.bytes));
      const read = readSync(fd, piece, 0, piece.length, at.bytes);
      const isLast = at.bytes + read >= size;
      const text = piece.toString('utf8', 0, isLast ? read : piece.lastIndexOf(10) + 1);
      const reading = readLines(path, format, text, at, isKnown);
      // What looks torn goes on in the next piece.
      const problems = isLast ? reading.problems : reading.problems.filter(({ kind }) => kind !== 'torn');
      if (isLast || reading.end.bytes > at.bytes) yield { ...reading, problems };
      if (isLast) return;
      span = reading.end.bytes > at.bytes ? PIECE : span * 2;
      at = reading.end;
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The lines before an anchor, from the latest back for as long as `goesOn` says so of each, oldest first. Checks every link
 * from there to the anchor: who edits one of these lines must repair the chain after it, and then the anchor's value differs.
 */
export function readBack(
  path: string,
  format: LedgerFormat,
  anchor: Position,
  goesOn: (body: string) => boolean,
): string[] {
  const fd = openSync(path, 'r');
  try {
    const lines: { body: string; chain: string }[] = [];
    let chain = '';
    let wanted = true;
    for (const row of rowsBack(fd, anchor.bytes)) {
      const line = format.split(row);
      if (line === undefined) throw failed(`${path}  holds what is no line of it. ${AUDIT}`);
      // A group is checked as a whole.
      if (!wanted && line.chain !== '') {
        chain = line.chain;
        break;
      }
      lines.push(line);
      if (wanted) wanted = goesOn(line.body);
    }
    let group: string[] = [];
    for (const line of lines.reverse()) {
      group.push(line.body);
      if (line.chain === '') continue;
      if (chainOf(chain, group.join('\n')) !== line.chain) break;
      chain = line.chain;
      group = [];
    }
    if (chain !== anchor.chain || group.length > 0)
      throw failed(`${path}  the chain breaks before byte ${anchor.bytes}. ${AUDIT}`);
    return lines.map(({ body }) => body);
  } finally {
    closeSync(fd);
  }
}

/** The lines that end before a byte, from the last back. */
function* rowsBack(fd: number, end: number): Generator<string> {
  let rest = Buffer.alloc(0);
  for (let at = end, span = 1 << 16; at > 0; span = Math.min(PIECE, span * 4)) {
    const piece = Buffer.alloc(Math.min(span, at));
    at -= piece.length;
    readSync(fd, piece, 0, piece.length, at);
    const all = rest.length === 0 ? piece : Buffer.concat([piece, rest]);
    let stop = all.length;
    for (;;) {
      const newline = stop < 2 ? -1 : all.lastIndexOf(10, stop - 2);
      if (newline < 0) break;
      yield all.toString('utf8', newline + 1, stop - 1);
      stop = newline + 1;
    }
    rest = all.subarray(0, stop);
  }
  if (rest.length > 0) yield rest.toString('utf8', 0, rest.length - 1);
}

const AUDIT = 'make audit shows what else is damaged.';

/** The same of text that was read from the position on. */
function readLines(
  path: string,
  format: LedgerFormat,
  text: string,
  from = LEDGER_START,
  isKnown = false,
): LedgerReading {
  const problems: LedgerProblem[] = [];
  const lines: LedgerLine[] = [];
  const note = (kind: LedgerProblem['kind'], at: number, what: string) =>
    problems.push({ kind, text: `${path}:${at}  ${what}` });
  const header = from.bytes === 0 ? format.header : '';
  if (text.length < header.length && header.startsWith(text)) {
    note('torn', 1, 'the header was not written whole (make doctor takes it back)');
    return { lines, head: '', end: from, problems };
  }
  if (!text.startsWith(header)) note('header', 1, 'the header is not that of this ledger');
  let number = from.lines + header.split('\n').length - 1;
  let { chain: previous } = from;
  let group: string[] = [];
  let bytes = from.bytes + header.length;
  let pending = 0;
  const rows = text.slice(Math.min(text.length, header.length)).split('\n');
  const isTorn = rows.pop() !== '';
  const isAscii = Buffer.byteLength(text) === text.length;
  for (const row of rows) {
    number++;
    pending += (isAscii ? row.length : Buffer.byteLength(row)) + 1;
    const line = format.split(row);
    if (line === undefined) {
      note('line', number, 'no line of this ledger');
      continue;
    }
    group.push(line.body);
    lines.push({ number, body: line.body, chain: line.chain });
    if (line.chain === '') continue;
    if (!isKnown && chainOf(previous, group.length === 1 ? group[0]! : group.join('\n')) !== line.chain)
      note(
        'chain',
        number,
        'the chain breaks: this line or the one before was edited, removed, moved or added',
      );
    previous = line.chain;
    group = [];
    bytes += pending;
    pending = 0;
  }
  if (isTorn || group.length > 0) {
    note('torn', number - group.length + 1, 'the last line is torn (make doctor takes it back)');
    lines.length -= group.length;
  }
  const end = { bytes, lines: number - group.length, chain: previous };
  return { lines, head: previous, end, problems };
}

/**
 * The lines of a ledger that somebody acts on: fails where one is damaged, so that nothing rests on what an audit would
 * reject. A torn last line was never confirmed to anyone and is passed over.
 */
export function soundLines(path: string, format: LedgerFormat): readonly LedgerLine[] {
  const { lines, problems } = readLedger(path, format);
  refuseDamage(problems);
  return lines;
}

/** Fails where a reading found more than a torn last line. */
export function refuseDamage(problems: readonly LedgerProblem[]): void {
  const damage = problems.find(({ kind }) => kind !== 'torn');
  if (damage !== undefined) throw failed(`${damage.text}. ${AUDIT}`);
}
