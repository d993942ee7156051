/** Starts a real Kafka on this machine for development, as many nodes as chapters.kafka.brokers names; STOP ends it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput, failed } from '../../../lib/fault.ts';
import { isRunning, startOf } from '../../../lib/files/lock.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import type { Project } from '../../../lib/project.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { fetchArchives } from '../maven.ts';
import { type KafkaSettings, kafkaSection } from '../settings.ts';

const PATIENCE_MS = 60_000;
/** So long the others wait for a node that is silent, before they lead what it led. */
const SESSION_MS = 6000;
/** The port of a node's controller lies so far above that of its clients. */
const CONTROLLER = 1000;

interface Node {
  readonly pid: number;
  readonly started: string;
  readonly port: number;
}

step({ chapters, lock: 'broker', args: { STOP: optional } }, async (project, { STOP }) => {
  const settings = sectionOf(project.config, kafkaSection);
  const folder = project.state('kafka');
  const nodes = runningNodes(folder);
  if (STOP !== undefined) {
    for (const { pid } of nodes) process.kill(pid, 'SIGTERM');
    for (const { pid, started } of nodes) while (isRunning(pid, started)) await sleep(50);
    say(
      'broker',
      nodes.length === 0
        ? 'none was running'
        : `${formatMany(nodes.length, 'node')} stopped; ${folder} keeps what was written`,
    );
    return;
  }
  const ports = settings.brokers.map(portOf);
  if (ports.every((port) => nodes.some((node) => node.port === port))) {
    say('broker', `runs already: ${settings.brokers.join(', ')}`);
    return;
  }
  const libraries = fetchBroker(project);
  // Started again while it still counts as leader, a node of Kafka 4.4 acts on what it alone had written: half a transaction is committed.
  if (nodes.length > 0) {
    say('broker', 'waiting until the nodes that run have taken over from the one that ended');
    await sleep(SESSION_MS + 1000);
  }
  const started = start(folder, libraries, ports, nodes);
  writeAtomic(join(folder, 'nodes.json'), json(started));
  const begun = performance.now();
  for (const port of ports)
    while (!(await answers(port))) {
      if (started.some(({ pid, started: at }) => !isRunning(pid, at)))
        throw failed(`a node ended: see ${join(folder, 'node1.log')}`);
      if (performance.now() - begun > PATIENCE_MS)
        throw failed(`port ${port} does not answer: see ${folder}`);
      await sleep(100);
    }
  say(
    'broker',
    `Kafka on ${settings.brokers.join(', ')} after ${((performance.now() - begun) / 1000).toFixed(1)} s; make broker STOP=yes ends it`,
  );
  process.exit(0);
});

/** A broker is started here on loopback alone. */
function portOf(broker: KafkaSettings['brokers'][number]): number {
  const [host, port] = broker.split(':');
  if (host !== '127.0.0.1' && host !== 'localhost')
    throw badInput(
      `chapters.kafka.brokers: ${broker} is not on this machine: make broker starts one at 127.0.0.1 alone`,
    );
  return Number(port);
}

function runningNodes(folder: string): Node[] {
  const path = join(folder, 'nodes.json');
  if (!existsSync(path)) return [];
  return (JSON.parse(readFileSync(path, 'utf8')) as Node[]).filter(({ pid, started }) =>
    isRunning(pid, started),
  );
}

/** The broker's archives, by Maven, once. */
function fetchBroker(project: Project): string {
  const libraries = resolve(project.state('kafka', 'libs'));
  if (existsSync(libraries) && readdirSync(libraries).some((name) => name.startsWith('kafka_')))
    return libraries;
  for (const program of ['java', 'mvn'])
    if (spawnSync(program, ['-version']).error !== undefined)
      throw failed(`${program} is not here: make broker needs Java 17 or later, and Maven`);
  say('broker', 'fetching Kafka by Maven, once');
  const aside = `${libraries}.${process.pid}`;
  try {
    fetchArchives(resolve('chapters/kafka/pom.xml'), aside);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw error;
  }
  spawnSync('mv', [aside, libraries]);
  return libraries;
}

/** Formats what is new, and starts each node that does not run as a process of its own. */
function start(
  folder: string,
  libraries: string,
  ports: readonly number[],
  running: readonly Node[],
): Node[] {
  const java = (main: string, ...args: string[]) => ['-cp', `${libraries}/*`, main, ...args];
  const run = (main: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('java', java(main, ...args), { encoding: 'utf8' });
    if (status !== 0) throw failed(`Kafka: ${(stderr || stdout).trim().split('\n').at(-1)}`);
    return stdout.trim().split('\n').at(-1)!;
  };
  const STORAGE = 'kafka.tools.StorageTool';
  const isNew = !existsSync(join(folder, 'node1', 'meta.properties'));
  const cluster = isNew ? run(STORAGE, 'random-uuid') : '';
  const directories = isNew ? ports.map(() => run(STORAGE, 'random-uuid')) : [];
  const replicas = Math.min(3, ports.length);
  return ports.map((port, i) => {
    const known = running.find((node) => node.port === port);
    if (known !== undefined) return known;
    const path = join(folder, `node${i + 1}.properties`);
    mkdirSync(folder, { recursive: true });
    writeAtomic(path, propertiesOf(folder, ports, i, replicas));
    if (isNew) {
      const voters = ports.map((each, k) => `${k + 1}@127.0.0.1:${each + CONTROLLER}:${directories[k]}`);
      const quorum = ports.length === 1 ? ['--standalone'] : ['--initial-controllers', voters.join(',')];
      run(STORAGE, 'format', '-t', cluster, '-c', path, ...quorum);
    }
    const log = openSync(join(folder, `node${i + 1}.log`), 'a');
    const memory = ['-Xmx192m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
    const child = spawn('java', [...memory, ...java('kafka.Kafka', path)], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    return { pid: child.pid!, started: startOf(child.pid!), port };
  });
}

function propertiesOf(folder: string, ports: readonly number[], i: number, replicas: number): string {
  const port = ports[i]!;
  const controllers = ports.map((each) => `127.0.0.1:${each + CONTROLLER}`).join(',');
  const inSync = Math.max(1, replicas - 1);
  return `process.roles=broker,controller
node.id=${i + 1}
controller.quorum.bootstrap.servers=${controllers}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + CONTROLLER}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + CONTROLLER}
controller.listener.names=CONTROLLER
log.dirs=${resolve(folder, `node${i + 1}`)}
default.replication.factor=${replicas}
offsets.topic.replication.factor=${replicas}
transaction.state.log.replication.factor=${replicas}
transaction.state.log.min.isr=${inSync}
share.coordinator.state.topic.replication.factor=${replicas}
share.coordinator.state.topic.min.isr=${inSync}
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=${SESSION_MS}
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=8388608
auto.create.topics.enable=false
`;
}

function answers(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
    const end = (isThere: boolean) => {
      socket.destroy();
      settle(isThere);
    };
    // ApiVersions, which any broker answers that takes clients.
    const request = Buffer.from([0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 1, 0, 1, 120]);
    socket.once('connect', () => socket.write(request));
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
    socket.once('close', () => end(false));
  });
}
