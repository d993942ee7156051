/** What a broker may do that nobody asked for: it drops what was not read, loses a topic, and holds events of tomorrow's schema. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { csvLine, readTable } from '../../../lib/files/csv.ts';
import { readStream, STREAM_START } from '../../../lib/record/stream.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { trainedProject } from '../../../test/support.ts';
import { type Admin, openKafka } from '../client.ts';
import { EVENT_SCHEMA } from '../shared.ts';
import { CLIENT, endWith, everything, freePorts, missing, projectAt, run, settingsOf } from './cluster.ts';

/** What an operator may do, beside what the programs here use. */
interface Operator extends Admin {
  deleteTopics(options: { topics: string[] }): Promise<void>;
  deleteRecords(options: {
    topics: { name: string; partitions: { partition: number; offset: bigint }[] }[];
  }): Promise<unknown>;
}

const ROWS = 400;
const FIRST = 1_000_000;

if (missing !== undefined) {
  test('strange brokers', (t) => t.skip(`${missing} is not here`));
} else {
  const project = trainedProject();
  endWith(project);
  const operator = async () => (await openKafka(settingsOf(project))).admin() as Operator;
  let written = FIRST;

  before(async () => {
    project.configure(['127.0.0.1:19092', `127.0.0.1:${(await freePorts(1))[0]}`]);
    assert.equal(project.make('promote', 'VERSION=v1', 'REASON=prove').status, 0);
    const { status, err } = project.make('broker');
    assert.equal(status, 0, err);
    assert.equal(project.make(CLIENT).status, 0);
  });

  /** Rows are sent and predicted, so that the topic of events holds as many more that nobody has landed. */
  const predict = () => {
    const rows = readTable(project.path('data/processed/v1_test.csv')).slice(0, ROWS);
    const names = Object.keys(rows[0]!);
    const lines = rows.map((row) =>
      csvLine(names.map((name) => (name === 'UDI' ? String(written++) : row[name]!))),
    );
    writeFileSync(project.path('rows.csv'), `${[csvLine(names), ...lines].join('\n')}\n`);
    assert.equal(project.make('produce', 'CSV=rows.csv').status, 0);
    const consumed = project.make('consume', `ROWS=${ROWS}`);
    assert.equal(consumed.status, 0, consumed.err);
  };
  const landed = () => {
    const ids: string[] = [];
    readStream(projectAt(project).ledgers, STREAM_START, (event) => {
      if ('input' in event) ids.push(event.id);
    });
    assert.equal(new Set(ids).size, ids.length, 'none twice');
    return ids.length;
  };
  /** By partition, the offset after the last event. */
  const ends = async () => {
    const { topics } = settingsOf(project);
    const last = new Map<number, bigint>();
    for (const { partition, offset } of await everything(settingsOf(project), topics.events))
      last.set(partition, offset + 1n);
    return last;
  };

  test('what the broker dropped before it was read is said, and all else lands', {
    timeout: 90_000,
  }, async () => {
    predict();
    assert.equal(project.make('land').status, 0);
    assert.equal(landed(), ROWS);
    const read = await ends();
    predict();
    const { topics } = settingsOf(project);
    const unread = (await everything(settingsOf(project), topics.events)).filter(
      ({ partition, offset }) => partition === 0 && offset >= (read.get(0) ?? 0n),
    );
    const half = unread.slice(0, unread.length >> 1);
    assert.ok(half.length > 5);
    const admin = await operator();
    await admin.deleteRecords({
      topics: [{ name: topics.events, partitions: [{ partition: 0, offset: half.at(-1)!.offset + 1n }] }],
    });
    await admin.close();
    const { code, said } = await run(project, 'kafka-land').ended;
    assert.equal(code, 0, said);
    const line = /.*the broker has dropped what was not read yet.*/.exec(said)?.[0] ?? said;
    // The marks of transactions are dropped with what they end.
    assert.ok((JSON.parse(line) as { messages: number }).messages >= half.length, line);
    assert.equal(landed(), 2 * ROWS - half.length);
  });

  test('events of a newer schema wait for the program that knows it', { timeout: 90_000 }, async () => {
    const before = landed();
    const { topics } = settingsOf(project);
    const known = await everything(settingsOf(project), topics.events);
    const { key, value } = known.at(-1)!;
    const producer = (await openKafka(settingsOf(project))).producer();
    const headers = new Map([[Buffer.from(EVENT_SCHEMA), Buffer.from('99')]]);
    await producer.send({ messages: [{ topic: topics.events, key: key!, value, headers }] });
    await producer.close(true);
    predict();
    for (const _ of [1, 2]) {
      const { code, said } = await run(project, 'kafka-land').ended;
      assert.equal(code, 1);
      assert.match(said, /holds events of schema 99 \(partition \d, offset \d+\).*update it, they wait/);
      assert.doesNotMatch(said, /\n {4}at /);
    }
    const strange = (await everything(settingsOf(project), topics.events)).find(({ headers }) =>
      [...headers.values()].some((text) => text.toString() === '99'),
    )!;
    const admin = await operator();
    const { partition, offset } = strange;
    const lost = (await everything(settingsOf(project), topics.events)).filter(
      (each) =>
        each.partition === partition &&
        each.offset < offset &&
        !known.some((old) => old.partition === partition && old.offset === each.offset),
    );
    assert.deepEqual(lost, [], 'nothing stands between what was landed and the event that waits');
    await admin.deleteRecords({
      topics: [{ name: topics.events, partitions: [{ partition, offset: offset + 1n }] }],
    });
    await admin.close();
    const { code, said } = await run(project, 'kafka-land').ended;
    assert.equal(code, 0, said);
    assert.equal(landed(), before + ROWS, 'all that waited behind it is here');
  });

  test('a topic that vanished is waited for, and one that took its name is not mistaken for it', {
    timeout: 120_000,
  }, async () => {
    const before = landed();
    const { topics } = settingsOf(project);
    const consuming = run(project, 'kafka-consume');
    const landing = run(project, 'kafka-land', { FOREVER: 'yes' });
    await sleep(5000);
    const admin = await operator();
    await admin.deleteTopics({ topics: [topics.rows] });
    await sleep(3000);
    assert.equal(consuming.child.exitCode, null, 'it goes on');
    // The program makes the topic that is missing, or the next sender does.
    const rows = readTable(project.path('rows.csv')).length;
    for (let tries = 0; project.make('produce', 'CSV=rows.csv').status !== 0 && tries < 10; tries++)
      await sleep(500);
    for (let tries = 0; landed() < before + rows && tries < 300; tries++) await sleep(100);
    assert.equal(landed(), before + rows);
    await admin.deleteTopics({ topics: [topics.events] });
    await admin.close();
    await sleep(4000);
    assert.equal(landing.child.exitCode, null, 'it goes on');
    consuming.child.kill('SIGTERM');
    landing.child.kill('SIGTERM');
    for (const { ended } of [consuming, landing]) {
      const { code, said } = await ended;
      assert.equal(code, 0, said);
      assert.doesNotMatch(said, /\n {4}at /);
    }
    const { code, said } = await run(project, 'kafka-land').ended;
    assert.equal(code, 1, said);
    assert.match(said, /it is another topic of that name/);
    assert.equal(landed(), before + rows, 'what was landed stays');
    assert.equal(project.make('audit').status, 0);
  });
}
