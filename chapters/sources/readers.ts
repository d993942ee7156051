/** Rows of a file of any format as texts: empty where missing, numbers and times as JSON writes them. One reader for each format. */

import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { badInput, Fault, failed } from '../../lib/fault.ts';
import { scanRecords, textsOf } from '../../lib/files/csv-records.ts';
import { plainFile } from './plain.ts';
import type { FORMATS, SourceTable } from './settings.ts';

export type Format = (typeof FORMATS)[number];

export interface Rows {
  header(names: readonly string[]): void;
  /** `line` is where the row begins in its file: a line, or its number where a file has no lines. */
  row(cells: readonly string[], line: number): void;
}

type Reader = (path: string, table: SourceTable, rows: Rows, aside: string) => Promise<void>;

/** Packages that no other chapter needs: sources.mk installs them. */
const PACKAGES = '.make/packages/sources/package.json';

async function loaded(name: string): Promise<Record<string, unknown>> {
  try {
    const here = createRequire(resolve(PACKAGES));
    return (await import(pathToFileURL(here.resolve(name)).href)) as Record<string, unknown>;
  } catch (error) {
    throw failed(`${name} is not installed in .make/packages/sources: ${(error as Error).message}`);
  }
}

export function formatOf(path: string, { format }: Pick<SourceTable, 'format'>): Format {
  if (format !== undefined) return format;
  const [, end = ''] = /\.(\w+)(?:\.gz)?$/.exec(path) ?? [];
  const known: Record<string, Format> = {
    csv: 'csv',
    tsv: 'tsv',
    tab: 'tsv',
    ndjson: 'ndjson',
    jsonl: 'ndjson',
    parquet: 'parquet',
    xlsx: 'xlsx',
  };
  const found = known[end.toLowerCase()];
  if (found === undefined)
    throw badInput(`${path}  does not say by its name what it is: give the table a format`);
  return found;
}

/** Reads a file; fails with exit code 2 and says where. */
export async function readTable(path: string, table: SourceTable, rows: Rows, aside: string): Promise<void> {
  await READERS[formatOf(path, table)](path, table, rows, aside);
}

const READERS: Readonly<Record<Format, Reader>> = {
  csv: delimited(','),
  tsv: delimited('\t'),
  ndjson: readNdjson,
  parquet: readParquet,
  xlsx: readXlsx,
};

function delimited(usual: ',' | '\t'): Reader {
  return async (path, { separator = usual, encoding }, rows, aside) => {
    const plain = await plainFile(path, encoding, aside);
    let width = 0;
    scanRecords(
      plain,
      (record, line) => {
        const cells = textsOf(record).map((cell) => cell.trim());
        if (width === 0) {
          width = cells.length;
          rows.header(cells);
        } else if (cells.length === 1 && cells[0] === '' && width > 1) return;
        else if (cells.length !== width)
          throw badInput(`${path}:${line}  has ${cells.length} fields where the header has ${width}`);
        else rows.row(cells, line);
      },
      { separator, comment: '' },
    );
    if (width === 0) throw badInput(`${path}  is empty: it has no header and no rows`);
  };
}

/** Columns are those of the first object; another object may leave some out, and has no others. */
async function readNdjson(path: string, { encoding }: SourceTable, rows: Rows, aside: string): Promise<void> {
  const plain = await plainFile(path, encoding, aside);
  let names: string[] | undefined;
  let line = 0;
  for await (const text of createInterface({
    input: createReadStream(plain),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    line++;
    const bare = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (bare.trim() === '') continue;
    const where = `${path}:${line}`;
    const object = parsedObject(bare, where);
    if (names === undefined) {
      names = Object.keys(object);
      rows.header(names);
    }
    const other = Object.keys(object).find((name) => !names!.includes(name));
    if (other !== undefined) throw badInput(`${where}  has "${other}", which the first row has not`);
    rows.row(
      names.map((name) =>
        textOf(Object.hasOwn(object, name) ? object[name] : undefined, `${where}  "${name}"`),
      ),
      line,
    );
  }
  if (names === undefined) throw badInput(`${path}  is empty: it has no rows`);
}

function parsedObject(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badInput(`${where}  is no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badInput(`${where}  is no object`);
  return value as Record<string, unknown>;
}

/** A value as the cell of a CSV file. */
export function textOf(value: unknown, where: string): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw badInput(`${where}  is no time`);
    return value.toISOString();
  }
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  throw badInput(`${where}  is a list or an object, and no plain value`);
}

const ROWS_TOGETHER = 20_000;

interface Parquet {
  asyncBufferFromFile(path: string): Promise<unknown>;
  parquetMetadataAsync(
    file: unknown,
  ): Promise<{ num_rows: bigint; schema: { name: string; num_children?: number }[] }>;
  parquetReadObjects(options: {
    file: unknown;
    metadata: unknown;
    compressors: unknown;
    rowStart: number;
    rowEnd: number;
  }): Promise<Record<string, unknown>[]>;
}

async function readParquet(path: string, _: SourceTable, rows: Rows): Promise<void> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = (await loaded(
    'hyparquet',
  )) as unknown as Parquet;
  const { compressors } = await loaded('hyparquet-compressors');
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const names = metadata.schema.slice(1).map(({ name }) => name);
    if (metadata.schema.slice(1).some(({ num_children = 0 }) => num_children > 0))
      throw badInput(`${path}  holds lists or objects, and no plain values`);
    rows.header(names);
    const count = Number(metadata.num_rows);
    for (let from = 0; from < count; from += ROWS_TOGETHER) {
      const some = await parquetReadObjects({
        file,
        metadata,
        compressors,
        rowStart: from,
        rowEnd: Math.min(count, from + ROWS_TOGETHER),
      });
      for (const [i, object] of some.entries())
        rows.row(
          names.map((name) => textOf(object[name], `${path}  row ${from + i + 1} "${name}"`)),
          from + i + 1,
        );
    }
  } catch (error) {
    throw asBadInput(error, path, 'Parquet');
  }
}

async function readXlsx(path: string, { sheet }: SourceTable, rows: Rows): Promise<void> {
  const { readSheet } = (await loaded('read-excel-file/node')) as {
    readSheet: (path: string, sheet?: string) => Promise<unknown[][]>;
  };
  let cells: unknown[][];
  try {
    cells = await readSheet(path, sheet);
  } catch (error) {
    throw asBadInput(error, path, 'xlsx');
  }
  const [header, ...rest] = cells;
  if (header === undefined) throw badInput(`${path}  is empty: it has no header and no rows`);
  const names = header.map((cell) => textOf(cell, `${path}  row 1`).trim());
  rows.header(names);
  for (const [i, row] of rest.entries()) {
    const texts = names.map((name, c) => textOf(row[c], `${path}  row ${i + 2} "${name}"`).trim());
    if (texts.some((text) => text !== '')) rows.row(texts, i + 2);
  }
}

function asBadInput(error: unknown, path: string, format: string): unknown {
  if (error instanceof Fault) return error;
  const { message, code } = error as NodeJS.ErrnoException;
  return badInput(
    code === 'ENOENT' ? `${path}  is missing` : `${path}  cannot be read as ${format}: ${message}`,
  );
}
