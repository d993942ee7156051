/** Runs beside MLflow and exptrack, by make bench: what keeping one takes, listing them, and opening the page. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import type { Parts } from '../../bench/any-table.ts';
import { copyProject, plainEnvironment } from '../../bench/project-copy.ts';
import { median, note } from '../../bench/record.ts';
import { chapters } from '../../lib/door.ts';
import { appendLedger } from '../../lib/files/ledger.ts';
import { random } from '../../lib/numbers/random.ts';
import { loadProject } from '../../lib/project.ts';
import { sleep } from '../../lib/serve/client.ts';
import { writeRun } from './keep.ts';
import { ledgerOf, type Run, readRuns } from './run.ts';
import { namesOf, parseWhere, sortRuns } from './where.ts';

const PYTHON = resolve('.venv-track/bin/python');
const [FEW, MANY, KEPT] = [1000, 10_000, 300];
const PORT = 46_380;

function drawnRun(i: number): Run {
  const rng = random(5, 'track', i);
  const [depth, trees] = [2 + rng.int(12), 10 * (1 + rng.int(40))];
  const value = 0.7 + 0.15 * (1 - Math.exp(-depth / 4)) + 0.03 * rng.normal();
  const estimate = (x: number): [number, number, number] => [x, x - 0.04, x + 0.04];
  return {
    id: (i + 1).toString(16).padStart(12, '0'),
    time: new Date(1.79e12 + i * 60_000).toISOString(),
    kind: 'idea',
    name: `idea ${i}`,
    data: { version: 'v1', sha256: 'ab'.repeat(32), rows: 2600 },
    commit: 'none',
    dirty: true,
    code: 'c',
    params: {
      algorithm: ['RandomForest', 'GradientBoosting'][rng.int(2)]!,
      n_estimators: trees,
      max_depth: depth,
      min_samples_leaf: 1 + rng.int(20),
      max_features: ['sqrt', 'all', '4'][rng.int(3)]!,
      random_state: 42,
      learning_rate: Number(rng.float().toFixed(3)),
    },
    settings: 's',
    metrics: Object.fromEntries(
      ['accuracy', 'precision', 'recall', 'f1', 'roc_auc', 'pr_auc'].map((name) => [name, estimate(value)]),
    ),
    log_loss: 0.1,
    seconds: 0.1 + (trees * depth) / 500,
    cpu_seconds: 1,
    megabytes: 80,
    bytes: trees * 1000,
  };
}

export const bench = (folder: string): Parts => ({
  async experiments() {
    const at = mkdtempSync(join(folder, 'track-'));
    const projectOf = (count: number) => {
      const place = join(at, String(count));
      mkdirSync(place);
      copyProject(place);
      writeFileSync(join(place, 'config.yaml'), readFileSync('test/fixtures/config.yaml', 'utf8'));
      const project = loadProject(chapters, join(place, 'config.yaml'));
      const { path, format } = ledgerOf(project);
      const runs = Array.from({ length: count }, (_, i) => drawnRun(i));
      if (count > 0)
        appendLedger(
          path,
          format,
          runs.map((run) => JSON.stringify(run)),
        );
      return { place, project, runs };
    };
    const { project: empty } = projectOf(0);
    const few = projectOf(FEW);
    const many = projectOf(MANY);
    const source = join(at, 'runs.jsonl');
    writeFileSync(source, few.runs.map((run) => JSON.stringify(run)).join('\n'));
    const hasPeers = existsSync(PYTHON);
    const ask = <T>(...args: string[]) =>
      JSON.parse(
        execFileSync(PYTHON, [resolve('bench/peers_track.py'), ...args, at, source], {
          encoding: 'utf8',
          env: plainEnvironment(),
          stdio: ['ignore', 'pipe', 'ignore'],
        })
          .trim()
          .split('\n')
          .at(-1)!,
      ) as T;
    if (hasPeers) {
      execFileSync('git', ['init', '-q'], { cwd: at });
      execFileSync(join(resolve('.venv-track/bin'), 'exptrack'), ['init'], { cwd: at, stdio: 'ignore' });
    } else console.log('skipped: MLflow and exptrack, since .venv-track is not there');

    const took = few.runs.slice(0, KEPT).map((run) => {
      const start = performance.now();
      writeRun(empty, {
        kind: 'idea',
        settings: { model_params: run.params, n: run.id },
        data: run.data,
        code: { a: run.id },
        git: { commit: 'none', dirty: false },
        began: run.time,
        spent: run,
        outcome: {
          metrics: Object.fromEntries(
            Object.entries(run.metrics).map(([name, [value, low, high]]) => [name, { value, low, high }]),
          ),
        },
      });
      return (performance.now() - start) / 1000;
    });
    const logged = hasPeers ? ask<{ seconds: number; experiment: string }>('log', 'mlflow') : undefined;
    const exptrack = hasPeers ? ask<{ seconds: number }>('log', 'exptrack') : undefined;
    const keeping = median(took);
    for (const [peer, theirs, goal] of [
      ['MLflow, sqlite', logged?.seconds, 10],
      ['exptrack', exptrack?.seconds, undefined],
    ] as const)
      note(
        `keeping one run: s, beside ${peer}`,
        keeping,
        theirs ?? null,
        theirs === undefined ? null : theirs / keeping,
        goal === undefined ? '' : `≥ ${goal} ×`,
        goal === undefined || theirs === undefined ? null : theirs / keeping >= goal,
      );

    const start = performance.now();
    const { runs } = readRuns(few.project);
    const names = namesOf(runs);
    sortRuns(runs.filter(parseWhere('', names)), 'pr_auc', names);
    const listing = (performance.now() - start) / 1000;
    const searched = hasPeers ? ask<{ seconds: number; rows: number }>('list', 'mlflow') : undefined;
    note(
      '1,000 runs read and sorted: s, beside MLflow’s search_runs',
      listing,
      searched?.seconds ?? null,
      searched === undefined ? null : searched.seconds / listing,
      '≥ 20 ×',
      searched === undefined ? null : searched.seconds / listing >= 20,
    );

    const command = (place: string) => {
      const begun = performance.now();
      execFileSync(process.execPath, ['.make/programs/experiments-list.mjs'], {
        cwd: place,
        env: plainEnvironment(),
        stdio: 'pipe',
      });
      return (performance.now() - begun) / 1000;
    };
    execFileSync('make', ['.make/config/config.mk'], {
      cwd: few.place,
      env: plainEnvironment(),
      stdio: 'pipe',
    });
    execFileSync('make', ['.make/config/config.mk'], {
      cwd: many.place,
      env: plainEnvironment(),
      stdio: 'pipe',
    });
    command(few.place);
    const ours = Math.min(...[0, 1, 2].map(() => command(few.place)));
    const rows = Math.min(await untilRows(few.place), await untilRows(few.place), await untilRows(few.place));
    const theirs = hasPeers
      ? Math.min(
          ...[0, 1, 2].map(() => {
            const begun = performance.now();
            execFileSync(join(resolve('.venv-track/bin'), 'exptrack'), ['ls', '-n', String(FEW)], {
              cwd: at,
              stdio: 'pipe',
            });
            return (performance.now() - begun) / 1000;
          }),
        )
      : undefined;
    note(
      '1,000 runs by make experiments until they are listed: s, beside exptrack ls',
      rows,
      theirs ?? null,
      theirs === undefined ? null : theirs / rows,
      '> 1 ×',
      theirs === undefined ? null : theirs > rows,
    );
    note('make experiments of 1,000, its page and CSV too: s', ours, null, null, '< 1', ours < 1);
    const ten = command(many.place);
    note('make experiments of 10,000: s', ten, null, null, '< 2', ten < 2);
    await pages(few.place, many.place, at, hasPeers ? logged!.experiment : undefined);
    rmSync(at, { recursive: true, force: true });
  },
});

/** Of a whole command, until the last line of the list is there; then it makes the page. */
function untilRows(place: string): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, ['.make/programs/experiments-list.mjs'], {
    cwd: place,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let seconds = Number.NaN;
  let said = '';
  child.stdout.on('data', (piece) => {
    said += piece;
    if (Number.isNaN(seconds) && / and \d+ more/.test(said)) seconds = (performance.now() - start) / 1000;
  });
  return new Promise((settle) => child.once('close', () => settle(seconds)));
}

