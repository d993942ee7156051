/** Expectations beside Great Expectations and an isolation forest beside scikit-learn, by make bench. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Parts } from '../../bench/any-table.ts';
import { dataProject, RULES } from '../../bench/data-table.ts';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { median, note } from '../../bench/record.ts';
import { used } from '../../bench/used.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { rankMetrics, rankScores } from '../../lib/measure/metrics.ts';
import { random } from '../../lib/numbers/random.ts';
import { loadProject } from '../../lib/project.ts';
import { type Block, readBlocks } from './block.ts';
import { growIsolationForest } from './isolation-forest.ts';
import { rowJudge } from './row-judge.ts';
import { qualitySection } from './settings.ts';
import { openSuite } from './suite.ts';

const PYTHON = resolve('.venv-data/bin/python');

export const bench = (folder: string): Parts => ({
  quality: () => expectations(folder),
  isolation: () => isolation(folder),
});

const peer = <T>(...args: string[]): T | undefined =>
  existsSync(PYTHON)
    ? (JSON.parse(
        execFileSync(PYTHON, ['bench/peers_data.py', ...args], {
          encoding: 'utf8',
          env: plainEnvironment(),
          stdio: ['ignore', 'pipe', 'ignore'],
        })
          .trim()
          .split('\n')
          .at(-1)!,
      ) as T)
    : undefined;

function expectations(folder: string): void {
  const at = dataProject(folder, readFileSync('test/fixtures/config.yaml', 'utf8'));
  execFileSync('make', ['.make/config/config.mk'], { cwd: at, env: plainEnvironment(), stdio: 'pipe' });
  const whole = [0, 1, 2].map(() =>
    used(process.execPath, ['.make/programs/quality-check.mjs'], {
      cwd: at,
      env: { ...plainEnvironment(), CSV: 'table.csv' },
    }),
  );
  const cpu = median(whole.map((each) => each.cpu));
  const theirs = existsSync(PYTHON)
    ? used(PYTHON, [
        resolve('bench/peers_data.py'),
        'expectations',
        join(at, 'table.csv'),
        JSON.stringify(RULES),
      ])
    : undefined;
  const rules =
    theirs === undefined
      ? undefined
      : (JSON.parse(theirs.out.trim().split('\n').at(-1)!) as { rules: number; one: number });
  const project = loadProject([{ section: qualitySection }], join(at, 'config.yaml'));
  const alone = rulesAlone(project, join(at, 'table.csv'));
  const ratio = rules === undefined ? null : rules.rules / alone;
  note(
    '20 expectations on 1 M × 20 in memory: CPU s, beside Great Expectations',
    alone,
    rules?.rules ?? null,
    ratio,
    '≤ .25 ×',
    ratio === null ? null : ratio >= 4,
  );
  // Theirs validates three times, and once a row three times.
  const wholeTheirs = theirs === undefined ? null : theirs.cpu - 2 * rules!.rules - 3 * rules!.one;
  note(
    'the same from the CSV file, the whole command: CPU s',
    cpu,
    wholeTheirs,
    wholeTheirs === null ? null : wholeTheirs / cpu,
    '',
    null,
  );
  const megabytes = Math.max(...whole.map((each) => each.megabytes));
  note('its memory, MB', megabytes, theirs?.megabytes ?? null, null, '< 200', megabytes < 200);
  const one = oneRow(project);
  note(
    'one row against those of its rules that stop: ms',
    one,
    rules === undefined ? null : 1000 * rules.one,
    rules === undefined ? null : (1000 * rules.one) / one,
    '≤ .1',
    one <= 0.1,
  );
}

/** The rules over blocks that lie in memory: the reading of the file is not theirs either. */
function rulesAlone(project: ReturnType<typeof loadProject>, path: string): number {
  const { config } = project;
  const blocks: Block[] = [];
  readBlocks(path, config.schema, config.data.csv, () => ({
    block: (block) =>
      blocks.push({
        ...block,
        columns: block.columns,
        rows: block.rows,
        places: block.places.slice(),
        values: block.values.map((column) => column.slice()),
        texts: block.texts,
        problems: [...block.problems],
      }),
    malformed() {},
  }));
  const [{ columns }] = blocks as [Block];
  const { expectations: rules } = sectionOf(config, qualitySection);
  const times = [0, 1, 2, 3, 4].map(() => {
    const start = process.cpuUsage();
    const suite = openSuite(rules, {
      columns,
      all: columns,
      before: undefined,
      now: new Date(),
      onFailure() {},
    });
    for (const block of blocks) suite.take(block);
    suite.results();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  });
  return Math.min(...times);
}

