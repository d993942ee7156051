/** What the chapter does without a broker: rows into events or dead letters, who asks, how far was landed. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../lib/config/parse.ts';
import { jsonLedger, openLedger } from '../../../lib/files/ledger.ts';
import type { Project } from '../../../lib/project.ts';
import { idSource } from '../../../lib/record/event-id.ts';
import { type ModelShape, readerOf } from '../../../lib/record/events.ts';
import { keepProgress } from '../../../lib/record/progress.ts';
import { headerOf } from '../../../lib/record/segments.ts';
import { figuresText } from '../../../lib/serve/metrics.ts';
import { openWatermark } from '../../../lib/watch/watermark.ts';
import { row, served } from '../../../test/contract/served.ts';
import { alive, SHAPE, START, streamIn } from '../../../test/stream-fixture.ts';
import { temporaryFolder } from '../../../test/support.ts';
import { type Outgoing, securityOf } from '../client.ts';
import { type Batch, dropAborted, type FetchedPartition } from '../committed.ts';
import { figuresOf } from '../figures.ts';
import { readForeign } from '../foreign.ts';
import { signalsOf, type TopicLag } from '../lag.ts';
import { consumerOf, landedOffsets } from '../offsets.ts';
import { predictRows } from '../predict-rows.ts';
import { openSeen } from '../seen.ts';
import { kafkaSection } from '../settings.ts';
import { toMessages } from '../shared.ts';
import { hasStandings, openTally, readStandings, type Standing } from '../standing.ts';
import { inTimeOrder } from '../time-order.ts';

/** A header of a dead letter. */
function said({ headers }: Outgoing, name: string): string {
  return [...headers!].find(([key]) => key.toString() === name)![1].toString();
}

const topics = { rows: 'rows', events: 'events', dead: 'dead', positions: 'positions' };

test('rows become predictions with their ids, and what is none a dead letter with the reason', async () => {
  const { models } = await served();
  const values = [
    Buffer.from(JSON.stringify(row)),
    Buffer.from('{'),
    Buffer.from([0xff]),
    Buffer.from(JSON.stringify({ ...row, Type: 'Z' })),
  ];
  const messages = values.map((value, i) => ({
    topic: 'rows',
    partition: 0,
    offset: BigInt(i),
    timestamp: 0n,
    headers: new Map(),
    key: Buffer.from(`k${i}`),
    value,
  }));
  let next = 0;
  const {
    messages: out,
    predictions,
    dead,
  } = predictRows(messages, models[0]!, topics, () => String(next++), new Date(0));
  assert.deepEqual([predictions, dead], [1, 3]);
  const [prediction] = out.filter(({ topic }) => topic === 'events');
  const { id, model, input } = JSON.parse(prediction!.value.toString());
  assert.deepEqual([id, model, input, prediction!.key.toString()], ['0', 'v1', row, '0']);
  assert.equal(said(prediction!, 'schema'), '2');
  const letters = out.filter(({ topic }) => topic === 'dead');
  assert.deepEqual(
    letters.map((letter) => said(letter, 'reason').split(' must')[0]),
    ['is no JSON', 'is no UTF-8', 'Type'],
  );
  assert.deepEqual(
    letters.map(({ value }) => value),
    values.slice(1),
  );
  assert.equal(said(letters[2]!, 'from'), 'rows 0 3');
});

