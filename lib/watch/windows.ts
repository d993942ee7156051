/**
 * Windows by event time, as the Dataflow model has them (Akidau et al. 2015) and Flink carries them out: an event belongs to the
 * windows of its own time, a watermark says up to when all is there, what comes after it updates its window, and what comes later
 * than is allowed is counted apart. A state that is kept with the position of what was read; values in, firings out.
 */
import { openWatermark, type Partitions } from './watermark.ts';

export interface WindowPlan {
  readonly kind: 'tumbling' | 'sliding' | 'session';
  /** Milliseconds: of a window; from one sliding window to the next; of silence that ends a session. */
  readonly size: number;
  readonly slide: number;
  readonly gap: number;
  /** How far out of order events of one partition come. */
  readonly disorder: number;
  /** How long after the watermark has passed its end a window still takes events. */
  readonly lateness: number;
}

export interface TimedEvent<E> {
  /** Milliseconds of the epoch. */
  readonly time: number;
  /** Windows are of a key: the version. */
  readonly key: string;
  /** Events of one partition come about in order. */
  readonly partition: string;
  readonly event: E;
}

/** A value that events add to, and that two of add up to one: in any order the same. */
export interface Accumulator<A, E> {
  empty(): A;
  add(value: A, event: E): A;
  merge(a: A, b: A): A;
}

export interface OpenWindow<A> {
  readonly key: string;
  /** [start, end) */
  readonly start: number;
  readonly end: number;
  readonly value: A;
  /** How often it has fired, and whether it holds what it said then. */
  readonly revision: number;
  readonly isTold: boolean;
}

export interface WindowState<A> {
  /** Null before the first event. */
  readonly watermark: number | null;
  readonly partitions: Partitions;
  readonly open: readonly OpenWindow<A>[];
  /** Events that came later than is allowed, by key. */
  readonly late: Readonly<Record<string, number>>;
}

export const NO_WINDOWS: WindowState<never> = { watermark: null, partitions: {}, open: [], late: {} };

/** What a window says: for the first time, or in place of what it said before. */
export interface Firing<A> extends OpenWindow<A> {
  /** The revision that this one replaces; null for the first. */
  readonly replaces: number | null;
}

export interface Windows<A, E> {
  add(event: TimedEvent<E>): void;
  /** Of an event whose partition is not heard of here, so that it moves no watermark: the truth of what was there before. */
  correct(event: Omit<TimedEvent<E>, 'partition'>): void;
  /** An empty fetch: everything of the partition was read. */
  rest(partition: string): void;
  /** The partition will never give another event. */
  end(partition: string): void;
  /** Where all partitions rest, time itself moves the watermark, so that the last window waits for no other event. */
  flush(now: number): void;
  /** What fired since the last call, in order of time. */
  take(): Firing<A>[];
  state(): WindowState<A>;
}

export function openWindows<A, E>(
  plan: WindowPlan,
  { empty, add, merge }: Accumulator<A, E>,
  before: WindowState<A> = NO_WINDOWS,
): Windows<A, E> {
  const source = openWatermark(plan.disorder, before);
  let watermark = source.time();
  const late = new Map(Object.entries(before.late));
  const open = new Map<string, OpenWindow<A>>(before.open.map((window) => [nameOf(window), window]));
  let fired: Firing<A>[] = [];

  const isDue = ({ end }: { end: number }) => end - 1 <= watermark;
  const isOver = ({ end }: { end: number }) => end - 1 + plan.lateness <= watermark;
  const fire = (window: OpenWindow<A>) => {
    const { revision } = window;
    const said = { ...window, revision: revision + 1, isTold: true };
    open.set(nameOf(window), said);
    fired.push({ ...said, replaces: revision === 0 ? null : revision });
  };
  const advance = () => {
    if (!(source.time() > watermark)) return;
    watermark = source.time();
    for (const window of inOrder(open.values())) {
      if (!window.isTold && isDue(window)) fire(window);
      if (isOver(window)) open.delete(nameOf(window));
    }
  };
  const put = ({ time, key, event }: Omit<TimedEvent<E>, 'partition'>) => {
    const spans = plan.kind === 'session' ? [sessionOf(time)] : spansOf(plan, time);
    let isTaken = false;
    for (const span of spans) {
      const window = plan.kind === 'session' ? joined(key, span) : at(key, span);
      if (isOver(window)) continue;
      isTaken = true;
      const next = { ...window, value: add(window.value, event), isTold: false };
      open.set(nameOf(next), next);
      if (isDue(next)) fire(next);
    }
    if (!isTaken) late.set(key, (late.get(key) ?? 0) + 1);
  };
  const at = (key: string, span: Span): OpenWindow<A> =>
    open.get(nameOf({ key, ...span })) ?? { key, ...span, value: empty(), revision: 0, isTold: false };
  const sessionOf = (time: number): Span => ({ start: time, end: time + plan.gap });
  /** Sessions that touch are one. */
  const joined = (key: string, span: Span): OpenWindow<A> => {
    const touching = [...open.values()].filter(
      (window) => window.key === key && window.start <= span.end && window.end >= span.start,
    );
    const whole = {
      key,
      start: Math.min(span.start, ...touching.map(({ start }) => start)),
      end: Math.max(span.end, ...touching.map(({ end }) => end)),
      value: inOrder(touching).reduce((sum, { value }) => merge(sum, value), empty()),
      revision: Math.max(0, ...touching.map(({ revision }) => revision)),
      isTold: false,
    };
    if (!isOver(whole)) for (const window of touching) open.delete(nameOf(window));
    return whole;
  };

  return {
    add(event) {
      put(event);
      source.add(event.partition, event.time);
      advance();
    },
    correct: put,
    rest(partition) {
      source.rest(partition);
      advance();
    },
    end(partition) {
      source.end(partition);
      advance();
    },
    flush(now) {
      source.flush(now);
      advance();
    },
    take() {
      const firings = fired;
      fired = [];
      return firings;
    },
    state: () => ({
      watermark: Number.isFinite(watermark) ? watermark : null,
      partitions: source.partitions(),
      open: inOrder(open.values()),
      late: Object.fromEntries([...late].sort(([a], [b]) => (a < b ? -1 : 1))),
    }),
  };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Aligned to the epoch; the latest sliding window first. */
function spansOf({ kind, size, slide }: WindowPlan, time: number): Span[] {
  const step = kind === 'sliding' ? slide : size;
  const spans: Span[] = [];
  for (let start = Math.floor(time / step) * step; start > time - size; start -= step)
    spans.push({ start, end: start + size });
  return spans;
}

function nameOf({ key, start, end }: { key: string; start: number; end: number }): string {
  return `${key} ${start} ${end}`;
}

function inOrder<W extends { key: string; start: number; end: number }>(windows: Iterable<W>): W[] {
  return [...windows].sort((a, b) => a.start - b.start || a.end - b.end || (a.key < b.key ? -1 : 1));
}
