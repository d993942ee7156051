/**
 * Append-only files whose every line carries a hash of itself and the line before (Haber & Stornetta 1991), so that
 * an edited, removed, reordered or inserted line shows. A cut tail shows only where another ledger recorded the head.
 */
import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { failed } from '../fault.ts';
import { sha256 } from './hash.ts';
import { withLock } from './lock.ts';
import { writeFully } from './write.ts';

/** How a line holds its body and its chain value. */
export interface LedgerFormat {
  /** First lines of a new file; not chained. */
  readonly header: string;
  /** Lines that are appended together are one link of the chain, and the last of them alone bears its value. */
  readonly grouped?: boolean;
  join(body: string, chain: string): string;
  /** Undefined for what is no line of this format; the chain value is '' in a line of a group before its last. */
  split(line: string): { body: string; chain: string } | undefined;
}

const splitAt = (pattern: RegExp, rebuild: (match: RegExpExecArray) => string) => (line: string) => {
  const match = pattern.exec(line);
  return match === null ? undefined : { body: rebuild(match), chain: match[2]! };
};

/** key=value pairs, the last of them chain. */
export function logfmtLedger(header: string): LedgerFormat {
  return {
    header,
    join: (body, chain) => `${body} chain=${chain}`,
    split: splitAt(/^(.*) chain=([0-9a-f]{32})$/, (match) => match[1]!),
  };
}

/** CSV with a header, the last column chain. */
export function csvLedger(columns: readonly string[]): LedgerFormat {
  return {
    header: `${[...columns, 'chain'].join(',')}\n`,
    join: (body, chain) => `${body},${chain}`,
    split: splitAt(/^(.*),([0-9a-f]{32})$/, (match) => match[1]!),
  };
}

const CHAIN_KEY = ',"chain":"';
const CHAIN_END = CHAIN_KEY.length + 32 + '"}'.length;

/** One JSON object per line, with chain as the last key of the last line of a group. */
export const jsonLedger: LedgerFormat = {
  header: '',
  grouped: true,
  join: (body, chain) => (chain === '' ? body : `${body.slice(0, -1)}${CHAIN_KEY}${chain}"}`),
  split(line) {
    const at = line.length - CHAIN_END;
    if (line.startsWith(CHAIN_KEY, at) && line.endsWith('"}'))
      return { body: `${line.slice(0, at)}}`, chain: line.slice(at + CHAIN_KEY.length, -2) };
    return line.startsWith('{') && line.endsWith('}') ? { body: line, chain: '' } : undefined;
  },
};

/**
 * The chain value of a body, or of the bodies of a group joined by newlines, that follows the one with chain value `previous`
 * ('' for the first).
 */
export function chainOf(previous: string, body: string): string {
  return sha256(`${previous}\n${body}`).slice(0, 32);
}

/** A ledger open for appending by one process at a time. */
export interface LedgerWriter {
  readonly head: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Appends the bodies or nothing: what a full disk cut short is taken back. */
  append(bodies: readonly string[]): void;
  sync(): void;
  /** Puts what was appended on the disk while the program goes on. After a failure the file is not to be trusted. */
  syncLater(done: (error: Error | null) => void): void;
  close(): void;
}

/** Opens a ledger, takes back a torn last line (its writer was never told it was written), and reads its head. */
export function openLedger(path: string, format: LedgerFormat): LedgerWriter {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, 'a+');
  let size = fstatSync(fd).size;
  if (size < format.header.length) {
    ftruncateSync(fd, 0);
    writeFully(fd, Buffer.from(format.header));
    size = format.header.length;
  }
  const { line, end } = lastLine(fd, size, format);
  if (end < size) ftruncateSync(fd, end);
  size = end;
  let head = (line === undefined ? undefined : format.split(line)?.chain) ?? '';
  return {
    get head() {
      return head;
    },
    get size() {
      return size;
    },
    append(bodies) {
      if (bodies.length === 0) return;
      let next = head;
      const link = (body: string) => {
        next = chainOf(next, body);
        return `${format.join(body, next)}\n`;
      };
      const text = format.grouped ? link(bodies.join('\n')) : bodies.map(link).join('');
      const data = Buffer.from(text);
      try {
        writeFully(fd, data);
      } catch (error) {
        ftruncateSync(fd, size);
        throw error;
      }
      size += data.length;
      head = next;
    },
    sync: () => fsyncSync(fd),
    syncLater: (done) => fdatasync(fd, done),
    close: () => closeSync(fd),
  };
}

/** The last whole line that ends a group, and where it ends; lines after it were never confirmed to anyone. */
function lastLine(fd: number, size: number, format: LedgerFormat): { line: string | undefined; end: number } {
  const first = format.header.length;
  for (let span = 65_536; ; span *= 2) {
    const start = Math.max(0, size - span);
    const tail = Buffer.alloc(size - start);
    readSync(fd, tail, 0, tail.length, start);
    for (let last = tail.lastIndexOf(10); start + last >= first; ) {
      const before = last === 0 ? -1 : tail.lastIndexOf(10, last - 1);
      if (before < 0 && start > 0) break;
      const line = tail.toString('utf8', before + 1, last);
      if (format.split(line)?.chain !== '') return { line, end: start + last + 1 };
      last = before;
    }
    if (start === 0) return { line: undefined, end: Math.min(first, size) };
  }
}

/** The last whole line, read from the end of the file; undefined for an empty or absent ledger. */
export function lastEntry(path: string, format: LedgerFormat): { body: string; chain: string } | undefined {
  if (!existsSync(path)) return undefined;
  const fd = openSync(path, 'r');
  try {
    const { line } = lastLine(fd, fstatSync(fd).size, format);
    return line === undefined ? undefined : format.split(line);
  } finally {
    closeSync(fd);
  }
}

/** Chain value of the last whole line; '' for an empty or absent ledger. */
export function ledgerHead(path: string, format: LedgerFormat): string {
  return lastEntry(path, format)?.chain ?? '';
}

/** Appends lines made from the current head under a lock, and puts them on disk; returns the new head. */
export function appendLedger(
  path: string,
  format: LedgerFormat,
  bodies: readonly string[],
  waitMs = 10_000,
): string {
  return withLock(`${path}.lock`, waitMs, () => {
    const ledger = openLedger(path, format);
    try {
      ledger.append(bodies);
      ledger.sync();
      return ledger.head;
    } finally {
      ledger.close();
    }
  });
}

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
  for (const row of rows) {
    number++;
    pending += Buffer.byteLength(row) + 1;
    const line = format.split(row);
    if (line === undefined) {
      note('line', number, 'no line of this ledger');
      continue;
    }
    group.push(line.body);
    lines.push({ number, ...line });
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
