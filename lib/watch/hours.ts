/**
 * Every hour of every version as a summary, kept for good: what production looked like at any time is read from these, whatever the
 * log holds. A fold over the stream; truth that comes late is added to the hour of its prediction.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { parseFile } from '../files/json-file.ts';
import { withLock } from '../files/lock.ts';
import { readIfThere, writeAtomic } from '../files/write.ts';
import type { Ledgers } from '../record/catalogue.ts';
import { readStream, STREAM_START } from '../record/stream.ts';
import { streamPosition } from '../record/truth.ts';
import type { DriftReference } from '../train/frozen.ts';
import type { SignatureInput } from '../train/signature.ts';
import { type FactReader, readFacts, type TimedFact } from './facts.ts';
import { type Fact, mergeSummaries, NOTHING, type Summary, summarise } from './summary.ts';

const HOUR_MS = 3_600_000;

const stateSchema = v.strictObject({
  position: streamPosition,
  /** Of each file of a version and a day, "v1/20261120", which writing of it counts. */
  files: v.record(v.string(), v.pipe(v.number(), v.integer())),
});
type State = v.InferOutput<typeof stateSchema>;

/** How the inputs of a version are counted; undefined of one that cannot be loaded any more. */
export type BinsOf = (
  version: string,
) => { references: DriftReference['inputs']; inputs: readonly SignatureInput[] } | undefined;

function statePath(ledgers: Ledgers): string {
  return join(ledgers.summaries, 'position.json');
}

function readState(ledgers: Ledgers): State {
  const text = readIfThere(statePath(ledgers));
  return text === undefined
    ? { position: STREAM_START, files: {} }
    : parseFile(statePath(ledgers), text, stateSchema);
}

/** Of one day: summaries by the hour, "00" to "23". */
type Day = Record<string, Summary>;

function dayPath(ledgers: Ledgers, name: string, writing: number): string {
  return join(ledgers.summaries, `${name}.${writing}.json`);
}

function readDay(ledgers: Ledgers, { files }: State, name: string): Day {
  const writing = files[name];
  const text = writing === undefined ? undefined : readIfThere(dayPath(ledgers, name, writing));
  return text === undefined ? {} : (JSON.parse(text) as Day);
}

/**
 * Adds what is new. The days that changed are written beside those that count, and count once the position is kept with them, in
 * one step: killed before, the next call adds the same to the same. It takes in so many events at most, the next call the rest.
 */
export function followHours(
  ledgers: Ledgers,
  binsOf: BinsOf,
  most = Number.POSITIVE_INFINITY,
  read: FactReader = (...of) => readFacts(ledgers, ...of),
): void {
  withLock(`${statePath(ledgers)}.lock`, 60_000, () => {
    const state = readState(ledgers);
    const changed = new Map<string, Day>();
    const { position } = read(
      state.position,
      (facts) => {
        for (const [name, hours] of byDay(facts)) {
          const day = changed.get(name) ?? readDay(ledgers, state, name);
          const bins = binsOf(name.split('/')[0]!);
          for (const [hour, of] of hours) {
            const more = summarise(of, bins?.references ?? [], bins?.inputs ?? []);
            day[hour] = mergeSummaries(day[hour] ?? NOTHING, more);
          }
          changed.set(name, day);
        }
      },
      most,
    );
    if (changed.size === 0 && JSON.stringify(position) === JSON.stringify(state.position)) return;
    const files = { ...state.files };
    for (const [name, day] of changed) {
      files[name] = (state.files[name] ?? 0) + 1;
      const path = dayPath(ledgers, name, files[name]);
      mkdirSync(dirname(path), { recursive: true });
      writeAtomic(path, `${JSON.stringify(inOrder(day))}\n`);
    }
    writeAtomic(statePath(ledgers), `${JSON.stringify({ position, files: inOrder(files) })}\n`);
    for (const name of changed.keys())
      if (state.files[name] !== undefined) rmSync(dayPath(ledgers, name, state.files[name]), { force: true });
  });
}

function inOrder<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function byDay(facts: readonly TimedFact[]): Map<string, Map<string, Fact[]>> {
  const days = new Map<string, Map<string, Fact[]>>();
  const stamps = new Map<number, string>();
  for (const { time, key, event } of facts) {
    const at = Math.floor(time / HOUR_MS);
    const stamp = stamps.get(at) ?? new Date(at * HOUR_MS).toISOString().replaceAll('-', '').slice(0, 11);
    stamps.set(at, stamp);
    const name = `${key}/${stamp.slice(0, 8)}`;
    const hours = days.get(name) ?? new Map<string, Fact[]>();
    const hour = stamp.slice(9, 11);
    const of = hours.get(hour) ?? [];
    of.push(event);
    hours.set(hour, of);
    days.set(name, hours);
  }
  return days;
}

export interface HourSummary {
  /** When it begins, milliseconds. */
  readonly start: number;
  readonly summary: Summary;
}

/** The hours of a version that begin from one time to before another, as far as the stream was followed. */
export function hoursBetween(ledgers: Ledgers, version: string, from: number, to: number): HourSummary[] {
  const state = readState(ledgers);
  return Object.keys(state.files)
    .filter((name) => name.startsWith(`${version}/`))
    .flatMap((name) => {
      const day = name.split('/')[1]!;
      const midnight = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);
      if (midnight + 24 * HOUR_MS <= from || midnight >= to) return [];
      return Object.entries(readDay(ledgers, state, name)).map(([hour, summary]) => ({
        start: midnight + Number(hour) * HOUR_MS,
        summary,
      }));
    })
    .filter(({ start }) => start >= from && start < to)
    .sort((a, b) => a.start - b.start);
}

/** All of them together. */
export function totalOf(hours: readonly HourSummary[]): Summary {
  return hours.reduce((sum, { summary }) => mergeSummaries(sum, summary), NOTHING);
}

/** Versions that have hours, oldest first. */
export function versionsSummarised(ledgers: Ledgers): string[] {
  const versions = new Set(Object.keys(readState(ledgers).files).map((name) => name.split('/')[0]!));
  return [...versions].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

/**
 * Where the position is damaged the days that are there stay, since the log that they were summed up from may be gone; the stream
 * counts as read up to now.
 */
export function mendHours(ledgers: Ledgers): string[] {
  try {
    readState(ledgers);
    return [];
  } catch {
    const files: Record<string, number> = {};
    for (const name of readdirSync(ledgers.summaries, { recursive: true, encoding: 'utf8' })) {
      const [, day, writing] = /^(v\d+\/\d{8})\.(\d+)\.json$/.exec(name) ?? [];
      if (day !== undefined) files[day] = Math.max(files[day] ?? 0, Number(writing));
    }
    const { position } = readStream(
      ledgers,
      STREAM_START,
      () => {},
      () => false,
    );
    writeAtomic(statePath(ledgers), `${JSON.stringify({ position, files: inOrder(files) })}\n`);
    return [
      `${statePath(ledgers)}: written again from the days that are there; what was not summed up yet is not in them`,
    ];
  }
}
