/** models/watch.json: how far make monitor has looked, and the evidence until there; the ledger of runs says which it is. */
import { join } from 'node:path';
import * as v from 'valibot';
import { sha256 } from '../files/hash.ts';
import { parseFile } from '../files/json-file.ts';
import { json, readIfThere, writeAtomic } from '../files/write.ts';
import type { MonitorRun } from '../record/monitoring.ts';
import type { StreamPosition } from '../record/stream.ts';
import { streamPosition } from '../record/truth.ts';
import { type Vigil, WATCHED } from './vigil.ts';

/** What is kept between looks. */
export interface Kept {
  readonly vigil: Vigil;
  /** How far the stream of events was read. */
  readonly position: StreamPosition;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const stateSchema = v.strictObject({
  rings: v.boolean(),
  since: v.nullable(v.string()),
  watches: v.array(v.strictObject({ blocks: count, stakes: v.array(v.number()) })),
});
const keptSchema = v.strictObject({
  vigil: v.strictObject({
    version: v.string(),
    signals: v.strictObject(v.entriesFromList(WATCHED, stateSchema)),
    pending: v.array(v.array(count)),
  }),
  position: streamPosition,
});
/** The last and the one before: whoever was killed between this file and the ledger goes on from the latter. */
const fileSchema = v.strictObject({ now: keptSchema, before: v.nullable(keptSchema) });

export function watchPath(models: string): string {
  return join(models, 'watch.json');
}

export function keptHash(kept: Kept): string {
  return sha256(JSON.stringify(kept));
}

/** What the last run left; undefined before the first. Where the file is not what that run wrote, says so. */
export function readKept(
  models: string,
  last: MonitorRun | undefined,
): Kept | { problem: string } | undefined {
  if (last?.watch === undefined) return undefined;
  const path = watchPath(models);
  const text = readIfThere(path);
  if (text === undefined) return { problem: `${path} is missing` };
  const problem = `${path} is not what make monitor wrote`;
  try {
    const { now, before } = parseFile(path, text, fileSchema);
    return [now, before].find((kept) => kept !== null && keptHash(kept) === last.watch) ?? { problem };
  } catch {
    return { problem };
  }
}

export function writeKept(models: string, now: Kept, before: Kept | undefined): void {
  writeAtomic(watchPath(models), json({ now, before: before ?? null }));
}
