/**
 * A look at logged predictions, as their number grows: CPU seconds and memory of make monitor, beside Evidently and NannyML on the
 * same rows, beside sha256sum of the files, and beside what the log was before it was a stream.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { chapters } from '../lib/door.ts';
import { csvLine, readTable } from '../lib/files/csv.ts';
import { appendLedger } from '../lib/files/ledger.ts';
import { statOf } from '../lib/files/lock.ts';
import { random } from '../lib/numbers/random.ts';
import { loadProject, type Project } from '../lib/project.ts';
import { openEventLog } from '../lib/record/event-log.ts';
import { answeredLine, type Fields, type ModelShape, predictionsIn } from '../lib/record/events.ts';
import { readStream, STREAM_START } from '../lib/record/stream.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { copyProject, plainEnvironment } from './project-copy.ts';
import { median, note } from './record.ts';
import { simulateEvents } from './simulate-events.ts';

const MILLION = 1_000_000;
/** A day of a million is twelve a second. */
const PER_SECOND = 12;

/** As make monitor starts a look that is not the first. */
const NURSERY = '--max-semi-space-size=4';

interface Used {
  readonly cpu: number;
  readonly megabytes: number;
}

export async function events(folder: string, config: string): Promise<void> {
  const at = join(folder, 'events');
  mkdirSync(at);
  copyProject(at);
  writeFileSync(join(at, 'config.yaml'), config.replace('port: 5000', 'port: 0'));
  const environment = plainEnvironment();
  const make = (...args: string[]) =>
    execFileSync('make', args, { cwd: at, env: environment, stdio: 'pipe' });
  make('prepare', 'train');
  make('promote', 'VERSION=v1', 'REASON=bench');
  const project = loadProject(chapters, join(at, 'config.yaml'));
  const { shape, inputs } = traffic(project);

  const now = Date.now();
  const from = now - (MILLION / PER_SECOND) * 1000 - 60_000;
  simulateEvents(project.ledgers, shape, inputs, { rows: MILLION, from, perSecond: PER_SECOND, salt: 1 });
  const files = readdirSync(project.ledgers.predictions).map((name) =>
    resolve(project.ledgers.predictions, name),
  );

  /** The hours of what was there before, once. */
  const sumUp = () =>
    execFileSync(process.execPath, ['.make/programs/watch-monitor.mjs'], {
      cwd: at,
      env: { ...environment, FROM: '2026-01-01T00:00Z' },
    });
  // In turn, since the machine is not as fast all the time.
  const firsts = [0, 1, 2].map(() => {
    forgetLooks(at, project);
    return { hashed: cpuOf('sha256sum', files, at), cold: monitorOf(at).cpu };
  });
  const [hashed, cold] = [median(firsts.map((each) => each.hashed)), median(firsts.map((each) => each.cold))];
  sumUp();
  note(
    'a first look at 1 M predictions and their labels, every link checked: CPU s, beside sha256sum',
    cold,
    hashed,
    hashed / cold,
    '≤ 8 × its time',
    cold <= 8 * hashed,
  );

  let salt = 1;
  const addNew = () =>
    simulateEvents(project.ledgers, shape, inputs, {
      rows: 1000,
      from: now - 60_000 + salt * 5000,
      perSecond: 200,
      salt: ++salt,
    });
  const look = () => {
    addNew();
    return monitorOf(at);
  };
  const looks = [look(), look(), look()];
  const [cpu, megabytes] = [
    median(looks.map((each) => each.cpu)),
    Math.max(...looks.map((each) => each.megabytes)),
  ];
  const peers = peersOf(at, project, shape);
  for (const [peer, goal] of [
    ['evidently', 40],
    ['nannyml', 30],
  ] as const) {
    const theirs = peers?.[peer] ?? null;
    const ratio = theirs === null ? null : theirs / cpu;
    note(
      `a look at 1 M predictions, 1,000 of them new: CPU s, beside ${peer}`,
      cpu,
      theirs,
      ratio,
      `≥ ${goal} ×`,
      ratio === null ? null : ratio >= goal,
    );
  }
  note('its memory, MB', megabytes, null, null, '< 120', megabytes < 120);
  for (const millions of [10, 100]) {
    forgetLooks(at, project);
    addSealed(project, (millions - 1) * MILLION);
    monitorOf(at);
    sumUp();
    const later = [look(), look(), look()];
    const grown = median(later.map((each) => each.cpu));
    const memory = Math.max(...later.map((each) => each.megabytes));
    note(
      `the same at ${millions} M (sealed segments simulated): CPU s, beside 1 M`,
      grown,
      cpu,
      cpu / grown,
      'the same ± 50 %',
      grown <= 1.5 * cpu && memory < 120,
    );
  }
  const watched = await watchedLooks(at, addNew);
  for (const peer of ['evidently', 'nannyml'] as const) {
    const theirs = peers?.[peer] ?? null;
    note(
      `a look of make watch, which stays: CPU s, beside the whole program of ${peer}`,
      watched,
      theirs,
      theirs === null ? null : theirs / watched,
      '–',
      null,
    );
  }
  await writing(folder, shape, inputs);
}

