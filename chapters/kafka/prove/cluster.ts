/** What proofs with a real broker share: programs that are killed, what a topic holds, ports that are free. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { loadProject, type Project } from '../../../lib/project.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { endBeforeRemoval, type TemporaryProject } from '../../../test/support.ts';
import { type Message, openKafka } from '../client.ts';
import { openReader } from '../reader.ts';
import { type KafkaSettings, kafkaSection } from '../settings.ts';

/** The client, as make installs it. */
export const CLIENT = '.make/packages/kafka/node_modules/.package-lock.json';

/** What a broker needs and is not here. */
export const missing = ['java', 'mvn'].find(
  (program) => spawnSync(program, ['-version']).error !== undefined,
);

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
}

const HELD = 100_000;

const children = new Set<ChildProcess>();

/** After the tests, what was started by `run` is killed and a project's broker is stopped, before its folder is removed. */
export function endWith(project: TemporaryProject): void {
  endBeforeRemoval(project.folder, () => {
    for (const child of children) child.kill('SIGKILL');
    project.make('broker', 'STOP=yes');
  });
}

/** Starts a program of a project; `most` is the size in kB beyond which it may write no file. */
export function run(
  project: TemporaryProject,
  program: string,
  args: Readonly<Record<string, string>> = {},
  most?: number,
): Running {
  const command = [process.execPath, `.make/programs/${program}.mjs`];
  const limited = ['bash', '-c', `ulimit -f ${most}; exec "$@"`, 'bash', ...command];
  const [name, ...rest] = most === undefined ? command : limited;
  const child = spawn(name!, rest, {
    cwd: project.folder,
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...args },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (said += piece));
  children.add(child);
  const ended = new Promise<{ code: number | null; said: string }>((settle) =>
    child.once('close', (code) => {
      children.delete(child);
      settle({ code, said });
    }),
  );
  return { child, ended };
}

export function projectAt(project: TemporaryProject): Project {
  return loadProject(chapters, project.path('config.yaml'));
}

export function settingsOf(project: TemporaryProject): KafkaSettings {
  return sectionOf(projectAt(project).config, kafkaSection);
}

/** What a topic holds now, as it is read where transactions count. */
export async function everything(settings: KafkaSettings, topic: string): Promise<Message[]> {
  const reader = await openReader(
    await openKafka(settings),
    `reader-${Math.random()}`,
    topic,
    HELD,
    new Map<number, bigint>(),
  );
  const read: Message[] = [];
  try {
    for (let left = 1; left > 0; ) {
      await sleep(50);
      read.push(...reader.take((waiting) => waiting));
      left = [...(await reader.lag()).values()].reduce(
        (sum, { waiting, unread }) => sum + waiting + unread,
        0,
      );
    }
  } finally {
    await reader.close();
  }
  return read;
}

/** So many ports that nobody listens at, nor at a thousand above, where a node's controller is. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await new Promise<number>((settle) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => settle(port));
      });
    });
    if (port < 60_000 && ports.every((other) => Math.abs(port - other) !== 1000 && port !== other))
      ports.push(port);
  }
  return ports;
}

export function isPortOpen(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1');
    const end = (isOpen: boolean) => {
      socket.destroy();
      settle(isOpen);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
