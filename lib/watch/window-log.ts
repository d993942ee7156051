/**
 * The windows of make windows: what is open and how far the stream was read, kept together in one write, and what fired as lines of a
 * ledger. Killed before that write, the lines are taken back and come again, the same.
 */
import { existsSync, mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { failed } from '../fault.ts';
import { sha256 } from '../files/hash.ts';
import { jsonLedger, openLedger } from '../files/ledger.ts';
import { soundLines } from '../files/ledger-reader.ts';
import { withLock } from '../files/lock.ts';
import { readIfThere, writeAtomic } from '../files/write.ts';
import type { Ledgers } from '../record/catalogue.ts';
import { writerOf } from '../record/segments.ts';
import { STREAM_START, type StreamPosition } from '../record/stream.ts';
import { readFacts } from './facts.ts';
import { type Fact, mergeSummaries, NOTHING, type Summary, summarise } from './summary.ts';
import { type Firing, NO_WINDOWS, openWindows, type WindowPlan, type WindowState } from './windows.ts';

export function planOf({ windows }: Config['monitoring']): WindowPlan {
  const minutes = (count: number) => count * 60_000;
  return {
    kind: windows.kind,
    size: minutes(windows.minutes),
    slide: minutes(windows.every_minutes),
    gap: minutes(windows.gap_minutes),
    disorder: windows.disorder_seconds * 1000,
    lateness: minutes(windows.lateness_minutes),
  };
}

interface Kept {
  readonly position: StreamPosition;
  readonly windows: WindowState<Summary>;
  /** Bytes of the ledger of firings that count. */
  readonly bytes: number;
}

const NOTHING_KEPT: Kept = { position: STREAM_START, windows: NO_WINDOWS, bytes: 0 };

/** Facts wait, so that each costs nothing until a window is asked what it holds. */
interface Waiting {
  readonly summary: Summary;
  readonly facts: Fact[];
}

const ADDING = {
  empty: (): Waiting => ({ summary: NOTHING, facts: [] }),
  add(value: Waiting, fact: Fact): Waiting {
    value.facts.push(fact);
    return value.facts.length < MOST_WAITING ? value : { summary: settled(value), facts: [] };
  },
  merge: (a: Waiting, b: Waiting): Waiting => ({
    summary: mergeSummaries(settled(a), settled(b)),
    facts: [],
  }),
};

const MOST_WAITING = 5000;

function settled({ summary, facts }: Waiting): Summary {
  return facts.length === 0 ? summary : mergeSummaries(summary, summarise(facts, [], []));
}

/** Each plan has windows of its own. */
function folderOf(ledgers: Ledgers, plan: WindowPlan): string {
  return join(ledgers.summaries, `windows-${sha256(JSON.stringify(plan)).slice(0, 12)}`);
}

function readKept(folder: string): Kept {
  const text = readIfThere(join(folder, 'state.json'));
  if (text === undefined) return NOTHING_KEPT;
  try {
    return JSON.parse(text) as Kept;
  } catch {
    throw failed(`${folder}/state.json  is no JSON: remove the folder, and the windows are made again`);
  }
}

/** Reads on, and returns how the windows stand. Where all is read, time itself moves the watermark. */
export function followWindows(ledgers: Ledgers, plan: WindowPlan, now: number): WindowState<Summary> {
  const folder = folderOf(ledgers, plan);
  mkdirSync(folder, { recursive: true });
  return withLock(join(folder, 'state.json.lock'), 60_000, () => {
    const kept = readKept(folder);
    const before: WindowState<Waiting> = {
      ...kept.windows,
      open: kept.windows.open.map((window) => ({ ...window, value: { summary: window.value, facts: [] } })),
    };
    const windows = openWindows<Waiting, Fact>(plan, ADDING, before);
    const path = join(folder, 'fired.jsonl');
    if (existsSync(path)) truncateSync(path, kept.bytes);
    const ledger = openLedger(path, jsonLedger);
    const write = () => {
      ledger.append(
        windows.take().map((firing) => JSON.stringify({ ...firing, value: settled(firing.value) })),
      );
    };
    try {
      const { position, segments } = readFacts(ledgers, kept.position, (facts) => {
        for (const { partition, ...fact } of facts)
          if (partition === undefined) windows.correct(fact);
          else windows.add({ ...fact, partition });
        write();
      });
      for (const { path, seal } of segments)
        if (seal === undefined) windows.rest(writerOf(path));
        else windows.end(writerOf(path));
      windows.flush(now);
      write();
      ledger.sync();
      const state = windows.state();
      const after: WindowState<Summary> = {
        ...state,
        open: state.open.map((window) => ({ ...window, value: settled(window.value) })),
      };
      writeAtomic(
        join(folder, 'state.json'),
        `${JSON.stringify({ position, windows: after, bytes: ledger.size } satisfies Kept)}\n`,
      );
      return after;
    } finally {
      ledger.close();
    }
  });
}

/** What every window said last, in order of time. */
export function firedWindows(ledgers: Ledgers, plan: WindowPlan): Firing<Summary>[] {
  const last = new Map<string, Firing<Summary>>();
  for (const { body } of soundLines(join(folderOf(ledgers, plan), 'fired.jsonl'), jsonLedger)) {
    const firing = JSON.parse(body) as Firing<Summary>;
    // A session that grew is in the place of those that it joined.
    if (plan.kind === 'session')
      for (const [name, other] of last)
        if (other.key === firing.key && other.start >= firing.start && other.end <= firing.end)
          last.delete(name);
    last.set(`${firing.key} ${firing.start} ${firing.end}`, firing);
  }
  return [...last.values()].sort((a, b) => a.start - b.start || (a.key < b.key ? -1 : 1));
}
