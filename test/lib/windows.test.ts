/** Windows by event time: what they hold is what a look at every event finds, however they come and wherever it was stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { random } from '../../lib/numbers/random.ts';
import { type Firing, openWindows, type WindowPlan, type WindowState } from '../../lib/watch/windows.ts';
import '../support.ts';

const COUNT = {
  empty: () => 0,
  add: (n: number, m: number) => n + m,
  merge: (a: number, b: number) => a + b,
};
const plan = (changes: Partial<WindowPlan> = {}): WindowPlan => ({
  kind: 'tumbling',
  size: 10,
  slide: 5,
  gap: 7,
  disorder: 0,
  lateness: 0,
  ...changes,
});
const event = (time: number, partition = 'a', key = 'v1') => ({ time, key, partition, event: 1 });
const brief = (firings: readonly Firing<number>[]) =>
  firings.map(({ start, end, value, revision, replaces }) => [start, end, value, revision, replaces]);

test('a window fires once all before its end is there, and updates say what they replace', () => {
  const windows = openWindows(plan({ disorder: 2, lateness: 20 }), COUNT);
  for (const time of [3, 1, 9, 8]) windows.add(event(time));
  assert.deepEqual(windows.take(), [], 'at 9 the watermark is at 7');
  windows.add(event(11));
  assert.deepEqual(brief(windows.take()), [[0, 10, 4, 1, null]], 'at 11 it is at 9, the last of the window');
  windows.add(event(5));
  assert.deepEqual(brief(windows.take()), [[0, 10, 5, 2, 1]], 'late, and allowed');
  windows.add(event(31));
  windows.take();
  windows.add(event(4));
  assert.deepEqual(windows.take(), [], 'later than is allowed');
  assert.deepEqual(windows.state().late, { v1: 1 });
});

test('the watermark is that of the slowest partition that is not at rest, and never falls', () => {
  const windows = openWindows(plan(), COUNT);
  windows.add(event(1, 'slow'));
  windows.add(event(50, 'fast'));
  assert.equal(windows.state().watermark, 1);
  windows.rest('slow');
  assert.equal(windows.state().watermark, 50, 'everything of it was read');
  windows.add(event(20, 'slow'));
  assert.equal(windows.state().watermark, 50);
  assert.deepEqual(windows.state().late, { v1: 1 });
  windows.end('slow');
  windows.rest('fast');
  windows.flush(100);
  assert.equal(windows.state().watermark, 100, 'time itself moves it where all is read');
  assert.deepEqual(
    brief(windows.take()),
    [
      [0, 10, 1, 1, null],
      [50, 60, 1, 1, null],
    ],
    'the last window waits for no other event',
  );
});

test('a backlog is no rest: a partition that has more holds the others back', () => {
  const windows = openWindows(plan(), COUNT);
  windows.add(event(5, 'behind'));
  windows.add(event(90, 'ahead'));
  windows.rest('ahead');
  windows.flush(1000);
  assert.equal(windows.state().watermark, 5);
});

test('sliding windows hold an event in each, sessions join where they touch', () => {
  const sliding = openWindows(plan({ kind: 'sliding' }), COUNT);
  sliding.add(event(12));
  sliding.add(event(40));
  assert.deepEqual(
    brief(sliding.take()).map(([start, end]) => [start, end]),
    [
      [5, 15],
      [10, 20],
    ],
  );
  const sessions = openWindows(plan({ kind: 'session', lateness: 100 }), COUNT);
  for (const time of [0, 20, 10]) sessions.add(event(time));
  assert.deepEqual(brief(sessions.take()), [
    [0, 7, 1, 1, null],
    [10, 17, 1, 1, null],
  ]);
  sessions.add(event(5));
  assert.deepEqual(brief(sessions.take()), [[0, 17, 3, 2, 1]], 'two that were told are one');
  sessions.add(event(60));
  assert.deepEqual(brief(sessions.take()), [[20, 27, 1, 1, null]]);
});

/** Every window by looking at every event. */
function bruteForce({ kind, size, slide, gap }: WindowPlan, times: readonly number[]): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (start: number, end: number) =>
    counts.set(`${start} ${end}`, times.filter((time) => time >= start && time < end).length);
  if (kind === 'session') {
    const sorted = [...times].sort((a, b) => a - b);
    for (let i = 0; i < sorted.length; ) {
      let j = i;
      while (j + 1 < sorted.length && sorted[j + 1]! - sorted[j]! <= gap) j++;
      counts.set(`${sorted[i]} ${sorted[j]! + gap}`, j - i + 1);
      i = j + 1;
    }
    return counts;
  }
  const step = kind === 'sliding' ? slide : size;
  for (let start = -size; start <= Math.max(...times); start += step)
    if (times.some((time) => time >= start && time < start + size)) count(start, start + size);
  return counts;
}

test('what was said last of each window is what a look at every event finds, stopped and started anywhere', () => {
  for (const kind of ['tumbling', 'sliding', 'session'] as const)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200), fc.constantFrom('a', 'b', 'c')), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (events, every) => {
          const wide = plan({ kind, lateness: 1e9 });
          let state: WindowState<number> | undefined;
          const last = new Map<string, Firing<number>>();
          const keep = (firings: readonly Firing<number>[]) => {
            for (const firing of firings) {
              for (const [name, { start, end }] of last)
                if (kind === 'session' && start >= firing.start && end <= firing.end) last.delete(name);
              last.set(`${firing.start} ${firing.end}`, firing);
            }
          };
          for (let from = 0; from < events.length; from += every) {
            const windows = openWindows(wide, COUNT, state);
            for (const [time, partition] of events.slice(from, from + every))
              windows.add(event(time, partition));
            if (from + every >= events.length) {
              for (const partition of ['a', 'b', 'c']) windows.end(partition);
              windows.flush(1e6);
            }
            keep(windows.take());
            state = JSON.parse(JSON.stringify(windows.state())) as WindowState<number>;
          }
          const truth = bruteForce(
            wide,
            events.map(([time]) => time),
          );
          assert.deepEqual(
            new Map([...last].map(([name, { value }]) => [name, value]).sort() as [string, number][]),
            new Map([...truth].sort()),
            kind,
          );
        },
      ),
      { numRuns: 60 },
    );
});

test('100,000 events out of order by less than is allowed lose none, and each window is told once', () => {
  const rng = random(3, 'disorder');
  const times = Array.from({ length: 100_000 }, (_, i) => i);
  const order = times.map((time) => ({ time, at: time + rng.int(50) })).sort((a, b) => a.at - b.at);
  const windows = openWindows(plan({ size: 1000, disorder: 50 }), COUNT);
  for (const { time } of order) windows.add(event(time));
  const fired = windows.take();
  assert.ok(fired.every(({ value, replaces }) => value === 1000 && replaces === null));
  assert.equal(fired.length, 99);
  assert.deepEqual(windows.state().late, {});
});
