/** A real broker, consumers that are killed in the middle, and a count: nothing lost, nothing twice. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { csvLine, readTable } from '../../../lib/files/csv.ts';
import { random } from '../../../lib/numbers/random.ts';
import { loadProject } from '../../../lib/project.ts';
import { predictionsIn } from '../../../lib/record/events.ts';
import { readStream, STREAM_START } from '../../../lib/record/stream.ts';
import { trainedProject } from '../../../test/support.ts';
import { type Message, openKafka, READ_COMMITTED } from '../client.ts';
import { kafkaSection } from '../settings.ts';

const ROWS = 60_000;
const KILLS = 24;

const missing = ['java', 'mvn'].find((program) => spawnSync(program, ['-version']).error !== undefined);
if (missing !== undefined) {
  test('Kafka', (t) => t.skip(`${missing} is not here`));
} else {
  const project = trainedProject();
  const here = () => loadProject(chapters, project.path('config.yaml'));
  const settings = () => sectionOf(here().config, kafkaSection);
  const children = new Set<ChildProcess>();
  const run = (program: string, args: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [`.make/programs/${program}.mjs`], {
      cwd: project.folder,
      env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...args },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (piece) => (said += piece));
    children.add(child);
    const ended = new Promise<{ code: number | null; said: string }>((settle) =>
      child.once('exit', (code) => {
        children.delete(child);
        settle({ code, said });
      }),
    );
    return { child, ended };
  };
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  /** What a topic holds, as it is read where transactions count. */
  const everything = async (topic: string): Promise<Message[]> => {
    const kafka = await openKafka(settings());
    const consumer = kafka.consumer(`reader-${Math.random()}`);
    const stream = await consumer.consume({
      autocommit: false,
      topics: [topic],
      mode: 'committed',
      fallbackMode: 'earliest',
      sessionTimeout: 10_000,
      heartbeatInterval: 500,
      maxWaitTime: 100,
      isolationLevel: READ_COMMITTED,
    });
    const read: Message[] = [];
    stream.on('data', (message) => void read.push(message));
    for (let count = -1, tries = 0; count !== read.length || (read.length === 0 && tries < 10); tries++) {
      count = read.length;
      await sleep(1500);
    }
    await consumer.close(true);
    return read;
  };

  before(async () => {
    const port = await new Promise<number>((settle) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => settle(port > 60_000 ? port - 5000 : port));
      });
    });
    project.configure(['127.0.0.1:19092', `127.0.0.1:${port}`]);
    project.make('promote', 'VERSION=v1', 'REASON=prove');
    const { status, err } = project.make('broker');
    assert.equal(status, 0, err);
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    project.make('broker', 'STOP=yes');
  });

  test('consumers and landings that are killed anywhere predict and land each row once', {
    timeout: 240_000,
  }, async () => {
    const rows = readTable(project.path('data/processed/v1_test.csv'));
    const names = Object.keys(rows[0]!);
    const lines = Array.from({ length: ROWS }, (_, i) => {
      const row = { ...rows[i % rows.length]!, UDI: String(1_000_000 + i) };
      return csvLine(names.map((name) => row[name as 'UDI']));
    });
    writeFileSync(project.path('rows.csv'), `${[csvLine(names), ...lines].join('\n')}\n`);
    const sent = project.make('produce', 'CSV=rows.csv');
    assert.match(sent.out, /60,000 rows/, sent.err);
    const rng = random(1, 'kills');
    let killed = 0;
    while (killed < KILLS) {
      const both = [run('kafka-consume'), run(killed % 4 === 3 ? 'kafka-land' : 'kafka-consume')];
      await sleep(350 + rng.float() * 900);
      for (const { child } of both) if (child.kill('SIGKILL')) killed++;
      await Promise.all(both.map(({ ended }) => ended));
    }
    const last = run('kafka-consume');
    for (let done = 0; done < ROWS; ) {
      await sleep(1000);
      done = (await everything(settings().topics.predictions)).length;
    }
    await sleep(2000);
    last.child.kill('SIGTERM');
    assert.equal((await last.ended).code, 0);
    assert.equal(project.make('land').status, 0);
    const seen = new Map<unknown, number>();
    readStream(here().ledgers, STREAM_START, (event) => {
      for (const { ids } of predictionsIn(event)) seen.set(ids.UDI, (seen.get(ids.UDI) ?? 0) + 1);
    });
    const twice = [...seen.values()].filter((count) => count > 1).length;
    console.log(`${killed} kills: ${ROWS - seen.size} of ${ROWS} lost, ${twice} twice`);
    assert.deepEqual([seen.size, twice], [ROWS, 0]);
    assert.match(project.make('monitor').out, /^monitor /m);
    assert.equal(project.make('audit').status, 0);
  });

  test('what is no row of the model is kept as it came, with the reason', { timeout: 60_000 }, async () => {
    const { topics } = settings();
    const kafka = await openKafka(settings());
    const producer = kafka.producer();
    const bad = [
      'no json',
      '{"Type":"L"}',
      '[1,2]',
      'null',
      `{"Type":"${'x'.repeat(5000)}"}`,
      '{"__proto__":1}',
    ].map((text) => Buffer.from(text));
    const values = [...bad, Buffer.from([0xff, 0xfe, 0x00])];
    await producer.send({
      messages: values.map((value, i) => ({
        topic: topics.rows,
        key: Buffer.from(i === 0 ? 'k'.repeat(10_000) : String(i)),
        value,
      })),
    });
    await producer.close(true);
    assert.equal((await run('kafka-consume', { ROWS: String(values.length) }).ended).code, 0);
    const dead = await everything(topics.dead);
    assert.deepEqual(
      dead.map(({ value }) => value.toString('hex')).sort(),
      values.map((value) => value.toString('hex')).sort(),
    );
  });

  test('a broker that is not there is a line, and an address elsewhere is never started here', () => {
    project.configure([/brokers: \[.*\]/.exec(project.read('config.yaml'))![0], 'brokers: [127.0.0.1:9]']);
    const { status, err } = project.make('produce', 'CSV=rows.csv');
    assert.notEqual(status, 0);
    assert.match(err, /127\.0\.0\.1:9: .*is a broker there\? make broker starts one/);
  });
}