test('secrets come from the environment alone, and none is asked for where nobody needs one', () => {
  assert.deepEqual(securityOf({ tls: false, sasl: 'none' }, {}), {});
  assert.throws(
    () => securityOf({ tls: true, sasl: 'plain' }, {}),
    /sasl is plain: CLOCKWORK_KAFKA_USER and CLOCKWORK_KAFKA_PASSWORD say who asks/,
  );
  assert.deepEqual(
    securityOf(
      { tls: true, sasl: 'scram-sha-256' },
      { CLOCKWORK_KAFKA_USER: 'u', CLOCKWORK_KAFKA_PASSWORD: 'p' },
    ),
    { tls: {}, sasl: { mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p' } },
  );
});

test('how far was landed is said by the last group that is whole, or by what is kept beside', () => {
  const { ledgers } = streamIn();
  assert.equal(landedOffsets(ledgers, 'p').size, 0);
  mkdirSync(ledgers.predictions, { recursive: true });
  const line = (second: number, at: Record<string, string>, topic = 'p') => ({
    id: 'x',
    time: new Date(second * 1000).toISOString(),
    consumer: consumerOf(topic),
    at,
  });
  const path = join(ledgers.predictions, '20261101T000001-here-1.jsonl');
  const ledger = openLedger(path, jsonLedger);
  ledger.append(['{"id":"a"}', JSON.stringify(line(1, { 0: '5', 1: '2' }))]);
  ledger.append(['{"id":"b"}', JSON.stringify(line(2, { 0: '9', 1: '2' }))]);
  ledger.close();
  const landed = () => [...landedOffsets(ledgers, 'p')];
  assert.deepEqual(landed(), [
    [0, 9n],
    [1, 2n],
  ]);
  assert.equal(landedOffsets(ledgers, 'other').size, 0);
  keepProgress(ledgers, line(1, { 0: '4', 1: '1' }));
  assert.deepEqual(landed(), [
    [0, 9n],
    [1, 2n],
  ]);
  keepProgress(ledgers, line(3, { 0: '10', 1: '7' }));
  assert.deepEqual(landed(), [
    [0, 10n],
    [1, 7n],
  ]);
  rmSync(path);
  assert.deepEqual(landed()[0], [0, 10n], 'its segment may be dropped');
});

const SHA = 'ab'.repeat(32);
const SECOND = Date.parse('2026-11-20T10:00:00Z') / 1000;
const ID = (i: number) => `${SECOND.toString(16)}${i.toString(16).padStart(20, '0')}`;
const TIME = '2026-11-20T10:00:00.000Z';
const prediction = {
  id: ID(1),
  time: TIME,
  model: 'v1',
  sha256: SHA,
  route: 'champion',
  ids: {},
  input: { a: 1, b: null, c: 'x' },
  probability: 0.25,
  class: '0',
  latency_ms: 1,
} as const;
const label = { id: ID(2), time: TIME, of: ID(1), label: '1', by: 'lab' };

test('an event that comes from elsewhere is taken whole, on one line, or not at all', () => {
  const read = (value: unknown, shapes = new Map<string, ModelShape>()) =>
    readForeign(Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)), shapes);
  for (const event of [
    prediction,
    label,
    { id: ID(5), time: TIME, of: ID(1), label: '0', correction: true, by: 'lab' },
    { id: ID(3), time: TIME, route: 'refused', model: 'v1', problems: [{ field: 'a', problem: 'b' }] },
    {
      id: ID(3),
      time: TIME,
      route: 'shadow',
      of: ID(1),
      model: 'v2',
      sha256: SHA,
      probability: 0,
      class: '0',
    },
  ])
    assert.deepEqual(read(event), { event, line: JSON.stringify(event) });
  const spaced = read(Buffer.from(JSON.stringify(prediction, null, 2)));
  assert.equal('line' in spaced && spaced.line, JSON.stringify(prediction), 'no line of its own');
  const refused: [value: unknown, reason: RegExp][] = [
    [Buffer.from('{"id"'), /is no JSON/],
    [Buffer.from([0xff]), /is no UTF-8/],
    [null, /no event of a kind/],
    [[prediction], /no event of a kind/],
    [{ ...prediction, route: 'else' }, /no event of a kind/],
    [{ ...prediction, chain: 'x' }, /chain/],
    [{ ...prediction, id: 'x' }, /^id is no id/],
    [{ ...prediction, time: '2026-13-40T99:00:00.000Z' }, /^time is no time/],
    [{ ...prediction, model: '../v1' }, /^model is no version/],
    [{ ...prediction, input: { a: {} } }, /^input\.a/],
    [{ ...prediction, probability: '1' }, /^probability/],
    [{ ...label, of: 7 }, /^of/],
    [{ ...label, by: 'x'.repeat(101) }, /^by/],
  ];
  for (const [value, reason] of refused) {
    const given = read(value);
    assert.match('reason' in given ? given.reason : 'was taken', reason);
  }
  const ahead = { ...label, time: '2999-01-01T00:00:00.000Z' };
  assert.deepEqual(read(ahead), { reason: '2999-01-01T00:00:00.000Z is in the future' });
  assert.deepEqual(read({ ...label, id: `ffffffff${ID(2).slice(8)}` }), {
    reason: `${TIME} is in the future`,
  });
  const key = Buffer.alloc(16, 9);
  const own = { ...label, id: idSource(key, () => SECOND * 1000)() };
  const value = (event: unknown) => Buffer.from(JSON.stringify(event));
  assert.ok('line' in readForeign(value(own), new Map(), key));
  assert.deepEqual(readForeign(value(label), new Map(), key), {
    reason: 'its id was not drawn with the key that the servers share',
  });
  const shapes = new Map<string, ModelShape>();
  read(prediction, shapes);
  assert.deepEqual(shapes.get('v1'), { version: 'v1', sha256: SHA, ids: [], input: ['a', 'b', 'c'] });
  const other = read({ ...prediction, sha256: 'cd'.repeat(32) }, shapes);
  assert.match('reason' in other ? other.reason : '', /^v1 is abababababab… here, and cdcdcdcdcdcd… there$/);
});

