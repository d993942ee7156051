/**
 * Serving beside FastAPI with scikit-learn and beside a bare node:http server: ours with every check and every prediction
 * on record, theirs without a log. One client process, 32 connections, all servers in turn, medians.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { openRegistry } from '../lib/clockwork.ts';
import { editConfig } from '../lib/config/edit.ts';
import { copyProject, plainEnvironment } from './project-copy.ts';
import { median, note } from './record.ts';

const CONNECTIONS = 32;
const SECONDS = 3;
const RUNS = 3;
const PORTS = { ours: 7101, docs: 7102, tuned: 7103, bare: 7104 };
const SWAPPED = 200_000;

const row = {
  Type: 'L',
  'Air temperature [K]': 298.1,
  'Process temperature [K]': 308.6,
  'Rotational speed [rpm]': 1551,
  'Torque [Nm]': 42.8,
  'Tool wear [min]': 10,
};
const rows = Array.from({ length: 100 }, (_, i) => ({ ...row, 'Torque [Nm]': 20 + i / 2 }));

interface Load {
  readonly perSecond: number;
  readonly p99: number;
  readonly failed: number;
}

interface Running {
  readonly url: string;
  readonly pid: number;
  /** Seconds from starting the process to its first prediction. */
  readonly started: number;
  stop(): Promise<void>;
}

export async function serving(csv: string, python: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-serving-'));
  try {
    const project = await makeProject(folder, csv);
    const bare = await startBare(folder);
    for (const kind of ['logistic', 'forest'] as const) await comparePeers(project, kind, csv, python, bare);
    await durability(project);
    await workers(project);
    await swapUnderLoad(project);
    await bare.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Project {
  readonly folder: string;
  configure(changes: Record<string, string | number>): void;
  /** Starts the API as make start does, in a process group of its own. */
  start(): Promise<Running>;
}

/** A forest (v1), a logistic regression (v2) and a smaller forest (v3). */
async function makeProject(folder: string, csv: string): Promise<Project> {
  copyProject(folder);
  cpSync(csv, join(folder, 'data/raw/ai4i2020.csv'));
  const path = join(folder, 'config.yaml');
  writeFileSync(path, readFileSync('test/fixtures/config.yaml', 'utf8'));
  const configure: Project['configure'] = (changes) =>
    writeFileSync(path, editConfig(readFileSync(path, 'utf8'), changes));
  const env = plainEnvironment();
  const make = (...verbs: string[]) => finished(spawn('make', verbs, { cwd: folder, env, stdio: 'ignore' }));
  configure({ 'data.source': 'file', 'deployment.port': PORTS.ours, 'deployment.max_connections': 2000 });
  await make('train');
  await make('smoke');
  configure({ 'model_params.algorithm': 'LogisticRegression' });
  await make('train');
  configure({ 'model_params.algorithm': 'RandomForest', 'model_params.n_estimators': 90 });
  await make('train');
  return {
    folder,
    configure,
    start: () => {
      const child = spawn(process.execPath, ['.make/programs/serve-api.mjs'], {
        cwd: folder,
        env,
        stdio: 'ignore',
      });
      return answering(child, PORTS.ours);
    },
  };
}

async function startBare(folder: string): Promise<Running> {
  const path = join(folder, 'bare.mjs');
  const answer = JSON.stringify({ id: 'c0ffee', model: 'v1', probability: 0.5, class: '0' });
  writeFileSync(
    path,
    `import { createServer } from 'node:http';
     const body = ${JSON.stringify(answer)};
     createServer((request, response) => {
       response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
       response.end(body);
     }).listen(${PORTS.bare}, '127.0.0.1');`,
  );
  return answering(spawn(process.execPath, [path], { stdio: 'ignore' }), PORTS.bare);
}

/** Waits for the first prediction, asking every few milliseconds. */
async function answering(child: ChildProcess, port: number): Promise<Running> {
  const start = performance.now();
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const answer = await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(row),
    }).catch(() => undefined);
    if (answer?.status === 200) break;
    if (child.exitCode !== null || performance.now() - start > 120_000)
      throw new Error(`the server on port ${port} did not start`);
    await sleep(3);
  }
  const started = (performance.now() - start) / 1000;
  return {
    url,
    pid: child.pid!,
    started,
    async stop() {
      child.kill('SIGTERM');
      await finished(child);
    },
  };
}

function finished(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}

