/** Hours of production: sums of counts that are the same bytes however the stream was cut, read and interrupted. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { numericReference } from '../../lib/measure/drift-reference.ts';
import { random } from '../../lib/numbers/random.ts';
import type { Ledgers } from '../../lib/record/catalogue.ts';
import { STREAM_START } from '../../lib/record/stream.ts';
import { sharedFacts } from '../../lib/watch/facts.ts';
import { followHours, hoursBetween, totalOf } from '../../lib/watch/hours.ts';
import { lookBack, measuredDelay } from '../../lib/watch/past.ts';
import {
  errorsIn,
  type Fact,
  mergeSummaries,
  NOTHING,
  quantileOf,
  summarise,
} from '../../lib/watch/summary.ts';
import { firedWindows, followWindows } from '../../lib/watch/window-log.ts';
import { alive, gone, OTHER, SHAPE, START, streamIn } from '../stream-fixture.ts';

const reference = numericReference(
  'a',
  Float64Array.from({ length: 100 }, (_, i) => i % 10),
);
const inputs = [{ name: 'a', type: 'number' }] as never;
const binsOf = () => ({ references: [reference], inputs });

function line(probability: number, latency: number) {
  return { id: 'x', class: probability > 0.5 ? '1' : '0', probability, latency_ms: latency, input: { a: 3 } };
}

test('summaries of parts add up to the summary of the whole, in any order', () => {
  const rng = random(1, 'parts');
  const facts: Fact[] = Array.from({ length: 400 }, () => {
    const kind = rng.float();
    if (kind < 0.7) return { kind: 'prediction', line: line(rng.float(), rng.float() * 10) as never };
    if (kind < 0.8) return { kind: 'refusal' };
    return {
      kind: 'truth',
      line: line(0.1, 1) as never,
      label: rng.float() < 0.5 ? '0' : '1',
      weight: 1,
      isFirst: true,
      delaySeconds: rng.float() * 1e5,
    };
  });
  const whole = JSON.stringify(summarise(facts, [reference], inputs));
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 8 }), fc.nat(), (cuts, turn) => {
      const at = [0, ...[...cuts].sort((a, b) => a - b), facts.length];
      const parts = at.slice(1).map((to, i) => summarise(facts.slice(at[i], to), [reference], inputs));
      const turned = [...parts.slice(turn % parts.length), ...parts.slice(0, turn % parts.length)];
      assert.equal(JSON.stringify(turned.reduce(mergeSummaries, NOTHING)), whole);
    }),
    { numRuns: 40 },
  );
});

test('a quantile of the counts is within a hundredth of that of the values', () => {
  const rng = random(2, 'latencies');
  const values = Array.from({ length: 5000 }, () => Math.exp(rng.float() * 8 - 3));
  const { latency } = summarise(
    values.map((value) => ({ kind: 'prediction', line: line(0.1, value) as never })),
    [],
    [],
  );
  const sorted = [...values].sort((a, b) => a - b);
  for (const q of [0, 0.05, 0.5, 0.95, 0.99, 1]) {
    const exact = sorted[Math.floor(q * (values.length - 1))]!;
    assert.ok(Math.abs(quantileOf(latency, q)! / exact - 1) <= 0.0101, `${q}`);
  }
});

/** Every file of the hours that counts, by name without its writing. */
function bytesOf(ledgers: Ledgers): Record<string, string> {
  const { files } = JSON.parse(readFileSync(join(ledgers.summaries, 'position.json'), 'utf8')) as {
    files: Record<string, number>;
  };
  return Object.fromEntries(
    Object.entries(files).map(([name, writing]) => [
      name,
      readFileSync(join(ledgers.summaries, `${name}.${writing}.json`), 'utf8'),
    ]),
  );
}