test('each prediction of a list is a message by itself, and a label is in the partition of its prediction', () => {
  const { id: _, ids: __, input, probability, class: given, ...about } = prediction;
  const rows = [1, 4].map((i) => ({ id: ID(i), input, probability, class: given }));
  const list = toMessages({ ...about, rows }, 'unused', 'events', 'here');
  assert.deepEqual(
    list.map(({ key, value }) => [key.toString(), JSON.parse(value.toString()).list]),
    [
      [ID(1), ID(1)],
      [ID(4), ID(1)],
    ],
  );
  for (const message of list) assert.ok('line' in readForeign(message.value, new Map()));
  const [message] = toMessages(label, JSON.stringify(label), 'events', 'here');
  assert.deepEqual([message!.key.toString(), said(message!, 'origin')], [ID(1), 'here']);
});

test('a backlog is taken in order of time, and each partition in its own', () => {
  const partitions = fc.array(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(partitions, fc.integer({ min: 1, max: 9 }), fc.array(fc.boolean()), (times, most, behind) => {
      let waiting = times.flatMap((of, partition) =>
        of.map((time, i) => ({ partition, i, time, upTo: Math.max(...of.slice(0, i + 1)) })),
      );
      const given = new Map(
        times.flatMap((of, partition) =>
          behind[partition] && of.length > 0 ? [[partition, Math.max(...of)] as const] : [],
        ),
      );
      const all: typeof waiting = [];
      for (;;) {
        const taken = inTimeOrder(waiting, given, most);
        if (taken.length === 0) break;
        assert.ok(taken.length <= most);
        all.push(...taken);
        const gone = new Set(taken);
        waiting = waiting.filter((each) => !gone.has(each));
      }
      const bound = Math.min(...given.values());
      assert.ok(
        waiting.every(({ upTo }) => upTo > bound),
        'only what may be overtaken waits',
      );
      for (const [partition] of times.entries()) {
        const order = all.filter((each) => each.partition === partition).map(({ i }) => i);
        assert.deepEqual(
          order,
          [...order].sort((a, b) => a - b),
        );
      }
      for (let i = 1; i < all.length; i++) assert.ok(all[i]!.upTo >= all[i - 1]!.upTo);
    }),
  );
});

