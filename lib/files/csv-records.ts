/** A CSV file record by record, read in place: a field becomes a number or a text when it is asked for (RFC 4180). */
import { isAscii, isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { badInput } from '../fault.ts';

/** How a file is written. */
export interface CsvDialect {
  /** An ASCII character. */
  readonly separator: string;
  /** Lines that begin with it are skipped; '' for none. */
  readonly comment: string;
  /** The decimal sign that number() takes: a point unless said. */
  readonly decimal?: '.' | ',';
}

/** One record. The same object is handed over for each: what it says is of the current one. */
export interface CsvRecord {
  /** Number of fields. */
  readonly length: number;
  /** A field without its quotes. */
  text(field: number): string;
  /** A field that is a plain decimal number of at most 15 digits; NaN for whatever else, which text() has. */
  number(field: number): number;
  /** Digits behind the decimal sign of the number that was asked for last; −1 where it has no sign. */
  readonly decimals: number;
}

/** All fields of a record. */
export function textsOf(record: CsvRecord): string[] {
  return Array.from({ length: record.length }, (_, field) => record.text(field));
}

const COMMAS: CsvDialect = { separator: ',', comment: '' };
const PIECE = 1 << 20;
/** What one record may take at most. */
const LONGEST = 1 << 30;
const [LF, CR, QUOTE] = [10, 13, 34];
const [ZERO, PLUS, MINUS] = [48, 43, 45];
const BOM = Buffer.from('\uFEFF');
const EXACT_DIGITS = 15;
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => Number(`1e${i}`));

/** A part of a file that begins and ends with a record: bytes [from, to), and the number of its first line. */
export interface CsvPart {
  readonly from: number;
  readonly to: number;
  readonly line: number;
}

const WHOLE: CsvPart = { from: 0, to: Number.POSITIVE_INFINITY, line: 1 };

/**
 * Calls `onRecord` with every record, the header included, and the number of its first line; returns that of the line after the last.
 * Holds one piece of the file at a time. BOM and line ends of any kind are fine; what is not UTF-8 text is refused with exit code 2.
 */
export function scanRecords(
  path: string,
  onRecord: (record: CsvRecord, line: number) => void,
  dialect: CsvDialect = COMMAS,
  part: CsvPart = WHOLE,
): number {
  const fd = openFile(path);
  try {
    const record = new RecordInPlace(dialect);
    let bytes = Buffer.allocUnsafe(PIECE);
    let filled = 0;
    /** Where the bytes begin that are not yet known to be text. */
    let unchecked = 0;
    let line = part.line;
    let position = part.from;
    for (let isEnd = false, isStart = part.from === 0; !isEnd; isStart = false) {
      if (filled === LONGEST) throw badInput(`${path}:${line}  is a line of more than a gigabyte: refused`);
      if (filled === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length)]);
      const room = Math.min(bytes.length - filled, part.to - position);
      const read = room === 0 ? 0 : readSync(fd, bytes, filled, room, part === WHOLE ? null : position);
      isEnd = read === 0;
      position += read;
      filled += read;
      const held = bytes.subarray(0, filled);
      const whole = isEnd ? filled : Math.max(held.lastIndexOf(LF), held.lastIndexOf(CR)) + 1;
      if (whole > unchecked) checkText(path, bytes.subarray(unchecked, whole));
      unchecked = Math.max(unchecked, whole);
      record.isAscii = isAscii(held);
      let at = isStart && held.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
      for (;;) {
        const next = record.scan(bytes, at, filled, isEnd);
        if (next < 0) break;
        if (!record.isComment) onRecord(record, line);
        line += 1 + record.breaks;
        at = next;
      }
      if (isEnd && at < filled)
        throw badInput(`${path}:${line}  a quote is opened here or later and never closed`);
      bytes.copyWithin(0, at, filled);
      filled -= at;
      unchecked -= at;
    }
    return line;
  } finally {
    closeSync(fd);
  }
}

function checkText(path: string, bytes: Buffer): void {
  if (isUtf8(bytes) && !bytes.includes(0)) return;
  throw badInput(
    `${path}  is not a CSV text in UTF-8 (other encoding, or not a text at all); export it as "CSV UTF-8"`,
  );
}

class RecordInPlace implements CsvRecord {
  length = 0;
  /** Line ends inside of quotes. */
  breaks = 0;
  isComment = false;
  /** Whether the bytes that scan() gets are ASCII: then a character is a byte. */
  isAscii = false;
  decimals = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  /** The record as a text, once one of its fields has been asked for. */
  #line: string | undefined;
  #starts = new Int32Array(64);
  #ends = new Int32Array(64);
  /** Where the quotes of a field close; 0 for a field without quotes. */
  #closes = new Int32Array(64);
  readonly #comment: Buffer;
  readonly #point: number;
  /** 1 for the bytes that end a field. */
  readonly #endsField = new Uint8Array(256);

