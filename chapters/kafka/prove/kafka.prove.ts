/** A real broker of three nodes; everything is killed in the middle, and counted: nothing lost, nothing twice. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { csvLine, readTable } from '../../../lib/files/csv.ts';
import { isRunning } from '../../../lib/files/lock.ts';
import { keptSecret } from '../../../lib/files/secret.ts';
import { random } from '../../../lib/numbers/random.ts';
import { predictionsIn } from '../../../lib/record/events.ts';
import { readStream, STREAM_START } from '../../../lib/record/stream.ts';
import { serverKeyPath, sleep } from '../../../lib/serve/client.ts';
import { formatCount } from '../../../lib/words.ts';
import { type TemporaryProject, trainedProject } from '../../../test/support.ts';
import { headerText, openKafka, READ_COMMITTED, sendAll } from '../client.ts';
import { readStandings } from '../standing.ts';
import { CLIENT, endWith, everything, freePorts, missing, projectAt, run, settingsOf } from './cluster.ts';

/** Sent in each round. */
const ROWS = 4000;
const KILLS = 30;
const SEED = 1;
const NODES = 3;

if (missing !== undefined) {
  test('Kafka', (t) => t.skip(`${missing} is not here`));
} else {
  /** One answers requests, the other predicts the rows of the topic and takes everything in. */
  const serving = trainedProject();
  const watching = trainedProject();
  endWith(watching);

  before(async () => {
    const brokers = (await freePorts(NODES)).map((port) => `127.0.0.1:${port}`).join(', ');
    for (const project of [serving, watching]) {
      project.configure(['127.0.0.1:19092', brokers], ['replication: 1', 'replication: 3']);
      project.configure(['min_insync: 1', 'min_insync: 2']);
      project.set({ per_hour: 10_000_000 });
      assert.equal(project.make('promote', 'VERSION=v1', 'REASON=prove').status, 0);
    }
    serving.configure(['transport: files', 'transport: kafka']);
    // Before there is a broker: the sender beside the server waits for it.
    const started = serving.make('start');
    assert.equal(started.status, 0, started.err);
    await sleep(2000);
    const { status, err } = watching.make('broker');
    assert.equal(status, 0, err);
    assert.equal(watching.make(CLIENT).status, 0);
  });

  const writeRows = (project: TemporaryProject, first: number, count: number) => {
    const rows = readTable(project.path('data/processed/v1_test.csv'));
    const names = Object.keys(rows[0]!);
    const lines = Array.from({ length: count }, (_, i) =>
      csvLine(names.map((name) => (name === 'UDI' ? String(first + i) : rows[i % rows.length]![name]!))),
    );
    writeFileSync(project.path('rows.csv'), `${[csvLine(names), ...lines].join('\n')}\n`);
  };
  /** What the stream of the watching project holds, by what each event is of. */
  const counted = () => {
    const rows = new Map<unknown, number>();
    const predictions = new Map<string, number>();
    const labels = new Map<string, number>();
    const count = <K>(of: Map<K, number>, key: K) => of.set(key, (of.get(key) ?? 0) + 1);
    readStream(projectAt(watching).ledgers, STREAM_START, (event) => {
      if ('label' in event) count(labels, event.id);
      for (const { id, ids } of predictionsIn(event)) {
        count(predictions, id);
        if (Number(ids.UDI) >= 1_000_000) count(rows, ids.UDI);
      }
    });
    const twice = (of: Map<unknown, number>) => [...of.values()].filter((times) => times > 1).length;
    return { rows, predictions, labels, twice: [rows, predictions, labels].map(twice) };
  };
  /** Whether a group says that it has read all of a topic. */
  const isRead = async (group: string, topic: string) => {
    const consumer = (await openKafka(settingsOf(watching))).consumer(group);
    const ends = (await consumer.listOffsets({ topics: [topic], isolationLevel: READ_COMMITTED })).get(
      topic,
    )!;
    const partitions = ends.map((_, partition) => partition);
    const read = (await consumer.listCommittedOffsets({ topics: [{ topic, partitions }] })).get(topic) ?? [];
    await consumer.close(true);
    return ends.every((end, partition) => read[partition] === end);
  };
  const nodes = (project: TemporaryProject) =>
    JSON.parse(project.read('.make/config/kafka/nodes.json')) as { pid: number; started: string }[];

  test('of rows, answers and labels each arrives once, whatever is killed', {
    timeout: 420_000,
  }, async () => {
    const { url } = serving.server();
    const key = keptSecret(serverKeyPath(projectAt(serving)));
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      // This process stands still while make runs, and the server closes what is idle.
      connection: 'close',
    };
    const post = async (path: string, body: unknown) => {
      const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      assert.equal(answer.status, 200, await answer.clone().text());
      return answer.json();
    };
    const { Type, ...rest } = readTable(serving.path('data/processed/v1_test.csv'))[0]!;
    const inputs = Object.entries(rest).filter(([name]) => / \[/.test(name));
    const row = { Type, ...Object.fromEntries(inputs.map(([name, cell]) => [name, Number(cell)])) };
    const acknowledged = new Set<string>();
    let asking = true;
    const asked = (async () => {
      for (let i = 0; asking; i++) {
        const many = (await post('/predict', i % 2 === 0 ? [row, row, row] : row)) as
          | { id: string }
          | { id: string }[];
        const ids = (Array.isArray(many) ? many : [many]).map(({ id }) => id);
        await post(
          '/feedback',
          ids.map((id) => ({ id, label: '0' })),
        );
        for (const id of ids) acknowledged.add(id);
        await sleep(2);
      }
    })();

    const rng = random(SEED, 'kills');
    const killed = { readers: 0, senders: 0, nodes: 0 };
    const standings = (project: TemporaryProject) =>
      readStandings(projectAt(project)).filter(({ isRunning, events }) => isRunning && events > 0);
    let rowsSent = 0;
    while (killed.readers < KILLS) {
      writeRows(watching, 1_000_000 + rowsSent, ROWS);
      rowsSent += ROWS;
      const sent = watching.make('produce', 'CSV=rows.csv', 'SHUFFLE=1000');
      assert.match(sent.out, /4,000 rows to .*, up to 1,000 rows out of order/, sent.err);
      const readers = ['kafka-consume', 'kafka-consume', 'kafka-land'].map((name) => run(watching, name));
      const atWork = () =>
        readers.filter(({ child }) => standings(watching).some(({ pid }) => pid === child.pid)).length;
      for (let tries = 0; tries < 150 && atWork() < 2; tries++) await sleep(100);
      await sleep(rng.float() * 500);
      const sender = standings(serving).find(({ role }) => role === 'share');
      if (sender !== undefined) {
        process.kill(sender.pid, 'SIGKILL');
        killed.senders++;
      }
      // Two in three rounds the readers die with their work; else a node of the broker dies under them.
      if (killed.readers % 2 === 0 || killed.nodes >= 4) {
        for (const { child } of readers) if (child.kill('SIGKILL')) killed.readers++;
      } else {
        process.kill(nodes(watching)[killed.nodes % NODES]!.pid, 'SIGKILL');
        killed.nodes++;
        await sleep(3000);
        for (const { child } of readers) if (child.kill('SIGKILL')) killed.readers++;
        const again = watching.make('broker');
        assert.equal(again.status, 0, again.err);
      }
      await Promise.all(readers.map(({ ended }) => ended));
    }
    asking = false;
    await asked;

    const last = [run(watching, 'kafka-consume'), run(watching, 'kafka-land', { FOREVER: 'yes' })];
    const isThere = () => {
      const { rows, predictions, labels } = counted();
      return (
        rows.size >= rowsSent &&
        labels.size >= acknowledged.size &&
        [...acknowledged].every((id) => predictions.has(id))
      );
    };
    for (let tries = 0; tries < 60 && !isThere(); tries++) await sleep(2000);
    await sleep(2000);
    for (const { child } of last) child.kill('SIGTERM');
    for (const { ended } of last) {
      const { code, said } = await ended;
      assert.equal(code, 0, said);
    }
    const { rows, predictions, labels, twice } = counted();
    const lost = [...acknowledged].filter((id) => !predictions.has(id)).length;
    console.log(
      `${killed.readers} readers, ${killed.senders} senders and ${killed.nodes} nodes of the broker killed: ${rowsSent - rows.size} of ${rowsSent} rows lost, ${lost} of ${acknowledged.size} answers, ${acknowledged.size - labels.size} of their labels; ${twice.join(', ')} twice`,
    );
    assert.deepEqual([rows.size, lost, labels.size, twice], [rowsSent, 0, acknowledged.size, [0, 0, 0]]);
    assert.match(watching.make('monitor').out, /^monitor /m);
    assert.equal(watching.make('audit').status, 0);
    assert.equal(serving.make('audit').status, 0);
  });

  test('what says that rows are read before they are predicted loses some: the kills are real', {
    timeout: 120_000,
  }, async () => {
    const before = watching.read('config.yaml');
    watching.configure(
      ['rows: clockwork.rows', 'rows: control.rows'],
      ['events: clockwork.events', 'events: control.events'],
    );
    const count = 100_000;
    writeRows(watching, 5_000_000, count);
    assert.equal(watching.make('produce', 'CSV=rows.csv').status, 0);
    const rng = random(SEED, 'control');
    const KILLED = 6;
    for (let i = 0; i <= KILLED; i++) {
      const child = spawn(process.execPath, ['--import', 'tsx', 'chapters/kafka/prove/offsets-first.ts'], {
        cwd: watching.folder,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      // It says each time that it goes on.
      let steps = 0;
      child.stdout.on('data', (piece: Buffer) => (steps += piece.length));
      const isEnough = async () => (i < KILLED ? steps > 5 : isRead('offsets-first', 'control.rows'));
      for (let tries = 0; tries < 3000 && !(await isEnough()); tries++) await sleep(i < KILLED ? 10 : 1000);
      await sleep(i < KILLED ? rng.float() * 100 : 1000);
      child.kill('SIGKILL');
      await new Promise((settle) => child.once('exit', settle));
    }
    const arrived = new Set(
      (await everything(settingsOf(watching), 'control.events')).map(
        ({ value }) => (JSON.parse(value.toString()) as { UDI: number }).UDI,
      ),
    );
    writeFileSync(watching.path('config.yaml'), before);
    console.log(`offsets first: ${count - arrived.size} of ${count} rows lost`);
    assert.ok(arrived.size > 0 && arrived.size < count, `${arrived.size} of ${count} arrived`);
  });

  test('what is no row and what is no event is kept as it came, with the reason', {
    timeout: 90_000,
  }, async () => {
    const { topics } = settingsOf(watching);
    const kafka = await openKafka(settingsOf(watching));
    const producer = kafka.producer();
    const texts = [
      'no json',
      '{"Type":"L"}',
      '[1,2]',
      'null',
      `{"Type":"${'x'.repeat(5000)}"}`,
      '{"__proto__":1}',
    ];
    const values = [...texts.map((text) => Buffer.from(text)), Buffer.from([0xff, 0xfe, 0x00])];
    const events = values.map((value) => Buffer.concat([value, Buffer.from(' ')]));
    const toMessage = (topic: string) => (value: Buffer, i: number) => ({
      topic,
      key: Buffer.from(i === 0 ? 'k'.repeat(10_000) : String(i)),
      value,
    });
    await producer.send({
      messages: [...values.map(toMessage(topics.rows)), ...events.map(toMessage(topics.events))],
    });
    // And what the topic gave before, once more: a replay.
    const given = (await everything(settingsOf(watching), topics.events)).filter(
      ({ value }) => value.length > 100,
    );
    const again = given.filter((_, i) => i % Math.ceil(given.length / 20) === 0);
    await sendAll(
      producer,
      again.map(({ value, key }) => ({ topic: topics.events, key: key!, value })),
    );
    await producer.close(true);
    assert.equal((await run(watching, 'kafka-consume', { ROWS: String(values.length) }).ended).code, 0);
    const landed = watching.make('land');
    assert.ok(again.length > 0);
    assert.match(
      landed.out,
      new RegExp(`^land +0 events of .*, ${events.length + again.length} to clockwork\\.dead`, 'm'),
      landed.err,
    );
    const dead = await everything(settingsOf(watching), topics.dead);
    const hex = (buffers: readonly Buffer[]) => buffers.map((value) => value.toString('hex')).sort();
    assert.deepEqual(
      hex(dead.map(({ value }) => value)),
      hex([...values, ...events, ...again.map(({ value }) => value)]),
    );
    assert.ok(
      dead.every(
        (letter) =>
          headerText(letter, 'reason') !== '' &&
          /^clockwork\.\w+ \d \d+$/.test(headerText(letter, 'from') ?? ''),
      ),
    );
    assert.equal(watching.make('audit').status, 0);
  });

  test('a stream that nobody reads is seen, and rings', { timeout: 60_000 }, () => {
    const before = watching.read('config.yaml');
    watching.configure(
      ['stream_lag: 100000', 'stream_lag: 100'],
      [
        'name: stream lag, signal: stream_lag, for_minutes: 5',
        'name: stream lag, signal: stream_lag, for_minutes: 0',
      ],
    );
    writeRows(watching, 7_000_000, 500);
    const produce = () => assert.equal(watching.make('produce', 'CSV=rows.csv', 'RATE=100000').status, 0);
    const consume = () => assert.equal(watching.script('kafka-consume', { ROWS: '500' }).status, 0);
    produce();
    consume();
    assert.equal(watching.make('land').status, 0);
    writeRows(watching, 7_000_500, 500);
    produce();
    const lag = watching.make('lag');
    assert.match(lag.out, /consume {4}500 messages not read, nobody reads here/, lag.err);
    assert.match(lag.out, /land {7}0 messages not read/);
    assert.match(watching.read('reports/kafka.html'), /500 messages not read/);
    const rung = watching.make('monitor').out;
    assert.match(rung, /stream lag is firing: stream_lag 500 above 100/);
    consume();
    assert.equal(watching.make('land').status, 0);
    assert.match(watching.make('monitor').out, /stream lag is resolved/);
    writeFileSync(watching.path('config.yaml'), before);
  });

  test('a disk that is full where events land loses none of them', { timeout: 60_000 }, async () => {
    watching.make('land');
    const before = counted().rows.size;
    writeRows(watching, 8_000_000, 3000);
    assert.equal(watching.make('produce', 'CSV=rows.csv').status, 0);
    assert.equal(watching.script('kafka-consume', { ROWS: '3000' }).status, 0);
    const full = await run(watching, 'kafka-land', {}, 300).ended;
    assert.notEqual(full.code, 0, full.said);
    assert.match(full.said, /EFBIG|too large/i);
    const landed = watching.make('land');
    assert.equal(landed.status, 0, landed.err);
    const { rows, twice } = counted();
    assert.deepEqual([rows.size - before, twice], [3000, [0, 0, 0]]);
    assert.equal(watching.make('audit').status, 0);
  });

  test('a broker whose disk is full waits, and nothing is lost once there is room', {
    timeout: 120_000,
  }, async (t) => {
    const small = trainedProject();
    const folder = small.path('.make/config/kafka/node1');
    mkdirSync(folder, { recursive: true });
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]).status !== 0) {
      t.skip('a small file system cannot be mounted here');
      return;
    }
    try {
      const [port] = await freePorts(1);
      small.configure(['127.0.0.1:19092', `127.0.0.1:${port}`]);
      assert.equal(small.make('promote', 'VERSION=v1', 'REASON=prove').status, 0);
      const begun = small.make('broker');
      assert.equal(begun.status, 0, begun.err);
      assert.equal(small.make(CLIENT).status, 0);
      const count = 150_000;
      writeRows(small, 1_000_000, count);
      const producing = run(small, 'kafka-produce', { CSV: 'rows.csv' });
      const consuming = run(small, 'kafka-consume');
      const isUp = () => nodes(small).some(({ pid, started }) => isRunning(pid, started));
      const until = Date.now() + 40_000;
      while (isUp() && Date.now() < until) await sleep(500);
      assert.equal(isUp(), false, 'its disk was never full');
      spawnSync('mount', ['-o', 'remount,size=600m', folder]);
      const again = small.make('broker');
      assert.equal(again.status, 0, again.err);
      const { code, said } = await producing.ended;
      consuming.child.kill('SIGKILL');
      await consuming.ended;
      const { topics } = settingsOf(small);
      const idOf = (text: string) => (JSON.parse(text) as { UDI: number }).UDI;
      const sent = (await everything(settingsOf(small), topics.rows)).map(({ value }) =>
        idOf(value.toString()),
      );
      if (code === 0) assert.equal(new Set(sent).size, count, 'what was acknowledged is there');
      const rest = run(small, 'kafka-consume');
      let predicted: number[] = [];
      for (let tries = 0; tries < 20 && predicted.length < sent.length; tries++) {
        await sleep(1000);
        const events = await everything(settingsOf(small), topics.events);
        predicted = events.map(
          ({ value }) => (JSON.parse(value.toString()) as { ids: { UDI: number } }).ids.UDI,
        );
      }
      rest.child.kill('SIGTERM');
      await rest.ended;
      const [rows, once] = [new Set(sent), new Set(predicted)];
      console.log(
        `full disk of the broker: ${formatCount(rows.size)} rows were in the topic (the sender ended with ${code}), ${rows.size - once.size} lost, ${predicted.length - once.size} twice; ${said.trim().split('\n').at(-1)}`,
      );
      assert.deepEqual([once.size, predicted.length], [rows.size, sent.length]);
    } finally {
      small.make('broker', 'STOP=yes');
      spawnSync('umount', ['-l', folder]);
    }
  });

  test('a broker that is not there is a line, and an address elsewhere is never started here', () => {
    const brokers = /brokers: \[.*\]/.exec(watching.read('config.yaml'))![0];
    watching.configure([brokers, 'brokers: [127.0.0.1:9]']);
    for (const verb of [['produce', 'CSV=rows.csv'], ['land'], ['share'], ['lag']]) {
      const { status, err } = watching.make(...verb);
      assert.notEqual(status, 0, verb[0]);
      assert.match(err, /127\.0\.0\.1:9: .*is a broker there\? make broker starts one/, verb[0]);
    }
    watching.configure(['brokers: [127.0.0.1:9]', 'brokers: [192.0.2.1:9092]']);
    assert.match(watching.make('broker').err, /192\.0\.2\.1:9092 is not on this machine/);
    watching.configure(['brokers: [192.0.2.1:9092]', brokers]);
  });
}