test('hours are the same bytes whether the stream was followed at once, in steps, or killed on the way', () => {
  const { ledgers, writer, predict, label, at } = streamIn();
  const [a, b] = [writer(alive), writer(gone(2))];
  const rng = random(8, 'hours');
  const given: string[] = [];
  const state = join(ledgers.summaries, 'position.json');
  let other = 0;
  for (let step = 0; step < 30; step++) {
    at(START + step * 1_500_000);
    const lines = Array.from({ length: 20 }, () => predict(rng.float() < 0.2 ? OTHER : SHAPE));
    // The one that is gone ends before it is read for the first time.
    (step < 5 ? b : a).append(lines.map((each) => each.line));
    given.push(...lines.flatMap(({ rows }) => rows.map(({ id }) => id)));
    const late = Array.from({ length: 6 }, () => given[rng.int(given.length)]!);
    a.append(late.map((of) => label(of, rng.float() < 0.5 ? '0' : '1', rng.float() < 0.3)));
    if (step < 5 || step % 3 !== 0) continue;
    followHours(ledgers, binsOf);
    if (step % 2 === 0) continue;
    // Killed after days were written and before the position was.
    const kept = readFileSync(state, 'utf8');
    a.append([predict().line]);
    other++;
    followHours(ledgers, binsOf);
    if (existsAll(ledgers, kept)) writeFileSync(state, kept);
  }
  followHours(ledgers, binsOf);
  const steps = bytesOf(ledgers);
  rmSync(ledgers.summaries, { recursive: true });
  followHours(ledgers, binsOf);
  assert.deepEqual(bytesOf(ledgers), steps);
  // Read once for two who have come equally far, the other first: what arose meanwhile is the next call's.
  rmSync(ledgers.summaries, { recursive: true });
  const facts = sharedFacts(ledgers);
  let others = 0;
  const { position } = facts(STREAM_START, (more) => {
    others += more.filter(({ event }) => event.kind === 'prediction').length;
  });
  const between = predict().line;
  a.append([between]);
  followHours(ledgers, binsOf, Number.POSITIVE_INFINITY, facts);
  assert.deepEqual(bytesOf(ledgers), steps);
  assert.equal(others, 600 + other);
  let later = 0;
  facts(position, (more) => {
    later += more.length;
  });
  assert.equal(later, 1);
  followHours(ledgers, binsOf, Number.POSITIVE_INFINITY, facts);
  other++;
  const all = ['v1', 'v2'].flatMap((version) => hoursBetween(ledgers, version, 0, Number.POSITIVE_INFINITY));
  assert.equal(totalOf(all).rows, 600 + other);
  assert.ok(errorsIn(totalOf(all)).labelled > 50);
  const [first] = hoursBetween(ledgers, 'v1', START, START + 3_600_000);
  const report = lookBack({ evaluation: { confidence: 0.95 } } as never, { inputs: [reference] }, [first!]);
  assert.equal(report.rows, first!.summary.rows);
  assert.ok(report.drift[0]!.size.value > 0.5, 'every value is 0, where training had ten');
});

/** Whether the files that a position counts are still there: those before are removed once the next count. */
function existsAll({ summaries }: Ledgers, state: string): boolean {
  const { files } = JSON.parse(state) as { files: Record<string, number> };
  return Object.entries(files).every(
    ([name, writing]) =>
      statSync(join(summaries, `${name}.${writing}.json`), { throwIfNoEntry: false }) !== undefined,
  );
}

test('how long the truth takes is measured by class, and the slowest class counts', () => {
  const { ledgers, writer, predict, label, at } = streamIn();
  const { append } = writer(alive);
  const ids = Array.from({ length: 40 }, () => {
    const { line, rows } = predict();
    append([line]);
    return rows[0]!.id;
  });
  assert.equal(measuredDelay(ledgers, START + 3_600_000), 0, 'before any came');
  at(START + 3_600_000);
  append(ids.slice(0, 20).map((id) => label(id, '0')));
  at(START + 50 * 3_600_000);
  append(ids.slice(20).map((id) => label(id, '1')));
  followHours(ledgers, binsOf);
  const delay = measuredDelay(ledgers, START + 51 * 3_600_000);
  assert.ok(Math.abs(delay / 50 - 1) < 0.02, `${delay} hours`);
  assert.equal(measuredDelay(ledgers, START + 100 * 86_400_000), 0, 'of long ago nothing is said');
});

test('a correction takes back what it corrects, whenever it comes', () => {
  const { ledgers, writer, predict, label } = streamIn();
  const { append } = writer(alive);
  const ids = Array.from({ length: 4 }, () => {
    const { line, rows } = predict();
    append([line]);
    return rows[0]!.id;
  });
  append([label(ids[0]!, '0'), label(ids[1]!, '1'), label(ids[1]!, '0'), label(ids[2]!, '1')]);
  followHours(ledgers, binsOf);
  const errors = () => errorsIn(totalOf(hoursBetween(ledgers, 'v1', 0, Number.POSITIVE_INFINITY)));
  assert.deepEqual(errors(), { labelled: 3, wrong: 2 });
  append([label(ids[1]!, '0', true)]);
  followHours(ledgers, binsOf);
  assert.deepEqual(errors(), { labelled: 3, wrong: 1 });
});

test('windows of the stream: what fired before a kill comes again the same, and late truth corrects', () => {
  const { ledgers, writer, predict, label, at } = streamIn();
  const { append } = writer(alive);
  const plan = { kind: 'tumbling', size: 60_000, slide: 0, gap: 0, disorder: 0, lateness: 1e12 } as const;
  const first = Array.from({ length: 100 }, () => predict());
  append(first.map(({ line }) => line));
  followWindows(ledgers, plan, START);
  const folder = join(
    ledgers.summaries,
    readdirSync(ledgers.summaries).find((name) => name.startsWith('windows-'))!,
  );
  const kept = readFileSync(join(folder, 'state.json'), 'utf8');
  append(Array.from({ length: 100 }, () => predict().line));
  append([label(first[3]!.rows[0]!.id, '1')]);
  followWindows(ledgers, plan, START + 1e6);
  const said = readFileSync(join(folder, 'fired.jsonl'), 'utf8');
  writeFileSync(join(folder, 'state.json'), kept);
  followWindows(ledgers, plan, START + 1e6);
  assert.equal(readFileSync(join(folder, 'fired.jsonl'), 'utf8'), said);
  const fired = firedWindows(ledgers, plan);
  assert.equal(
    fired.reduce((sum, { value }) => sum + value.rows, 0),
    200,
  );
  const corrected = fired.find(({ revision }) => revision > 1)!;
  assert.deepEqual(errorsIn(corrected.value), { labelled: 1, wrong: 1 });
  at(START);
});