/** Until a row of the table can be read, in a fresh page of a browser that runs. */
async function pages(few: string, many: string, at: string, experiment: string | undefined): Promise<void> {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
  if (executablePath === undefined) return console.log('skipped: pages, since there is no Chromium');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const until = async (url: string, row: string) => {
    const seconds: number[] = [];
    for (let i = 0; i < 3; i++) {
      const page = await (await browser.newContext()).newPage();
      const start = performance.now();
      await page.goto(url);
      await page.waitForSelector(row, { timeout: 120_000 });
      seconds.push((performance.now() - start) / 1000);
      await page.close();
    }
    return Math.min(...seconds);
  };
  try {
    const ours = await until(`file://${join(few, 'reports/experiments.html')}`, '#runs tbody tr');
    const theirs = experiment === undefined ? undefined : await mlflowPage(at, experiment, until);
    note(
      'the page of 1,000 runs until a row is there: s, beside MLflow’s',
      ours,
      theirs ?? null,
      theirs === undefined ? null : theirs / ours,
      '≥ 3 ×, < 1',
      theirs === undefined ? null : theirs / ours >= 3 && ours < 1,
    );
    const ten = await until(`file://${join(many, 'reports/experiments.html')}`, '#runs tbody tr');
    note('the page of 10,000 runs until a row is there: s', ten, null, null, '< 2', ten < 2);
  } finally {
    await browser.close();
  }
}

async function mlflowPage(
  at: string,
  experiment: string,
  until: (url: string, row: string) => Promise<number>,
): Promise<number | undefined> {
  const server = spawn(
    join(resolve('.venv-track/bin'), 'mlflow'),
    [
      'server',
      '--backend-store-uri',
      `sqlite:///${at}/mlflow.db`,
      '--host',
      '127.0.0.1',
      '--port',
      String(PORT),
      '--workers',
      '1',
    ],
    { cwd: at, stdio: 'ignore', env: plainEnvironment(), detached: true },
  );
  try {
    const url = `http://127.0.0.1:${PORT}`;
    for (let tries = 0; tries < 600; tries++) {
      const isUp = await fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isUp)
        return await until(
          `${url}/#/experiments/${experiment}/runs`,
          '[role="row"] a[href*="/runs/"], tr a[href*="/runs/"]',
        );
      await sleep(200);
    }
    console.log('skipped: the page of MLflow, whose server did not start');
    return undefined;
  } catch (error) {
    console.log(`skipped: the page of MLflow, ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  } finally {
    process.kill(-server.pid!, 'SIGKILL');
  }
}