/** What a server of this project answers with, and rows to ask it. */
function traffic(project: Project): { shape: ModelShape; inputs: Fields[] } {
  const { sha256, signature } = loadVersion(project, 'v1');
  const inputs = readTable(project.path('data/processed/v1_test.csv')).map((row) =>
    Object.fromEntries(
      signature.inputs.map(({ name, categories }) => [name, categories ? row[name]! : Number(row[name])]),
    ),
  );
  const names = (columns: readonly { readonly name: string }[]) => columns.map(({ name }) => name);
  return {
    shape: { version: 'v1', sha256, ids: names(signature.ids), input: names(signature.inputs) },
    inputs,
  };
}

/** CPU seconds of a program, with those of its start. */
function cpuOf(command: string, args: readonly string[], cwd: string): number {
  const timed = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="%U %S"; time "$@" > timed.out', 'time', command, ...args],
    {
      cwd,
      env: plainEnvironment(),
      encoding: 'utf8',
    },
  );
  const line = timed.stderr.trim().split('\n').at(-1)!;
  if (timed.status !== 0) throw new Error(timed.stderr);
  return line.split(' ').reduce((sum, each) => sum + Number(each), 0);
}

/** One look, as make monitor starts it. */
function monitorOf(at: string): Used {
  const report = join(at, 'use.cjs');
  const use = join(at, 'use.json');
  writeFileSync(
    report,
    `process.on('exit', () => require('node:fs').writeFileSync('use.json', JSON.stringify(process.resourceUsage())));`,
  );
  const isFirst = !existsSync(join(at, 'data/production/summaries/position.json'));
  const flags = isFirst ? [] : [NURSERY];
  const cpu = cpuOf(
    process.execPath,
    [...flags, '--require', report, '.make/programs/watch-monitor.mjs'],
    at,
  );
  const { maxRSS } = JSON.parse(readFileSync(use, 'utf8')) as { maxRSS: number };
  return { cpu, megabytes: maxRSS / 1024 };
}

/** Looks before the program is warm, and those that count. */
const [COLD, WARM] = [4, 8];

/** CPU seconds of a look of the program that stays, each at what is new: the median of those after the first few. */
async function watchedLooks(at: string, addNew: () => unknown): Promise<number> {
  const config = readFileSync(join(at, 'config.yaml'), 'utf8');
  writeFileSync(join(at, 'config.yaml'), config.replace(/interval_seconds: \d+/, 'interval_seconds: 2'));
  const ledger = join(at, 'models/monitor_history.jsonl');
  const looked = () => readFileSync(ledger, 'utf8').split('\n').length;
  const program = spawn(process.execPath, [NURSERY, '.make/programs/watch-monitor.mjs'], {
    cwd: at,
    env: { ...plainEnvironment(), FOREVER: 'yes' },
    stdio: 'ignore',
  });
  const used: number[] = [];
  try {
    const nextLook = async () => {
      for (const before = looked(); looked() === before; )
        await new Promise((resolve) => setTimeout(resolve, 20));
      // What follows the line of a look is little.
      await new Promise((resolve) => setTimeout(resolve, 200));
    };
    await nextLook();
    for (let i = 0; i < COLD + WARM; i++) {
      const before = cpuSoFar(program.pid!);
      addNew();
      await nextLook();
      used.push(cpuSoFar(program.pid!) - before);
    }
  } finally {
    program.kill();
    writeFileSync(join(at, 'config.yaml'), config);
  }
  return median(used.slice(COLD));
}

