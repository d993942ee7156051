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
  join(body: string, chain: string): string;
  /** Undefined for what is no line of this format. */
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

/** One JSON object per line, its last key chain. */
export const jsonLedger: LedgerFormat = {
  header: '',
  join: (body, chain) => `${body.slice(0, -1)},"chain":"${chain}"}`,
  split: splitAt(/^(.*),"chain":"([0-9a-f]{32})"\}$/, (match) => `${match[1]}}`),
};

/** The chain value of a body that follows the line with chain value `previous` ('' for the first). */
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
  const { line, end } = lastLine(fd, size);
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
      let next = head;
      const lines = bodies.map((body) => {
        next = chainOf(next, body);
        return `${format.join(body, next)}\n`;
      });
      const data = Buffer.from(lines.join(''));
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

/** The last whole line of a file and where it ends. */
function lastLine(fd: number, size: number): { line: string | undefined; end: number } {
  for (let span = 65_536; ; span *= 2) {
    const start = Math.max(0, size - span);
    const tail = Buffer.alloc(size - start);
    readSync(fd, tail, 0, tail.length, start);
    const last = tail.lastIndexOf(10);
    const before = last <= 0 ? -1 : tail.lastIndexOf(10, last - 1);
    if (before < 0 && start > 0) continue;
    if (last < 0) return { line: undefined, end: start };
    return { line: tail.toString('utf8', before + 1, last), end: start + last + 1 };
  }
}

/** The last whole line, read from the end of the file; undefined for an empty or absent ledger. */
export function lastEntry(path: string, format: LedgerFormat): { body: string; chain: string } | undefined {
  if (!existsSync(path)) return undefined;
  const fd = openSync(path, 'r');
  try {
    const { line } = lastLine(fd, fstatSync(fd).size);
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

export interface LedgerReading {
  readonly lines: readonly LedgerLine[];
  /** Chain value of the last line, '' for an empty ledger. */
  readonly head: string;
  readonly problems: readonly LedgerProblem[];
}

/** Reads a ledger and checks every link; an absent file is an empty ledger. */
export function readLedger(path: string, format: LedgerFormat): LedgerReading {
  if (!existsSync(path)) return { lines: [], head: '', problems: [] };
  if (!statSync(path).isFile())
    return { lines: [], head: '', problems: [{ kind: 'line', text: `${path}  is no file` }] };
  const text = readFileSync(path, 'utf8');
  const problems: LedgerProblem[] = [];
  const lines: LedgerLine[] = [];
  const note = (kind: LedgerProblem['kind'], at: number, what: string) =>
    problems.push({ kind, text: `${path}:${at}  ${what}` });
  if (text.length < format.header.length && format.header.startsWith(text)) {
    note('torn', 1, 'the header was not written whole (make doctor takes it back)');
    return { lines, head: '', problems };
  }
  if (!text.startsWith(format.header)) note('header', 1, 'the header is not that of this ledger');
  let number = format.header.split('\n').length - 1;
  let previous = '';
  const rows = text.slice(Math.min(text.length, format.header.length)).split('\n');
  if (rows.pop() !== '')
    note('torn', number + rows.length + 1, 'the last line is torn (make doctor takes it back)');
  for (const row of rows) {
    number++;
    const line = format.split(row);
    if (line === undefined) {
      note('line', number, 'no line of this ledger');
      continue;
    }
    if (chainOf(previous, line.body) !== line.chain)
      note(
        'chain',
        number,
        'the chain breaks: this line or the one before was edited, removed, moved or added',
      );
    previous = line.chain;
    lines.push({ number, ...line });
  }
  return { lines, head: previous, problems };
}

/**
 * The lines of a ledger that somebody acts on: fails where one is damaged, so that nothing rests on what an audit would
 * reject. A torn last line was never confirmed to anyone and is passed over.
 */
export function soundLines(path: string, format: LedgerFormat): readonly LedgerLine[] {
  const { lines, problems } = readLedger(path, format);
  const damage = problems.find(({ kind }) => kind !== 'torn');
  if (damage !== undefined) throw failed(`${damage.text}. make audit shows what else is damaged.`);
  return lines;
}
