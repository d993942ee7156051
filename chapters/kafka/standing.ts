/** How each process that reads a topic stands: a file of its own, which it writes every second and nobody else reads as more than news. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { isRunning, startOf } from '../../lib/files/lock.ts';
import { json, readIfThere, writeAtomic } from '../../lib/files/write.ts';
import type { Project } from '../../lib/project.ts';
import type { Watermark } from '../../lib/watch/watermark.ts';
import type { Reader } from './reader.ts';

export const ROLES = ['consume', 'land', 'share'] as const;
export type Role = (typeof ROLES)[number];

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const schema = v.strictObject({
  role: v.picklist(ROLES),
  pid: whole,
  started: v.string(),
  time: v.string(),
  /** Since it began: messages that were taken, and rows or events of them that were wrong or late. */
  events: whole,
  dead: whole,
  late: whole,
  /** In the last hour. */
  recent: v.strictObject({ events: whole, late: whole }),
  per_second: v.number(),
  rebalances: whole,
  /** Milliseconds of the epoch. */
  watermark: v.nullable(v.number()),
  held_back_by: v.nullable(v.string()),
  partitions: v.array(
    v.strictObject({ partition: whole, lag: whole, latest: v.nullable(v.number()), idle: v.boolean() }),
  ),
});
export type Standing = v.InferOutput<typeof schema> & { readonly isRunning: boolean };

const folderOf = (project: Project) => project.state('kafka', 'standing');

/** Whether a topic was ever read here. */
export function hasStandings(project: Project): boolean {
  return existsSync(folderOf(project));
}

/** Those of processes that run, and of a role that nobody has any more the last. */
export function readStandings(project: Project): Standing[] {
  const all = namesIn(folderOf(project)).flatMap((name) => {
    const path = join(folderOf(project), name);
    const text = readIfThere(path);
    if (text === undefined) return [];
    const said = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
    // What another version of this program left is no news.
    return said.success
      ? [{ ...said.output, isRunning: isRunning(said.output.pid, said.output.started) }]
      : [];
  });
  return ROLES.flatMap((role) => {
    const mine = all.filter((standing) => standing.role === role).sort((a, b) => (a.time < b.time ? -1 : 1));
    const running = mine.filter((standing) => standing.isRunning);
    return running.length > 0 ? running : mine.slice(-1);
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

/** What was left behind by others of a role that have ended. */
function removeEnded(project: Project, role: Role): void {
  const running = new Set(readStandings(project).flatMap(({ isRunning: is, pid }) => (is ? [pid] : [])));
  for (const name of namesIn(folderOf(project)))
    if (name.startsWith(`${role}-`) && !running.has(Number(name.slice(role.length + 1, -5))))
      rmSync(join(folderOf(project), name), { force: true });
}

const MINUTE_MS = 60_000;

/** What a process counts of itself. */
export interface Tally {
  /** Of what was taken and is settled: how much of it was wrong, how much late. */
  add(counts: { events: number; dead?: number; late?: number }): void;
  /** Writes how it stands. */
  write(now: {
    readonly lag: ReadonlyMap<number, number>;
    readonly rebalances: number;
    readonly watermark?: Watermark;
  }): void;
}

export function openTally(project: Project, role: Role, now: () => number = Date.now): Tally {
  const path = join(folderOf(project), `${role}-${process.pid}.json`);
  const total = { events: 0, dead: 0, late: 0 };
  let minutes: { minute: number; events: number; late: number }[] = [];
  let before = { at: now(), events: 0 };
  const started = startOf(process.pid);
  let isFirst = true;
  return {
    add({ events, dead = 0, late = 0 }) {
      total.events += events;
      total.dead += dead;
      total.late += late;
      const minute = Math.floor(now() / MINUTE_MS);
      if (minutes.at(-1)?.minute !== minute) minutes.push({ minute, events: 0, late: 0 });
      const last = minutes.at(-1)!;
      last.events += events;
      last.late += late;
    },
    write({ lag, rebalances, watermark }) {
      if (isFirst) removeEnded(project, role);
      isFirst = false;
      const at = now();
      minutes = minutes.filter(({ minute }) => minute > at / MINUTE_MS - 60);
      const sum = (of: 'events' | 'late') => minutes.reduce((all, each) => all + each[of], 0);
      const seconds = Math.max(0.001, (at - before.at) / 1000);
      const perSecond = (total.events - before.events) / seconds;
      before = { at, events: total.events };
      const known = watermark?.partitions() ?? {};
      const time = watermark?.time() ?? Number.NEGATIVE_INFINITY;
      const standing: v.InferOutput<typeof schema> = {
        role,
        pid: process.pid,
        started,
        time: new Date(at).toISOString(),
        ...total,
        recent: { events: sum('events'), late: sum('late') },
        per_second: Math.round(perSecond * 10) / 10,
        rebalances,
        watermark: Number.isFinite(time) ? time : null,
        held_back_by: watermark?.heldBackBy() ?? null,
        partitions: [...lag].map(([partition, behind]) => ({
          partition,
          lag: behind,
          latest: known[String(partition)]?.latest ?? null,
          idle: known[String(partition)]?.isIdle ?? behind === 0,
        })),
      };
      writeAtomic(path, json(standing));
    },
  };
}

/** How often a process says how it stands. */
export const TELL_MS = 1000;

/** Writes every second, and at last, how a reader stands. What a partition has given up to now moves its watermark. */
export function keepTelling(
  tally: Tally,
  reader: Pick<Reader, 'lag' | 'rebalances'>,
  watermark: Watermark,
): { isBehind(partition: number): boolean; stop(): Promise<void> } {
  let lag: Awaited<ReturnType<Reader['lag']>> = new Map();
  let told = Promise.resolve();
  const tell = async () => {
    try {
      lag = await reader.lag();
    } catch {
      return; // The session meets the same trouble, and says it.
    }
    for (const [partition, { unread, waiting }] of lag)
      if (unread + waiting === 0) watermark.rest(String(partition));
    tally.write({
      lag: new Map([...lag].map(([partition, { unread, waiting }]) => [partition, unread + waiting])),
      rebalances: reader.rebalances,
      watermark,
    });
  };
  const timer = setInterval(() => {
    told = told.then(tell);
  }, TELL_MS);
  return {
    isBehind: (partition) => (lag.get(partition)?.unread ?? 0) > 0,
    async stop() {
      clearInterval(timer);
      await told;
      await tell();
    },
  };
}