  constructor({ separator, comment, decimal = '.' }: CsvDialect) {
    this.#comment = Buffer.from(comment);
    this.#point = decimal.charCodeAt(0) - ZERO;
    for (const byte of [separator.charCodeAt(0), LF, CR]) this.#endsField[byte] = 1;
  }

  /** Takes the record at bytes[at … end) and returns where the next one begins; −1 where this one is not whole. */
  scan(bytes: Buffer, at: number, end: number, isEnd: boolean): number {
    if (at >= end) return -1;
    this.#bytes = bytes;
    this.#start = at;
    this.#line = undefined;
    this.breaks = 0;
    this.length = 0;
    const comment = this.#comment;
    this.isComment =
      comment.length > 0 &&
      bytes.compare(comment, 0, comment.length, at, Math.min(end, at + comment.length)) === 0;
    const endsField = this.#endsField;
    let i = at;
    if (this.isComment) {
      while (i < end && bytes[i] !== LF && bytes[i] !== CR) i++;
      return afterLineEnd(bytes, i, end, isEnd);
    }
    for (;;) {
      const start = i;
      let close = 0;
      if (i < end && bytes[i] === QUOTE) {
        for (i++; ; i += 2) {
          while (i < end && bytes[i] !== QUOTE) if (bytes[i++] === LF) this.breaks++;
          if (i >= end) return -1;
          if (i + 1 >= end && !isEnd) return -1;
          if (i + 1 >= end || bytes[i + 1] !== QUOTE) break;
        }
        close = i++;
      }
      while (i < end && endsField[bytes[i]!] === 0) i++;
      if (i >= end && !isEnd) return -1;
      this.#add(start, i, close);
      if (i >= end || bytes[i] === LF || bytes[i] === CR) return afterLineEnd(bytes, i, end, isEnd);
      i++;
    }
  }

  #add(start: number, end: number, close: number): void {
    const at = this.length++;
    if (at === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
      this.#closes = doubled(this.#closes);
    }
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.#closes[at] = close;
  }

  text(field: number): string {
    const start = this.#starts[field]!;
    const end = this.#ends[field]!;
    const close = this.#closes[field]!;
    if (close === 0) return this.#slice(start, end);
    return this.#slice(start + 1, close).replaceAll('""', '"') + this.#slice(close + 1, end);
  }

  /** One text cut into fields takes a third of the time of a text made for each. */
  #slice(start: number, end: number): string {
    if (!this.isAscii) return this.#bytes.toString('utf8', start, end);
    this.#line ??= this.#bytes.toString('latin1', this.#start, this.#ends[this.length - 1]!);
    return this.#line.slice(start - this.#start, end - this.#start);
  }

  number(field: number): number {
    const bytes = this.#bytes;
    const end = this.#ends[field]!;
    const point = this.#point;
    let i = this.#starts[field]!;
    const sign = bytes[i]!;
    if (sign === MINUS || sign === PLUS) i++;
    let digits = 0;
    let decimals = -1;
    let whole = 0;
    for (; i < end; i++) {
      const digit = bytes[i]! - ZERO;
      if (digit >= 0 && digit <= 9) {
        whole = whole * 10 + digit;
        digits++;
        if (decimals >= 0) decimals++;
      } else if (digit === point && decimals < 0) decimals = 0;
      else return Number.NaN;
    }
    if (digits === 0 || digits > EXACT_DIGITS) return Number.NaN;
    this.decimals = decimals;
    // Both are exact, so the quotient is the double nearest to the decimal (Clinger 1990).
    const value = decimals > 0 ? whole / POWERS[decimals]! : whole;
    return sign === MINUS ? -value : value;
  }
}

/** The place after the line end at i; −1 where more of the file has to tell. */
function afterLineEnd(bytes: Buffer, i: number, end: number, isEnd: boolean): number {
  if (i + 1 >= end && !isEnd && !(i < end && bytes[i] === LF)) return -1;
  if (i >= end) return end;
  return bytes[i] === CR && bytes[i + 1] === LF && i + 1 < end ? i + 2 : i + 1;
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Fails with exit code 2 for what is not there or no file. */
export function openFile(path: string): number {
  try {
    // A pipe that nobody writes to would be waited for for ever, and a device has no end; what make gets on its own input is fine.
    const found = statSync(path);
    if (found.isDirectory()) throw Object.assign(new Error('is a folder, not a file'), { code: 'EISDIR' });
    if (!found.isFile() && path !== '/dev/stdin') throw new Error('is no file');
    return openSync(path, 'r');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw badInput(`${path}  ${missing ? 'is missing' : (error as Error).message}`);
  }
}
