/**
 * What can go wrong, done on purpose, again and again: killed processes, full and failing disks, damaged files. Prints for
 * each how many were tried and what was lost: an answer without its line, damaged bytes that were served, pointers that the
 * ledger does not know. It must be 0; the control, a server that writes as people first write it, must lose something.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { editConfig } from '../lib/config/edit.ts';
import { chapters } from '../lib/door.ts';
import { random } from '../lib/numbers/random.ts';
import { loadProject } from '../lib/project.ts';
import { predictionsIn } from '../lib/record/events.ts';
import { audit } from '../lib/registry/audit.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { copyProject, plainEnvironment } from './project-copy.ts';

const KILLS = 20;
const OFFSETS = 25;
const folder = mkdtempSync(join(tmpdir(), 'clockwork-faults-'));
const at = (...parts: string[]) => join(folder, ...parts);
const env = plainEnvironment();
const make = (...args: string[]) => spawnSync('make', args, { cwd: folder, env, encoding: 'utf8' });
const hasStrace = spawnSync('strace', ['-V']).status === 0;
let failed = false;

process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
console.log('what was done                                                     tried     lost');
prepare();
await control();
await killedServers();
damagedFiles();
await fullDisk();
await failingDisk();
interruptedPromotions();
await twoServers();
await clockSteppingBack();
await hostileRequests();
const problems = audit(loadProject(chapters, at('config.yaml'))).problems;
report('the audit of all that this left behind', 1, problems.length);
for (const problem of problems.slice(0, 5)) console.log(`  ${problem}`);
process.exit(failed ? 1 : 0);

function report(what: string, tried: number, lost: number, isControl = false): void {
  const isWrong = isControl ? lost === 0 : lost > 0;
  if (isWrong) failed = true;
  console.log(
    `${isWrong ? '✗' : '✓'} ${what.padEnd(60)} ${String(tried).padStart(8)} ${String(lost).padStart(8)}${isControl ? '   (the control must lose)' : ''}`,
  );
}

function skipped(what: string, why: string): void {
  console.log(`– ${what.padEnd(60)}  skipped: ${why}`);
}

function prepare(): void {
  copyProject(folder);
  const config = editConfig(readFileSync('test/fixtures/config.yaml', 'utf8'), {
    'deployment.port': 0,
    'model_params.n_estimators': 20,
  });
  writeFileSync(at('config.yaml'), config);
  for (const trees of [20, 21]) {
    writeFileSync(at('config.yaml'), editConfig(config, { 'model_params.n_estimators': trees }));
    const { status, stderr } = make('train', 'smoke');
    if (status !== 0) throw new Error(stderr);
  }
}

interface Server {
  readonly url: string;
  readonly pid: number;
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
}

/** Starts a server as it is in production, through a wrapper such as strace where one is given. */
async function startServer(config = 'config', wrapper: readonly string[] = []): Promise<Server> {
  const state = at('.make', config, 'server.json');
  rmSync(state, { force: true });
  const [program, ...args] = [...wrapper, process.execPath, '.make/programs/serve-api.mjs'];
  const child = spawn(program!, args, {
    cwd: folder,
    env: { ...env, CONFIG: `${config}.yaml` },
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  for (let i = 0; i < 1000; i++) {
    try {
      const { url, pid } = JSON.parse(readFileSync(state, 'utf8')) as { url: string; pid: number };
      return { url, pid, process: child, ended };
    } catch {
      await sleep(20);
    }
  }
  throw new Error('the server did not start');
}

/** Asks from eight connections until the server is gone or `until` says so; gives the ids that were answered. */
async function answersOf(
  url: string,
  isOver: () => boolean,
): Promise<{ ids: string[]; statuses: Set<number> }> {
  const { signature } = (await (await fetch(`${url}/model_info`)).json()) as {
    signature: { example: object };
  };
  const ids: string[] = [];
  const statuses = new Set<number>();
  const client = async (list: boolean) => {
    const body = JSON.stringify(list ? [signature.example, signature.example] : signature.example);
    while (!isOver()) {
      try {
        const response = await fetch(`${url}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });
        statuses.add(response.status);
        const answer = (await response.json()) as { id: string } | { id: string }[];
        if (response.status === 200) ids.push(...[answer].flat().map(({ id }) => id));
        else await sleep(1);
      } catch {
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, i) => client(i % 4 === 0)));
  return { ids, statuses };
}

/** Ids in the prediction logs; a torn last line counts as absent. */
function loggedIds(logs = at('data/production/predictions')): Set<string> {
  return new Set(
    readdirSync(logs).flatMap((name) =>
      readFileSync(join(logs, name), 'utf8')
        .split('\n')
        .slice(0, -1)
        .flatMap((line) => predictionsIn(JSON.parse(line)).map(({ id }) => id)),
    ),
  );
}

function missing(ids: readonly string[], logged: ReadonlySet<string>): number {
  return ids.filter((id) => !logged.has(id)).length;
}

/** Answers first, writes a little later: what a log looks like before anybody thought of kill -9. */
async function control(): Promise<void> {
  writeFileSync(
    at('naive.mjs'),
    `import { createServer } from 'node:http'; import { appendFileSync } from 'node:fs';
     let lines = []; let next = 0;
     setInterval(() => { appendFileSync('naive.jsonl', lines.join('')); lines = []; }, 100);
     createServer((request, response) => { request.resume(); request.on('end', () => {
       if (request.method === 'GET') return response.end(JSON.stringify({ signature: { example: {} } }));
       const id = process.pid + '-' + next++; lines.push(JSON.stringify({ id, route: 'champion' }) + '\\n');
       response.end(JSON.stringify({ id })); }); }).listen(0, '127.0.0.1', function () {
       console.log(this.address().port); });`,
  );
  writeFileSync(at('naive.jsonl'), '');
  let tried = 0;
  let lost = 0;
  for (let i = 0; i < 3; i++) {
    const child = spawn(process.execPath, ['naive.mjs'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const port = await new Promise<string>((resolve) =>
      child.stdout!.once('data', (text) => resolve(String(text).trim())),
    );
    setTimeout(() => child.kill('SIGKILL'), 250);
    const { ids } = await answersOf(`http://127.0.0.1:${port}`, () => child.killed);
    tried += ids.length;
    const text = readFileSync(at('naive.jsonl'), 'utf8');
    lost += ids.filter((id) => !text.includes(`"${id}"`)).length;
  }
  report('control: answers of a naive server killed with -9', tried, lost, true);
}

async function killedServers(): Promise<void> {
  for (const durability of ['process', 'disk']) {
    writeFileSync(
      at('config.yaml'),
      editConfig(readFileSync(at('config.yaml'), 'utf8'), { 'deployment.durability': durability }),
    );
    let tried = 0;
    let lost = 0;
    for (let i = 0; i < KILLS / 2; i++) {
      const { url, pid, ended } = await startServer();
      let isOver = false;
      setTimeout(
        () => {
          process.kill(pid, 'SIGKILL');
          isOver = true;
        },
        150 + 20 * i,
      );
      const { ids } = await answersOf(url, () => isOver);
      await ended;
      tried += ids.length;
      lost += missing(ids, loggedIds());
    }
    report(`answers of a server killed with -9, ${KILLS / 2} times (${durability})`, tried, lost);
  }
  make('doctor');
}

/** A bit flipped, and the file cut, at offsets all over each file of a version. */
function damagedFiles(): void {
  const project = loadProject(chapters, at('config.yaml'));
  const { int } = random(1, 'faults');
  let tried = 0;
  let lost = 0;
  const accepted = () => {
    try {
      loadVersion(project, 'v1');
      return 1;
    } catch {
      return 0;
    }
  };
  for (const name of readdirSync(at('models/v1'))) {
    const path = at('models/v1', name);
    const whole = readFileSync(path);
    for (let i = 0; i < OFFSETS; i++) {
      const offset = i === 0 ? 0 : i === 1 ? whole.length - 1 : int(whole.length);
      const flipped = Buffer.from(whole);
      flipped[offset]! ^= 1 << int(8);
      for (const damaged of [flipped, whole.subarray(0, offset)]) {
        writeFileSync(path, damaged);
        tried++;
        lost += accepted();
      }
    }
    writeFileSync(path, whole);
  }
  if (accepted() !== 1) throw new Error('the version as it was is refused');
  report('damaged files of a version: bit flips and cuts, served', tried, lost);
}

async function fullDisk(): Promise<void> {
  const what = 'answers on a full disk without their line';
  const logs = at('data/production/predictions');
  renameSync(logs, at('earlier'));
  mkdirSync(logs);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', logs]).status !== 0) {
    skipped(what, 'only root may mount a small disk');
    rmSync(logs, { recursive: true });
    renameSync(at('earlier'), logs);
    return;
  }
  try {
    const { url, pid, ended } = await startServer();
    const until = Date.now() + 2000;
    const { ids, statuses } = await answersOf(url, () => Date.now() > until);
    const health = await fetch(`${url}/health`);
    process.kill(pid, 'SIGTERM');
    await ended;
    const isRight = statuses.has(503) && statuses.has(200) && health.status === 200;
    report(what, ids.length, missing(ids, loggedIds()) + (isRight ? 0 : 1));
    cpSync(logs, at('earlier'), { recursive: true });
  } finally {
    spawnSync('umount', [logs]);
  }
  rmSync(logs, { recursive: true });
  renameSync(at('earlier'), logs);
}

/** fdatasync fails once: the server must answer no more, say so and end, and what it answered before is there. */
async function failingDisk(): Promise<void> {
  const what = 'answers around an fdatasync that fails (EIO)';
  if (!hasStrace) {
    skipped(what, 'there is no strace');
    return;
  }
  let tried = 0;
  let lost = 0;
  for (const when of [1, 40, 200]) {
    const inject = [
      'strace',
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'trace=fdatasync',
      '-e',
      `inject=fdatasync:error=EIO:when=${when}`,
    ];
    const { url, ended } = await startServer('config', inject);
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    const { ids, statuses } = await answersOf(url, () => isOver);
    const code = await ended;
    tried += ids.length + 1;
    lost += missing(ids, loggedIds()) + (code === 1 && statuses.has(503) ? 0 : 1);
  }
  report(what, tried, lost);
}

/** Every file operation of a promotion fails in its turn, or the process is killed there: old or new, never between. */
function interruptedPromotions(): void {
  const what = 'promotions interrupted at each rename, fsync and write';
  if (!hasStrace) {
    skipped(what, 'there is no strace');
    return;
  }
  let tried = 0;
  let lost = 0;
  const champion = () =>
    (JSON.parse(readFileSync(at('models/aliases.json'), 'utf8')) as { champion: string }).champion;
  const ledger = at('deployment_log.csv');
  for (const [call, only] of [
    ['rename', []],
    ['link', []],
    ['fsync', []],
    ['ftruncate', []],
    ['write', ['-P', ledger]],
  ] as const)
    for (const fault of ['error=ENOSPC', 'error=EIO', 'signal=KILL'])
      for (let when = 1; when <= 4; when++) {
        const before = champion();
        const next = before === 'v1' ? 'v2' : 'v1';
        const args = [
          '-f',
          '-qq',
          '-o',
          at('strace.txt'),
          ...only,
          '-e',
          `trace=${call}`,
          '-e',
          `inject=${call}:${fault}:when=${when}`,
        ];
        const program = [process.execPath, '.make/programs/model-promote.mjs'];
        spawnSync('strace', [...args, ...program], {
          cwd: folder,
          env: { ...env, VERSION: next },
          encoding: 'utf8',
        });
        // Beyond its last such call nothing was injected, and nothing was tried.
        if (!/INJECTED|killed by SIGKILL/.test(readFileSync(at('strace.txt'), 'utf8'))) continue;
        tried++;
        const healed = make('doctor').status === 0;
        const { problems: left } = audit(loadProject(chapters, at('config.yaml')));
        if (!healed || left.length > 0 || ![before, next].includes(champion())) {
          lost++;
          console.log(`  ${call} ${fault} ${when}: ${left.slice(0, 2).join('; ')}`);
        }
      }
  report(what, tried, lost);
}

/** Two servers on the same folder, by two configs: each writes its own file, and every chain holds. */
async function twoServers(): Promise<void> {
  cpSync(at('config.yaml'), at('other.yaml'));
  const servers = [await startServer('config'), await startServer('other')];
  const until = Date.now() + 1000;
  const answered = await Promise.all(servers.map(({ url }) => answersOf(url, () => Date.now() > until)));
  for (const { pid } of servers) process.kill(pid, 'SIGTERM');
  await Promise.all(servers.map(({ ended }) => ended));
  const ids = answered.flatMap((each) => each.ids);
  report('answers of two servers on one folder', ids.length, missing(ids, loggedIds()));
}

/** The clock steps back by a day and forward again while the server answers: every chain holds, no line is lost. */
async function clockSteppingBack(): Promise<void> {
  writeFileSync(
    at('clock.mjs'),
    `const Real = Date; const start = Real.now();
     const offset = () => [0, -86_400_000, 3_600_000][Math.floor((Real.now() - start) / 400) % 3];
     globalThis.Date = class extends Real {
       constructor(...given) { given.length === 0 ? super(Real.now() + offset()) : super(...given); }
       static now() { return Real.now() + offset(); } };`,
  );
  const { url, pid, ended } = await startServer('config', ['env', 'NODE_OPTIONS=--import ./clock.mjs']);
  const until = Date.now() + 2000;
  const { ids, statuses } = await answersOf(url, () => Date.now() > until);
  process.kill(pid, 'SIGTERM');
  await ended;
  report(
    'answers while the clock steps back and forth',
    ids.length,
    missing(ids, loggedIds()) + statuses.size - 1,
  );
}

/** Whatever is sent: an answer below 500 with an error in it, and a server that answers the next request. */
async function hostileRequests(): Promise<void> {
  const { url, pid, ended } = await startServer();
  const { signature } = (await (await fetch(`${url}/model_info`)).json()) as {
    signature: { example: Record<string, unknown> };
  };
  const { int } = random(2, 'hostile');
  const names = [
    ...Object.keys(signature.example),
    '__proto__',
    'constructor',
    '=cmd|calc',
    '\n',
    'x'.repeat(1000),
  ];
  const values = [
    'null',
    '1e999',
    '-1e999',
    'NaN',
    '""',
    '"=cmd"',
    '"\\n"',
    '[]',
    '{}',
    'true',
    '1',
    '298.1',
    '"L"',
    '['.repeat(500),
  ];
  const paths = [
    '/predict',
    '/predict_batch',
    '/feedback',
    '/v2/models/clockwork-ai4i/infer',
    '/admin/routes',
    '/',
    '/docs/..%2f..',
    '/v2/models/..%2f/infer',
  ];
  const types = [
    'application/json',
    'application/json; charset=utf-16',
    'text/csv',
    'application/x-ndjson',
    'text/plain',
    'application/x-www-form-urlencoded',
  ];
  const pick = <T>(from: readonly T[]) => from[int(from.length)]!;
  let tried = 0;
  let lost = 0;
  for (let i = 0; i < 3000; i++) {
    const fields = Array.from({ length: int(8) }, () => `${JSON.stringify(pick(names))}:${pick(values)}`);
    const row = `{${fields.join(',')}}`;
    const body = pick([
      row,
      `[${row},${row}]`,
      row.slice(0, int(row.length + 1)),
      '',
      '[]',
      'a,b\n1,"',
      '\u0000',
    ]);
    const response = await fetch(url + pick(paths), {
      method: 'POST',
      headers: {
        'content-type': pick(types),
        'x-request-id': pick(['a', '<b>', 'x'.repeat(100)]),
        'x-routing-key': pick(['k', '../k']),
      },
      body,
    }).catch(() => undefined);
    tried++;
    const text = (await response?.text()) ?? '';
    if (response === undefined || response.status >= 500 || /\bat .+\.m?[jt]s:\d/.test(text)) lost++;
  }
  if ((await fetch(`${url}/ready`)).status !== 200) lost++;
  process.kill(pid, 'SIGTERM');
  await ended;
  report('hostile requests that broke an answer or showed a stack', tried, lost);
}
