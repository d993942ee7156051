/** CSV files, read piece by piece and written whole. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { TextDecoder } from 'node:util';
import { csvFormatRow, dsvFormat } from 'd3-dsv';
import { badInput } from '../fault.ts';
import { writeThrough } from './write.ts';

const PIECE = 1 << 20;

/** How a file is written. */
export interface CsvDialect {
  readonly separator: string;
  /** Lines that begin with it are skipped; '' for none. */
  readonly comment: string;
}

const COMMAS: CsvDialect = { separator: ',', comment: '' };

/**
 * Calls `onRecord` with the fields and the first line number of every record, the header included. Holds one piece of
 * the file at a time. BOM and line ends of any kind are fine; what is not UTF-8 text is refused with exit code 2.
 */
export function readRecords(
  path: string,
  onRecord: (fields: string[], line: number) => void,
  { separator, comment }: CsvDialect = COMMAS,
): void {
  const fd = openFile(path);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const piece = Buffer.allocUnsafe(PIECE);
  const cutter = recordCutter();
  const parser = dsvFormat(separator);
  let line = 1;
  const take = (text: string) => {
    if (text === '') return;
    parser.parseRows(text, (fields) => {
      if (comment === '' || !fields[0]!.startsWith(comment)) onRecord(fields, line);
      line += 1 + fields.reduce((sum, field) => sum + lineEnds(field), 0);
      return null;
    });
  };
  try {
    for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece))
      take(cutter.push(decode(decoder, path, piece.subarray(0, read))).whole);
    take(cutter.push(decode(decoder, path)).whole);
    if (cutter.quoted) throw badInput(`${path}:${line}  a quote is opened here or later and never closed`);
    take(cutter.rest());
  } finally {
    closeSync(fd);
  }
}

/** Fails with exit code 2 for what is not there or no file. */
function openFile(path: string): number {
  try {
    const fd = openSync(path, 'r');
    if (fstatSync(fd).isDirectory())
      throw Object.assign(new Error('is a folder, not a file'), { code: 'EISDIR' });
    return fd;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw badInput(`${path}  ${missing ? 'is missing' : (error as Error).message}`);
  }
}

/** The first piece of a file as text. */
export function readStart(path: string): string {
  const fd = openFile(path);
  try {
    const piece = Buffer.alloc(Math.min(PIECE, fstatSync(fd).size));
    return new TextDecoder('utf-8').decode(piece.subarray(0, readSync(fd, piece)));
  } finally {
    closeSync(fd);
  }
}

function decode(decoder: TextDecoder, path: string, bytes?: Uint8Array): string {
  try {
    const text = bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    if (!text.includes('\0')) return text;
  } catch {}
  throw badInput(
    `${path}  is not a CSV text in UTF-8 (other encoding, or not a text at all); export it as "CSV UTF-8"`,
  );
}

/**
 * Collects text and gives it back in whole records: cut after line ends outside quotes. Each character is looked at once,
 * however many pieces a record comes in.
 */
export function recordCutter(hasQuotes = true) {
  let pending: string[] = [];
  let length = 0;
  let quoted = false;
  return {
    /** Characters of a record that is not whole yet. */
    get pending() {
      return length;
    },
    /** Whether a quote is open. */
    get quoted() {
      return quoted;
    },
    /** The whole records that this piece ends, '' if it ends none, and where the first of them ends. */
    push(text: string): { whole: string; first: number } {
      let end = 0;
      let first = 0;
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code === 34 && hasQuotes) quoted = !quoted;
        else if (code === 10 && !quoted) {
          end = i + 1;
          if (first === 0) first = length + end;
        }
      }
      if (end === 0) {
        pending.push(text);
        length += text.length;
        return { whole: '', first: 0 };
      }
      const whole = pending.join('') + text.slice(0, end);
      pending = [text.slice(end)];
      length = text.length - end;
      return { whole, first };
    },
    /** What is left at the end. */
    rest: () => pending.join(''),
  };
}

function lineEnds(field: string): number {
  return field.includes('\n') ? field.split('\n').length - 1 : 0;
}

/** Reads a small CSV as objects keyed by its header. */
export function readTable(path: string, dialect?: CsvDialect): Record<string, string>[] {
  let header: string[] | undefined;
  const rows: Record<string, string>[] = [];
  readRecords(
    path,
    (fields) => {
      if (header === undefined) header = fields;
      else rows.push(Object.fromEntries(header.map((name, i) => [name, fields[i] ?? ''])));
    },
    dialect,
  );
  return rows;
}

export function writeCsv(path: string, header: readonly string[], rows: Iterable<readonly string[]>): void {
  writeThrough(path, (sink) => {
    sink(`${csvFormatRow(header as string[])}\n`);
    for (const row of rows) sink(`${csvFormatRow(row as string[])}\n`);
  });
}

/** A cell that no spreadsheet runs as a formula (OWASP CSV injection): numbers as they are, others with a leading '. */
export function safeCell(text: string): string {
  const line = text.replace(/[\r\n]+/g, ' ');
  return /^[=+\-@\t]/.test(line) && !/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(line) ? `'${line}` : line;
}

/** One CSV line of safe cells, without its end. */
export function csvLine(cells: readonly string[]): string {
  return csvFormatRow(cells.map(safeCell));
}