async function load(url: string, body: unknown, seconds = SECONDS): Promise<Load> {
  const result = await autocannon({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    connections: CONNECTIONS,
    duration: seconds,
  });
  return {
    perSecond: result['2xx'] / result.duration,
    p99: result.latency.p99,
    failed: result.errors + result.timeouts + result.non2xx,
  };
}

/**
 * So many requests by Node's own client, each counted: what is not answered with 200 has failed. (autocannon sends on a
 * connection that it was told is closing, and does not count what is lost so.)
 */
async function loadCounted(
  url: string,
  body: unknown,
  amount: number,
): Promise<{ failed: number; p99: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const times = new Float64Array(amount);
  let next = 0;
  let failed = 0;
  const once = (at: number) =>
    new Promise<void>((resolve) => {
      const start = performance.now();
      const done = (isRight: boolean) => {
        if (!isRight) failed++;
        times[at] = performance.now() - start;
        resolve();
      };
      const sent = request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume();
        response.once('end', () => done(response.statusCode === 200));
        response.once('error', () => done(false));
      });
      sent.once('error', () => done(false));
      sent.end(text);
    });
  const client = async () => {
    while (next < amount) await once(next++);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  agent.destroy();
  return { failed, p99: times.sort()[Math.floor(0.99 * amount)]! };
}

async function comparePeers(
  project: Project,
  kind: 'logistic' | 'forest',
  csv: string,
  python: string,
  bare: Running,
): Promise<void> {
  project.configure({ 'deployment.model': kind === 'forest' ? 'v1' : 'v2' });
  const starts: { name: keyof typeof PORTS; start: () => Promise<Running> }[] = [
    { name: 'ours', start: project.start },
    ...(['docs', 'tuned'] as const).map((style) => ({
      name: style,
      start: () =>
        answering(
          spawn(python, ['bench/peers_serve.py', style, kind, csv, String(PORTS[style])], {
            stdio: 'ignore',
            env: { ...process.env, OMP_NUM_THREADS: '1' },
          }),
          PORTS[style],
        ),
    })),
  ];
  const servers = new Map<string, Running>();
  const started = new Map<string, number>();
  for (const { name, start } of starts) {
    const times: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      await servers.get(name)?.stop();
      const server = await start().catch(() => undefined);
      if (server === undefined) break;
      servers.set(name, server);
      times.push(server.started);
    }
    if (times.length > 0) started.set(name, median(times));
    else console.log(`skipped: FastAPI (${name}), which ${python} does not start`);
  }
  const one = await inTurn([...servers, ['bare', bare]], row, () => '/predict');
  const many = await inTurn([...servers], rows, (name) => (name === 'ours' ? '/predict' : '/predict_many'));
  const goals = {
    logistic: { one: { docs: 100, tuned: 6 }, many: { docs: 50, tuned: 20 } },
    forest: { one: { docs: 150, tuned: 40 }, many: { docs: 50, tuned: 20 } },
  }[kind];
  for (const style of ['docs', 'tuned'] as const) {
    if (!servers.has(style)) continue;
    const what = `${kind}, against FastAPI ${style === 'docs' ? 'as documented' : 'tuned'}`;
    const compare = (name: string, ours: number, theirs: number, goal: number, moreIsBetter: boolean) => {
      const ratio = moreIsBetter ? ours / theirs : theirs / ours;
      note(`${name}: ${what}`, ours, theirs, ratio, `≥ ${goal}×`, ratio >= goal);
    };
    compare(
      'requests/s, one row',
      one.get('ours')!.perSecond,
      one.get(style)!.perSecond,
      goals.one[style],
      true,
    );
    compare(
      'requests/s, 100 rows',
      many.get('ours')!.perSecond,
      many.get(style)!.perSecond,
      goals.many[style],
      true,
    );
    compare('p99 ms at 32 connections', one.get('ours')!.p99, one.get(style)!.p99, 20, false);
    compare('s to the first answer', started.get('ours')!, started.get(style)!, 5, false);
  }
  const share = one.get('ours')!.perSecond / one.get('bare')!.perSecond;
  note(
    `requests/s, one row: ${kind}, against a bare node:http`,
    one.get('ours')!.perSecond,
    one.get('bare')!.perSecond,
    share,
    '≥ 0.4×',
    share >= 0.4,
  );
  const peak = peakMemory(servers.get('ours')!.pid);
  note(`peak MB of the server: ${kind}`, peak, null, null, '< 150', peak < 150);
  for (const server of servers.values()) await server.stop();
}

