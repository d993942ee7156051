/** Rows that came after the raw file: a file each, never changed, and the ledger of who brought them, from what and why. */
import { dirname, join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { appendRows, type Ledgers, rowsOf } from './catalogue.ts';
import { inputsOf, readManifest } from './manifest.ts';

export interface Increment {
  /** As the config would name it: rows as they are read by the schema, in the order of its columns. */
  readonly path: string;
  readonly sha256: string;
  readonly rows: number;
  /** What it was made of. */
  readonly from: string;
  readonly fromSha256: string;
  readonly by: string;
  readonly why: string;
}

/** Oldest first. */
export function readIncrements(ledgers: Ledgers): Increment[] {
  return rowsOf(ledgers.increments).map(
    ([, path = '', sha256 = '', rows = '', from = '', fromSha256 = '', by = '', why = '']) => ({
      path,
      sha256,
      rows: Number(rows),
      from,
      fromSha256,
      by,
      why,
    }),
  );
}

export function recordIncrement(
  ledgers: Pick<Ledgers, 'increments'>,
  { path, sha256, rows, from, fromSha256, by, why }: Increment,
): void {
  const time = new Date().toISOString();
  appendRows(ledgers.increments, [[time, path, sha256, String(rows), from, fromSha256, by, why]]);
}

/** Those that a data version holds: what the manifest says of one that was made, and every one that is there of a new one. */
export function incrementsOf(ledgers: Ledgers, dataVersion: string): Increment[] {
  const increments = readIncrements(ledgers);
  const made = readManifest(ledgers).find(({ version }) => version === dataVersion);
  if (made === undefined) return increments;
  const inputs = new Set(inputsOf(made).map(({ path }) => path));
  return increments.filter(({ path }) => inputs.has(path));
}

/** Where the next one is to lie. */
export function nextIncrementPath({ data }: Pick<Config, 'data'>, ledgers: Ledgers): string {
  return join(
    dirname(data.raw_path),
    'increments',
    `${String(readIncrements(ledgers).length + 1).padStart(4, '0')}.csv`,
  );
}