test('how a reader stands is on record while it runs and after, and gives figures and signals', async () => {
  const folder = temporaryFolder();
  const project = { state: (...parts: string[]) => join(folder, ...parts) } as unknown as Project;
  assert.equal(hasStandings(project), false);
  let now = Date.parse(TIME);
  const tally = openTally(project, 'land', () => now);
  const watermark = openWatermark(10_000);
  watermark.add('0', now - 120_000);
  watermark.add('1', now);
  tally.add({ events: 300, dead: 2, late: 3 });
  now += 1000;
  const lag = new Map([
    [0, 7],
    [1, 0],
  ]);
  tally.write({ lag, rebalances: 1, watermark });
  const standings = readStandings(project);
  const [{ per_second, held_back_by, recent, isRunning }] = standings as [Standing];
  assert.deepEqual([per_second, held_back_by, recent, isRunning], [300, '0', { events: 300, late: 3 }, true]);
  const text = await figuresText(figuresOf(standings));
  for (const line of [
    'clockwork_stream_lag{role="land",partition="0"} 7',
    'clockwork_stream_partition_holds_back{role="land",partition="0"} 1',
    'clockwork_stream_partition_idle{role="land",partition="1"} 0',
    `clockwork_stream_late_total{role="land",pid="${process.pid}"} 3`,
    `clockwork_stream_watermark_seconds{role="land",pid="${process.pid}"} ${(Date.parse(TIME) - 130_000) / 1000}`,
    `clockwork_stream_rebalances_total{role="land",pid="${process.pid}"} 1`,
  ])
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  const lags: TopicLag[] = [
    { role: 'land', topic: 'events', partitions: [{ partition: 0, end: 9, lag: 7 }] },
    { role: 'consume', topic: 'rows', partitions: [{ partition: 0, end: 9, lag: 5 }] },
  ];
  assert.deepEqual(signalsOf(lags, standings, Date.parse(TIME)), {
    stream_lag: 7,
    stream_minutes_behind: 130 / 60,
    late_share: 0.01,
  });
  assert.deepEqual(signalsOf(undefined, standings, now), {
    stream_lag: null,
    stream_minutes_behind: null,
    late_share: 0.01,
  });
  writeFileSync(join(folder, 'kafka', 'standing', 'consume-1.json'), '{"role":"consume","of":"before"}');
  writeFileSync(join(folder, 'kafka', 'standing', 'share-1.json'), '{');
  assert.equal(readStandings(project).length, 1, 'what another version left is no news');
  now += 2 * 3_600_000;
  tally.write({ lag: new Map(), rebalances: 1, watermark });
  assert.deepEqual(readStandings(project)[0]!.recent, { events: 0, late: 0 }, 'an hour later it is over');
});

test('a transport that nobody carries is refused with those that are there', () => {
  const text = readFileSync('config.yaml', 'utf8');
  const read = (transport: string, sections = [kafkaSection]) =>
    parseConfig(text.replace('transport: files', `transport: ${transport}`), 'config.yaml', sections);
  assert.equal(read('kafka').events.transport, 'kafka');
  assert.throws(() => read('pigeon'), /config\.yaml:\d+ {2}events\.transport: must be files or kafka/);
  assert.throws(() => read('kafka', []), /events\.transport: must be files$/);
});

