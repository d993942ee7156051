/** The same topic in windows here and in Flink SQL: every window of one kind or another must be equal. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, test } from 'node:test';
import { random } from '../../../lib/numbers/random.ts';
import { openWindows, type WindowPlan } from '../../../lib/watch/windows.ts';
import { temporaryFolder, trainedProject } from '../../../test/support.ts';
import { openKafka } from '../client.ts';
import { fetchArchives } from '../maven.ts';
import { inTimeOrder } from '../time-order.ts';
import { CLIENT, endWith, everything, freePorts, missing, settingsOf } from './cluster.ts';

const EVENTS = 100_000;
const START = Date.UTC(2026, 10, 20);
const KEYS = ['v1', 'v2', 'v3'];
const SECOND = 1000;
/** Seconds: how far out of order, of a window, from one to the next, of silence. */
const [DISORDER, SIZE, SLIDE, GAP] = [5, 20, 5, 3];
const BATCH = 1000;

interface Event {
  readonly k: string;
  readonly v: number;
  readonly ts: number;
}

if (missing !== undefined) {
  test('Flink', (t) => t.skip(`${missing} is not here`));
} else {
  const project = trainedProject();
  endWith(project);
  const folder = temporaryFolder();

  before(async () => {
    const [port] = await freePorts(1);
    project.configure(['127.0.0.1:19092', `127.0.0.1:${port}`]);
    assert.equal(project.make('broker').status, 0);
    assert.equal(project.make(CLIENT).status, 0);
    fetchArchives('chapters/kafka/prove/flink/pom.xml', `${folder}/libs`);
  });

  /** Bursts and silences; each event up to the disorder out of order, and some of a hundred far later. */
  const draw = (lateShare: number): Event[] => {
    const rng = random(1, 'flink', lateShare);
    let clock = START;
    return Array.from({ length: EVENTS }, (_, i) => {
      clock += i % 500 === 0 ? rng.int(12 * SECOND) : rng.int(40);
      const isLate = rng.float() < lateShare;
      const behind = isLate ? DISORDER * SECOND + rng.int(60 * SECOND) : rng.int(DISORDER * SECOND);
      return { k: KEYS[rng.int(KEYS.length)]!, v: rng.int(1000), ts: clock - behind };
    });
  };

  const send = async (topic: string, partitions: number, events: readonly Event[]) => {
    const kafka = await openKafka(settingsOf(project));
    const admin = kafka.admin();
    await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: [] });
    await admin.close();
    const producer = kafka.producer();
    for (let at = 0; at < events.length; at += BATCH)
      await producer.send({
        messages: events.slice(at, at + BATCH).map((event, i) => ({
          topic,
          key: Buffer.from(String((at + i) % 97)),
          value: Buffer.from(JSON.stringify(event)),
        })),
      });
    await producer.close(true);
  };

  const byFlink = (topic: string): string[] => {
    const numbers = [DISORDER, SIZE, SLIDE, GAP].map(String);
    const [broker] = settingsOf(project).brokers;
    const ran = spawnSync(
      'java',
      [
        '--add-opens=java.base/java.util=ALL-UNNAMED',
        '--add-opens=java.base/java.lang=ALL-UNNAMED',
        '-Xmx1g',
        '-cp',
        `${folder}/libs/*`,
        'chapters/kafka/prove/flink/Windows.java',
        broker!,
        topic,
        ...numbers,
      ],
      { encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    const lines = ran.stdout.trim().split('\n');
    assert.equal(lines.pop(), 'done', ran.stderr.slice(-2000));
    return lines.sort();
  };

  const byClockwork = async (topic: string): Promise<{ lines: string[]; late: number }> => {
    const upTo = new Map<number, number>();
    const read = (await everything(settingsOf(project), topic)).map(({ partition, value }) => {
      const event = JSON.parse(value.toString()) as Event;
      upTo.set(partition, Math.max(upTo.get(partition) ?? 0, event.ts));
      return { partition, event, upTo: upTo.get(partition)! };
    });
    // As make land takes a backlog, so that no partition runs ahead of the others.
    const events = inTimeOrder(read, new Map(), read.length);
    let late = 0;
    const lines = (['tumbling', 'sliding', 'session'] as const).flatMap((kind) => {
      const plan: WindowPlan = {
        kind,
        size: SIZE * SECOND,
        slide: SLIDE * SECOND,
        gap: GAP * SECOND,
        disorder: DISORDER * SECOND,
        lateness: 0,
      };
      const windows = openWindows<{ count: number; sum: number }, number>(plan, {
        empty: () => ({ count: 0, sum: 0 }),
        add: ({ count, sum }, v) => ({ count: count + 1, sum: sum + v }),
        merge: (a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
      });
      for (const { partition, event } of events)
        windows.add({ time: event.ts, key: event.k, partition: String(partition), event: event.v });
      for (const partition of upTo.keys()) windows.end(String(partition));
      windows.flush(Number.MAX_SAFE_INTEGER);
      late += Object.values(windows.state().late).reduce((sum, count) => sum + count, 0);
      return windows
        .take()
        .map(({ key, start, end, value }) => `${kind} ${key} ${start} ${end} ${value.count} ${value.sum}`);
    });
    return { lines: lines.sort(), late };
  };

  for (const { name, partitions, lateShare } of [
    { name: 'one partition with late events', partitions: 1, lateShare: 0.02 },
    { name: 'four partitions, all out of order', partitions: 4, lateShare: 0 },
  ])
    test(`windows of ${name} are those of Flink SQL`, { timeout: 240_000 }, async () => {
      const topic = `windows-${partitions}`;
      await send(topic, partitions, draw(lateShare));
      const [ours, flink] = [await byClockwork(topic), byFlink(topic)];
      const known = new Set(flink);
      const equal = ours.lines.filter((line) => known.has(line)).length;
      console.log(
        `${name}: ${equal} of ${flink.length} windows equal, ${ours.late} times an event was too late`,
      );
      assert.ok(flink.length > 1000 && ours.late > 0 === lateShare > 0);
      assert.deepEqual(ours.lines, flink);
    });
}
