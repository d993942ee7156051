/** Dropping prediction logs after their time: what was dropped stays on record with the head of its chain. */
import { rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { sha256File } from '../files/hash.ts';
import { readLedger } from '../files/ledger-reader.ts';
import { withLock } from '../files/lock.ts';
import { allLogs, appendRows, type Ledger, type Ledgers, rowsOf } from './catalogue.ts';

const DAY_MS = 86_400_000;

/**
 * Drops the files that were last written to more than so many days ago (0 keeps all) and that no running process writes;
 * those whose chain is broken stay.
 * The ledger line comes first: a file that outlives it is dropped by the next call. Returns the dropped names.
 */
export function dropOldLogs(
  ledgers: Ledgers,
  keepDays: number,
  isWritten: (path: string) => boolean,
  now = new Date(),
): string[] {
  if (keepDays === 0) return [];
  const isOld = ({ path }: Ledger) => now.getTime() - statSync(path).mtimeMs > keepDays * DAY_MS;
  return withLock(`${dirname(ledgers.dropped.path)}/.retention.lock`, 10_000, () => {
    const old = allLogs(ledgers).filter((ledger) => !isWritten(ledger.path) && isOld(ledger));
    const recorded = droppedFiles(ledgers);
    const dropped: string[] = [];
    for (const ledger of old) {
      if (!recorded.has(ledger.name) && !recordDropped(ledgers, ledger, now)) continue;
      rmSync(ledger.path, { force: true });
      dropped.push(ledger.name);
    }
    return dropped;
  });
}

/** False for a file whose chain is broken: it is evidence, and stays. A torn last line was never answered and is no breach. */
function recordDropped(ledgers: Ledgers, { name, path, format }: Ledger, now: Date): boolean {
  const { lines, head, problems } = readLedger(path, format);
  if (problems.some(({ kind }) => kind !== 'torn')) return false;
  const cells = [
    now.toISOString(),
    name,
    String(lines.length),
    String(statSync(path).size),
    sha256File(path),
    head,
  ];
  appendRows(ledgers.dropped, [cells]);
  return true;
}

/** What is on record and not here: a ledger by a head that others recorded, or a file by its hash; '' for what is not known. */
export interface Missing {
  readonly name: string;
  readonly sha256: string;
  readonly head: string;
}

/** Puts on record what is not here, because it stayed where the project was carried from. */
export function recordLeftBehind(ledgers: Ledgers, missing: readonly Missing[]): void {
  if (missing.length === 0) return;
  const time = new Date().toISOString();
  appendRows(
    ledgers.dropped,
    missing.map(({ name, sha256, head }) => [time, name, '', '', sha256, head]),
  );
}

/** What was dropped, or left behind. */
export function readDropped(ledgers: Ledgers): Missing[] {
  return rowsOf(ledgers.dropped).map(([, name = '', , , sha256 = '', head = '']) => ({ name, sha256, head }));
}

/** Names of the ledgers that were dropped. */
export function droppedFiles(ledgers: Ledgers): Set<string> {
  return new Set(readDropped(ledgers).map(({ name }) => name));
}