test('what was aborted is left out, however the log is cut into fetches', () => {
  const act = fc.record({
    producer: fc.integer({ min: 1, max: 3 }),
    what: fc.constantFrom('send', 'send', 'commit', 'abort', 'plain'),
    count: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), fc.array(fc.integer({ min: 1, max: 4 })), (acts, cuts) => {
      const log: (Batch & { ends?: boolean })[] = [];
      const open = new Map<number, bigint>();
      const transactions: { producerId: bigint; firstOffset: bigint; end: bigint }[] = [];
      const wanted = new Set<bigint>();
      const held = new Map<number, bigint[]>();
      let offset = 0n;
      const ends = [...new Set(acts.map(({ producer }) => producer))].map((producer) => ({
        producer,
        what: 'abort' as const,
        count: 1,
      }));
      // Only up to the last stable offset is read: whatever was begun has ended.
      for (const { producer, what, count } of [...acts, ...ends]) {
        const about = { firstOffset: offset, producerId: BigInt(producer) };
        if (what === 'send' || what === 'plain') {
          const attributes = what === 'plain' ? 0 : 0x10;
          const records = Array.from({ length: count }, () => ({ key: null }));
          log.push({ ...about, attributes, lastOffsetDelta: count - 1, records });
          const offsets = records.map((_, i) => offset + BigInt(i));
          if (what === 'plain') for (const each of offsets) wanted.add(each);
          else {
            if (!open.has(producer)) open.set(producer, offset);
            held.set(producer, [...(held.get(producer) ?? []), ...offsets]);
          }
          offset += BigInt(count);
        } else if (open.has(producer)) {
          const key = Buffer.from([0, 0, 0, what === 'abort' ? 0 : 1]);
          log.push({ ...about, attributes: 0x30, lastOffsetDelta: 0, records: [{ key }] });
          if (what === 'commit') for (const each of held.get(producer)!) wanted.add(each);
          else transactions.push({ ...about, firstOffset: open.get(producer)!, end: offset });
          open.delete(producer);
          held.delete(producer);
          offset++;
        }
      }
      const got: bigint[] = [];
      for (let at = 0, i = 0; at < log.length; i++) {
        const batches = log.slice(at, at + (cuts[i] ?? log.length));
        at += batches.length;
        const [from, last] = [batches[0]!.firstOffset, batches.at(-1)!];
        const to = last.firstOffset + BigInt(last.lastOffsetDelta);
        const abortedTransactions = transactions.filter(
          ({ firstOffset, end }) => firstOffset <= to && end >= from,
        );
        const partition: FetchedPartition = { records: batches, abortedTransactions };
        dropAborted({ responses: [{ partitions: [partition] }] });
        const read = partition.records!;
        assert.equal(read.at(-1)!.firstOffset, last.firstOffset, 'it says up to where was read');
        assert.deepEqual(partition.abortedTransactions, []);
        for (const { attributes, firstOffset, records } of read)
          if ((attributes & 0x20) === 0) got.push(...records.map((_, k) => firstOffset + BigInt(k)));
      }
      assert.deepEqual(
        got,
        [...wanted].sort((a, b) => (a < b ? -1 : 1)),
      );
    }),
  );
});

test('what a topic gives again is not taken in again, early or late', () => {
  const { ledgers, writer, predict, label: say, at } = streamIn();
  const server = writer(alive, [SHAPE]);
  const read = (line: string) => ({ event: readerOf(headerOf(server.path), server.path)(line), line });
  const made = [0, 1].map(() => predict());
  server.append(made.map(({ line }) => line));
  const labelled = say(made[0]!.rows[0]!.id, '1');
  server.append([labelled]);
  const old = [...made.map(({ line }) => line), labelled].map(read);
  at(START + 3600 * 1000);
  const next = [predict().line, predict().line].map(read);
  const until = START / 1000 + 3600;
  // Long ago by now, so that they are looked for in the stream.
  const later = openSeen(ledgers, until);
  assert.deepEqual(later.fresh([...old, ...next, next[0]!]), next);
  assert.deepEqual(later.fresh(next), next, 'what was not kept is taken the next time');
  later.keep(next);
  assert.deepEqual(later.fresh(next), []);
  // A moment ago, so that they are read again at the start.
  server.append(next.map(({ line }) => line));
  assert.deepEqual(openSeen(ledgers, until).fresh([...next, ...old]), []);
  assert.deepEqual(openSeen(ledgers, START / 1000 + 5).fresh(old), []);
});
