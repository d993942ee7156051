/** CSV files: records and tables of texts, written whole, and cells that are safe to open. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { TextDecoder } from 'node:util';
import { csvFormatRow, csvParseRows } from 'd3-dsv';
import { type CsvDialect, openFile, scanRecords, textsOf } from './csv-records.ts';
import { writeThrough } from './write.ts';

const PIECE = 1 << 20;

/** Calls `onRecord` with the fields and the first line number of every record, the header included (see scanRecords). */
export function readRecords(
  path: string,
  onRecord: (fields: string[], line: number) => void,
  dialect?: CsvDialect,
): void {
  scanRecords(path, (record, line) => onRecord(textsOf(record), line), dialect);
}

/** The first piece of a file as text. */
export function readStart(path: string, bytes = PIECE): string {
  const fd = openFile(path);
  try {
    const piece = Buffer.alloc(Math.min(bytes, fstatSync(fd).size));
    return new TextDecoder('utf-8').decode(piece.subarray(0, readSync(fd, piece)));
  } finally {
    closeSync(fd);
  }
}

/** The names in the first line of a CSV file of our own. */
export function readHeader(path: string): string[] {
  return csvParseRows(readStart(path).split('\n')[0]!)[0] ?? [];
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
