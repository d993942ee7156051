/** Predictions for streams of rows: CSV or NDJSON in, the same out, a block of rows in memory at a time. */
import { TextDecoder } from 'node:util';
import { csvParseRows } from 'd3-dsv';
import { parseNumber } from '../../lib/data/columns.ts';
import { csvLine, recordCutter } from '../../lib/files/csv.ts';
import type { Caller, Predictor } from '../../lib/predict/predict.ts';
import type { ServedModel } from '../../lib/predict/served-model.ts';
import type { FieldProblem, Prediction, RowValue } from '../../lib/record/events.ts';
import { failureOf } from '../../lib/serve/http.ts';
import type { SignatureInput } from '../../lib/train/signature.ts';

export const BATCH_TYPES = ['text/csv', 'application/x-ndjson'] as const;
export type BatchType = (typeof BATCH_TYPES)[number];

/** A header is longer than this only by mistake. */
const HEADER_BYTES = 65_536;
/** Rows that are scored, put on record and answered together. */
const BLOCK = 500;
const CSV_HEADER = ['row', 'id', 'model', 'probability', 'class', 'problem'];

export interface Batch {
  readonly type: BatchType;
  /** Rows as JSON values; what is no row is undefined. */
  readonly rows: AsyncIterable<unknown>;
}

/** Begins to read a stream: fails before the first row where the header says that no row can be right. */
export async function openBatch(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  type: BatchType,
  model: ServedModel,
  maxRecordBytes: number,
): Promise<Batch | { problem: string; status: 400 | 413 }> {
  const records = readRecordTexts(body, maxRecordBytes, type === 'text/csv');
  if (type === 'application/x-ndjson') return { type, rows: parsedLines(records) };
  const { inputs, ids, sensitive } = model.loaded.signature;
  try {
    const first = await records.next();
    const header = (csvParseRows(first.value ?? '')[0] ?? []).map((name) => name.trim());
    const missing = inputs.filter(({ name }) => !header.includes(name)).map(({ name }) => name);
    const hint = header.length === 1 && /[;\t|]/.test(header[0]!) ? ': fields are parted by commas here' : '';
    if (missing.length > 0) return { problem: `the header lacks ${missing.join(', ')}${hint}`, status: 400 };
    if (new Set(header).size < header.length)
      return { problem: 'the header names a column twice', status: 400 };
    const columns = header.map((name) =>
      [...inputs, ...ids, ...sensitive].find((column) => column.name === name),
    );
    return { type, rows: csvRows(records, header, columns) };
  } catch (error) {
    if (error instanceof StreamProblem) return { problem: error.message, status: error.status };
    throw error;
  }
}

/** Answers in the stream's own format, each row after it is on record; a broken stream ends with what broke it. */
export async function* batchAnswers(
  { type, rows }: Batch,
  predictor: Predictor,
  caller: Caller,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const write = type === 'text/csv' ? csvAnswer : jsonAnswer;
  if (type === 'text/csv') yield encoder.encode(`${CSV_HEADER.join(',')}\n`);
  let row = 0;
  try {
    for await (const block of blocksOf(rows)) {
      const answers = await predictor.each(block, { ...caller, start: performance.now() });
      yield encoder.encode(
        answers
          .map((answer) =>
            'problems' in answer
              ? write({ row: row++, problem: describe(answer.problems) })
              : write({ row: row++, ...answer }),
          )
          .join(''),
      );
    }
  } catch (error) {
    if (!(error instanceof StreamProblem)) onError(error);
    const problem = error instanceof StreamProblem ? error.message : failureOf(error).error;
    yield encoder.encode(write({ row, problem: `the stream ends here: ${problem}` }));
  }
}

interface BatchAnswer
  extends Partial<Pick<Prediction, 'id' | 'model' | 'probability' | 'class' | 'probabilities'>> {
  readonly row: number;
  readonly problem?: string;
}

function csvAnswer(answer: BatchAnswer): string {
  return `${csvLine(CSV_HEADER.map((name) => String(answer[name as keyof BatchAnswer] ?? '')))}\n`;
}

function jsonAnswer({
  row,
  id,
  model,
  probability,
  class: label,
  probabilities,
  problem,
}: BatchAnswer): string {
  return `${JSON.stringify({ row, id, model, probability, class: label, probabilities, problem })}\n`;
}

function describe(problems: readonly FieldProblem[]): string {
  return problems
    .slice(0, 10)
    .map(({ field, problem }) => `${field} ${problem}`.trim())
    .join('; ');
}

class StreamProblem extends Error {
  readonly status: 400 | 413;
  constructor(message: string, status: 400 | 413 = 400) {
    super(message);
    this.status = status;
  }
}

/** Texts of whole records: the first alone, since it is the header, then as many as each piece of the stream ends. */
async function* readRecordTexts(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
  quotes: boolean,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (piece?: Uint8Array) => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch {
      throw new StreamProblem('the body is not UTF-8 text');
    }
  };
  const cutter = recordCutter(quotes);
  let isFirst = quotes;
  const cut = (text: string): string[] => {
    const { whole, first } = cutter.push(text);
    if (cutter.pending > (isFirst ? Math.min(HEADER_BYTES, maxBytes) : maxBytes))
      throw new StreamProblem(
        `one row may have at most ${isFirst ? Math.min(HEADER_BYTES, maxBytes) : maxBytes} bytes`,
        413,
      );
    if (whole === '' || !isFirst) return [whole];
    isFirst = false;
    return [whole.slice(0, first), whole.slice(first)];
  };
  for await (const piece of body) for (const text of cut(decode(piece))) if (text !== '') yield text;
  for (const text of cut(decode())) if (text !== '') yield text;
  if (quotes && cutter.quoted) throw new StreamProblem('a quote is opened and never closed');
  const rest = cutter.rest();
  if (rest.trim() !== '') yield rest;
}

async function* parsedLines(texts: AsyncIterable<string>): AsyncGenerator<unknown> {
  for await (const text of texts) {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      try {
        yield JSON.parse(line);
      } catch {
        yield undefined;
      }
    }
  }
}

/** A row as the JSON that it would be: numbers where the column has them, null where the cell is empty. */
async function* csvRows(
  texts: AsyncIterable<string>,
  header: readonly string[],
  columns: readonly (SignatureInput | undefined)[],
): AsyncGenerator<unknown> {
  for await (const text of texts) {
    for (const cells of csvParseRows(text)) {
      if (cells.length === 1 && cells[0] === '') continue;
      if (cells.length !== header.length) {
        yield undefined;
        continue;
      }
      yield Object.fromEntries(
        cells.flatMap((cell, i): [string, string | number | null][] => {
          const column = columns[i];
          if (column === undefined) return [];
          return [[header[i]!, valueOfCell(column, cell)]];
        }),
      );
    }
  }
}

async function* blocksOf(rows: AsyncIterable<unknown>): AsyncGenerator<unknown[]> {
  let block: unknown[] = [];
  let broken: unknown;
  try {
    for await (const row of rows) {
      block.push(row);
      if (block.length < BLOCK) continue;
      yield block;
      block = [];
    }
  } catch (error) {
    // What came whole before it broke is answered.
    broken = error;
  }
  if (block.length > 0) yield block;
  if (broken !== undefined) throw broken;
}

/** A cell as a JSON value: a number where the column has them, null where it is empty. */
function valueOfCell({ type }: SignatureInput, cell: string): RowValue {
  if (cell === '') return null;
  return type === 'number' || type === 'integer' ? (parseNumber(cell) ?? cell) : cell;
}
