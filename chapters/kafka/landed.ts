/**
 * How far the topic of events was taken into the stream of events here: the last line of every group that was written says so,
 * so that predictions and position are one write, and the latest is kept beside for when its segment is dropped.
 */
import { dirname, join } from 'node:path';
import { lastEntry } from '../../lib/files/ledger.ts';
import { json, readIfThere, writeAtomic } from '../../lib/files/write.ts';
import { type Ledgers, logsIn } from '../../lib/record/catalogue.ts';

export interface LandedLine {
  readonly id: string;
  readonly time: string;
  readonly topic: string;
  /** By partition, the offset that is read next. */
  readonly offsets: Readonly<Record<string, string>>;
}

function keptPath(ledgers: Ledgers): string {
  return join(dirname(ledgers.predictions), 'landed.json');
}

export function keepLanded(ledgers: Ledgers, line: LandedLine): void {
  writeAtomic(keptPath(ledgers), json(line));
}

/** Of this topic, from the newest line that says so; nothing before the first. */
export function landedOffsets(ledgers: Ledgers, topic: string): Map<number, bigint> {
  const offsets = new Map<number, bigint>();
  const kept = readIfThere(keptPath(ledgers));
  const lines = [
    ...(kept === undefined ? [] : [kept]),
    ...logsIn(ledgers, 'predictions').flatMap(({ path, format }) => lastEntry(path, format)?.body ?? []),
  ];
  for (const text of lines) {
    if (!text.includes('"offsets":')) continue;
    const line = JSON.parse(text) as LandedLine;
    if (line.topic !== topic) continue;
    for (const [partition, offset] of Object.entries(line.offsets)) {
      const known = offsets.get(Number(partition)) ?? -1n;
      if (BigInt(offset) > known) offsets.set(Number(partition), BigInt(offset));
    }
  }
  return offsets;
}