/** Each server in turn, again and again; medians of each. */
async function inTurn(
  servers: readonly (readonly [string, Running])[],
  body: unknown,
  pathOf: (name: string) => string,
): Promise<Map<string, Load>> {
  for (const [name, { url }] of servers) await load(url + pathOf(name), body, 1);
  const runs = new Map<string, Load[]>();
  for (let i = 0; i < RUNS; i++)
    for (const [name, { url }] of servers) {
      const result = await load(url + pathOf(name), body);
      if (result.failed > 0) throw new Error(`${name}: ${result.failed} requests failed`);
      runs.set(name, [...(runs.get(name) ?? []), result]);
    }
  return new Map(
    [...runs].map(([name, results]) => [
      name,
      {
        perSecond: median(results.map(({ perSecond }) => perSecond)),
        p99: median(results.map(({ p99 }) => p99)),
        failed: 0,
      },
    ]),
  );
}

function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

async function durability(project: Project): Promise<void> {
  project.configure({ 'deployment.model': 'v1' });
  const measured = new Map<string, number[]>();
  for (let i = 0; i < RUNS; i++)
    for (const mode of ['process', 'disk']) {
      project.configure({ 'deployment.durability': mode });
      const server = await project.start();
      await load(`${server.url}/predict`, row, 1);
      const { perSecond } = await load(`${server.url}/predict`, row);
      measured.set(mode, [...(measured.get(mode) ?? []), perSecond]);
      await server.stop();
    }
  project.configure({ 'deployment.durability': 'process' });
  const [process_, disk] = [median(measured.get('process')!), median(measured.get('disk')!)];
  note(
    'requests/s: durability disk, against process',
    disk,
    process_,
    disk / process_,
    '≥ 0.65×',
    disk / process_ >= 0.65,
  );
}

/** The client has one core and the workers the other, so on two cores this says little; more cores say more. */
async function workers(project: Project): Promise<void> {
  const measured = new Map<number, number>();
  for (const count of [1, 2]) {
    project.configure({ 'deployment.workers': count });
    const server = await project.start();
    await load(`${server.url}/predict`, row, 1);
    const runs: number[] = [];
    for (let i = 0; i < RUNS; i++) runs.push((await load(`${server.url}/predict`, row)).perSecond);
    measured.set(count, median(runs));
    if (count === 2) await restartUnderLoad(server);
    await server.stop();
  }
  project.configure({ 'deployment.workers': 1 });
  const [one, two] = [measured.get(1)!, measured.get(2)!];
  const allows = availableParallelism() >= 4;
  note(
    `requests/s: two workers, against one (${availableParallelism()} cores, one of them the client's)`,
    two,
    one,
    two / one,
    allows ? '≥ 1.6×' : '',
    allows ? two / one >= 1.6 : null,
  );
}

async function restartUnderLoad(server: Running): Promise<void> {
  let restarts = 0;
  let running = true;
  const restarting = (async () => {
    while (running) {
      process.kill(server.pid, 'SIGHUP');
      restarts++;
      await sleep(2500);
    }
  })();
  const { failed } = await loadCounted(`${server.url}/predict`, row, SWAPPED);
  running = false;
  await restarting;
  note(
    `failed of ${SWAPPED} requests: ${restarts} rolling restarts under load`,
    failed,
    null,
    null,
    '0',
    failed === 0,
  );
}

async function swapUnderLoad(project: Project): Promise<void> {
  project.configure({ 'deployment.model': 'champion' });
  const server = await project.start();
  const registry = openRegistry(join(project.folder, 'config.yaml'));
  let running = true;
  let swaps = 0;
  const swapping = (async () => {
    while (running) {
      registry.promote(swaps % 2 === 0 ? 'v3' : 'v1', 'swap under load');
      swaps++;
      await sleep(500);
    }
  })();
  const { failed, p99 } = await loadCounted(`${server.url}/predict`, row, SWAPPED);
  running = false;
  await swapping;
  await server.stop();
  note(
    `failed of ${SWAPPED} requests: the model replaced every 500 ms`,
    failed,
    null,
    null,
    '0',
    failed === 0,
  );
  note(
    'p99 ms at 32 connections (another client): the model replaced every 500 ms',
    p99,
    null,
    null,
    '',
    null,
  );
}