function oneRow(project: ReturnType<typeof loadProject>): number {
  const judge = rowJudge(project)!;
  const inputs = Object.entries(project.config.schema)
    .filter(([, { role }]) => role === 'input')
    .map(([name, { type, categories }]) => ({
      name,
      type,
      nullable: true,
      ...(categories === undefined ? {} : { categories }),
    }));
  const signature = {
    inputs,
    ids: [],
    sensitive: [],
    output: { target: 'y', classes: ['0', '1'], outputs: ['1'], thresholds: [0.5] },
    example: {},
  };
  const row = {
    rows: [{ input: {}, ids: {}, sensitive: {} }],
    values: Float64Array.from(inputs, ({ categories }, i) => (categories === undefined ? 10 * i : 0)),
  };
  const runs = 20_000;
  for (let i = 0; i < runs; i++) judge(row, signature);
  const start = performance.now();
  for (let i = 0; i < runs; i++) judge(row, signature);
  return (performance.now() - start) / runs;
}

const [ROWS, WIDTH] = [100_000, 20];

function isolation(folder: string): void {
  const rng = random(1, 'isolation bench');
  const values = Float64Array.from({ length: ROWS * WIDTH }, () => rng.normal());
  const labels = new Uint8Array(ROWS);
  for (let row = 0; row < ROWS; row += 100) {
    labels[row] = 1;
    for (let f = 0; f < WIDTH; f++) values[row * WIDTH + f]! += 2 * rng.normal();
  }
  const path = join(folder, 'isolation.bin');
  writeFileSync(path, new Uint8Array(values.buffer));
  writeFileSync(`${path}.labels`, labels);
  const names = Array.from({ length: WIDTH }, (_, f) => `f${f}`);
  const times: number[] = [];
  let forest = growIsolationForest({ names, rows: ROWS, values }, { trees: 100, rowsPerTree: 256, seed: 0 });
  for (let i = 0; i < 3; i++) {
    const start = process.cpuUsage();
    forest = growIsolationForest({ names, rows: ROWS, values }, { trees: 100, rowsPerTree: 256, seed: i });
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1e6);
  }
  const auc = rankMetrics(rankScores(labels, forest.scores(values, ROWS))).roc_auc;
  const one = values.slice(0, WIDTH);
  const start = performance.now();
  for (let i = 0; i < 2000; i++) forest.scores(one, 1);
  const each = (performance.now() - start) / 2000;
  const theirs = peer<{ auc: number; fit: number; one: number }>(
    'isolation',
    path,
    String(ROWS),
    String(WIDTH),
  );
  note(
    'isolation forest 100 k × 20: AUC, beside scikit-learn',
    auc,
    theirs?.auc ?? null,
    null,
    '≥ theirs − .005',
    theirs === undefined ? null : auc >= theirs.auc - 0.005,
  );
  const fit = Math.min(...times);
  note(
    'isolation forest: CPU s to grow',
    fit,
    theirs?.fit ?? null,
    theirs === undefined ? null : theirs.fit / fit,
    '≤ 1 ×',
    theirs === undefined ? null : fit <= theirs.fit,
  );
  note(
    'isolation forest: ms for one row',
    each,
    theirs === undefined ? null : 1000 * theirs.one,
    theirs === undefined ? null : (1000 * theirs.one) / each,
    '≤ .1',
    each <= 0.1,
  );
}
