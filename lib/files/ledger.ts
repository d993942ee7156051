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
  readSync,
} from 'node:fs';
import { dirname } from 'node:path';
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
  return withLock(`${path}.lock`, waitMs, () => appendUnlocked(path, format, bodies));
}

/** The same where no other writes it. */
export function appendUnlocked(path: string, format: LedgerFormat, bodies: readonly string[]): string {
  const ledger = openLedger(path, format);
  try {
    ledger.append(bodies);
    ledger.sync();
    return ledger.head;
  } finally {
    ledger.close();
  }
}