/** CPU seconds of a process that runs, from the kernel's hundredths. */
function cpuSoFar(pid: number): number {
  const [user, system] = statOf(pid).slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

/** As before the first look. */
function forgetLooks(at: string, { ledgers }: Project): void {
  for (const path of [
    ledgers.truth,
    ledgers.summaries,
    ledgers.segments.path,
    join(at, 'models/watch.json'),
    ledgers.monitoring.path,
  ])
    rmSync(path, { recursive: true, force: true });
  for (const name of readdirSync(ledgers.predictions))
    if (name.includes(SIMULATED)) rmSync(join(ledgers.predictions, name));
}

const SIMULATED = '-999800';

/** So many rows before all others in segments that are sealed and were read long ago: files with holes. */
function addSealed({ ledgers }: Project, rows: number): void {
  const each = 120_000;
  const host = hostname().replace(/[^A-Za-z0-9-]/g, '-');
  const lines: string[] = [];
  for (let i = 0; i * each < rows; i++) {
    const begun = new Date(Date.UTC(2020, 0, 1) + i * 10_000_000 + rows);
    const name = `${begun.toISOString().replace(/[-:]/g, '').slice(0, 15)}-${host}${SIMULATED}.jsonl`;
    const fd = openSync(join(ledgers.predictions, name), 'w');
    ftruncateSync(fd, 33_000_000);
    closeSync(fd);
    const time = begun.toISOString();
    const hash = 'ab'.repeat(32);
    lines.push(
      csvLine([
        time,
        `predictions/${name}`,
        'v1',
        String(each),
        '33000000',
        time,
        time,
        hash,
        hash.slice(32),
        hash.slice(32),
      ]),
    );
  }
  appendLedger(ledgers.segments.path, ledgers.segments.format, lines);
  mkdirSync(ledgers.truth, { recursive: true });
  const position = { sealed: lines.length, open: {} };
  writeFileSync(join(ledgers.truth, 'position.json'), JSON.stringify({ position, labels: 0, last: null }));
  mkdirSync(ledgers.summaries, { recursive: true });
  writeFileSync(join(ledgers.summaries, 'position.json'), JSON.stringify({ position, files: {} }));
}

const PEERS = '.venv-events/bin/python';

/** CPU seconds that each peer's program takes over all of the rows; undefined where they are not there. */
function peersOf(
  at: string,
  project: Project,
  { input }: ModelShape,
): Record<'evidently' | 'nannyml', number> | undefined {
  if (!existsSync(PEERS)) {
    console.log(
      `skipped: Evidently and NannyML, since ${PEERS} is not there (bench/requirements-events.txt)`,
    );
    return undefined;
  }
  const [reference, current] = [join(at, 'reference.csv'), join(at, 'current.csv')];
  const header = csvLine([...input, 'probability', 'given', 'label']);
  const rng = random(4, 'peers');
  const train = readTable(project.path('data/processed/v1_train.csv'));
  const target = 'Machine failure';
  writeFileSync(
    reference,
    `${[header, ...train.map((row) => csvLine([...input.map((name) => row[name]!), String(rng.float()), row[target]!, row[target]!]))].join('\n')}\n`,
  );
  writeFileSync(current, `${header}\n`);
  let pieces: string[] = [];
  const flush = () => {
    appendFileSync(current, pieces.join(''));
    pieces = [];
  };
  readStream(project.ledgers, STREAM_START, (event) => {
    for (const { input: fields, probability, class: given } of predictionsIn(event)) {
      const label = rng.float() < 0.02 ? String(1 - Number(given)) : given;
      pieces.push(
        `${csvLine([...input.map((name) => String(fields[name])), String(probability), given, label])}\n`,
      );
      if (pieces.length === 50_000) flush();
    }
  });
  flush();
  const cpu = (peer: string) =>
    cpuOf(
      resolve(PEERS),
      [resolve('bench/peers_events.py'), peer, resolve(reference), resolve(current), '["Type"]'],
      at,
    );
  return { evidently: cpu('evidently'), nannyml: cpu('nannyml') };
}

/** The commit before the log was a stream. */
const BEFORE = '98a1c78';
const WRITTEN = 300_000;

/** Bytes of a logged prediction and predictions logged a second, one to a request and 32 requests at once, before and now. */
async function writing(folder: string, shape: ModelShape, inputs: readonly Fields[]): Promise<void> {
  const lib = join(folder, 'before');
  mkdirSync(lib);
  const archive = spawnSync('sh', ['-c', `git archive ${BEFORE} lib | tar -x -C "$1"`, 'sh', lib]);
  if (archive.status !== 0 || !existsSync(join(lib, 'lib'))) {
    console.log(`skipped: the log of before, since commit ${BEFORE} is not in this clone`);
    return;
  }
  symlinkSync(resolve('node_modules'), join(lib, 'node_modules'));
  cpSync('package.json', join(lib, 'package.json'));
  const old = {
    lines: (await import(join(lib, 'lib/record/prediction-lines.ts'))) as {
      answeredLine: typeof answeredLine;
    },
    log: (await import(join(lib, 'lib/record/prediction-log.ts'))) as {
      openPredictionLog: typeof openEventLog;
    },
  };
  const run = async (open: typeof openEventLog, line: typeof answeredLine, name: string) => {
    const at = join(folder, name);
    const log = open({
      folder: join(at, 'predictions'),
      sensitiveFolder: join(at, 'sensitive'),
      durability: 'process',
      maxBytes: 1e9,
      shapes: () => [shape],
      onBroken: () => {},
    });
    const rng = random(1, 'writing');
    const start = process.cpuUsage();
    for (let row = 0; row < WRITTEN; ) {
      const batch: Promise<void>[] = [];
      for (let i = 0; i < 32; i++, row++) {
        const id = row.toString(16).padStart(28, '0');
        const one = { id, model: 'v1', sha256: shape.sha256, probability: rng.float(), class: '0' };
        const fields = { input: inputs[row % inputs.length]!, ids: { UDI: row, 'Product ID': `M${row}` } };
        const about = {
          time: new Date(),
          route: 'champion' as const,
          shape,
          split: undefined,
          latency: 0.31,
          request: undefined,
          smoke: false,
        };
        batch.push(log.append([line([one], [fields], about)], [], shape));
      }
      await Promise.all(batch);
    }
    const { user, system } = process.cpuUsage(start);
    await log.close();
    const [file] = readdirSync(join(at, 'predictions'));
    const bytes = statSync(join(at, 'predictions', file!)).size;
    rmSync(at, { recursive: true });
    return { rate: WRITTEN / ((user + system) / 1e6), bytes: bytes / WRITTEN };
  };
  const pairs: Record<'before' | 'now', { rate: number; bytes: number }>[] = [];
  for (let i = 0; i < 3; i++)
    pairs.push({
      before: await run(old.log.openPredictionLog, old.lines.answeredLine, `before${i}`),
      now: await run(openEventLog, answeredLine, `now${i}`),
    });
  const mid = (of: 'before' | 'now', what: 'rate' | 'bytes') => median(pairs.map((pair) => pair[of][what]));
  const [size, rate] = [
    mid('now', 'bytes') / mid('before', 'bytes'),
    mid('now', 'rate') / mid('before', 'rate'),
  ];
  note(
    'bytes of a logged prediction, beside before',
    mid('now', 'bytes'),
    mid('before', 'bytes'),
    1 / size,
    '≤ 0.6 ×',
    size <= 0.6,
  );
  note(
    'predictions logged in a CPU second, beside before',
    mid('now', 'rate'),
    mid('before', 'rate'),
    rate,
    '≥ 1.2 ×',
    rate >= 1.2,
  );
}
