/**
 * Quality and speed beside scikit-learn, LightGBM and xgboost: the same rows, the same features, the same number of
 * threads, ours and theirs in turn, medians. Prints ratios and writes reports/bench.json. Peers run where
 * .venv (bench/requirements.txt) has them; what is skipped is said.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { editConfig } from '../lib/config/edit.ts';
import { parseConfig } from '../lib/config/parse.ts';
import { readDataset } from '../lib/data/dataset.ts';
import { AI4I_HEADER, simulateAi4i } from '../lib/data/simulate-ai4i.ts';
import { type Algorithm, scorerOf } from '../lib/learn/estimator.ts';
import { metricsOf } from '../lib/measure/metrics.ts';
import { takeRows } from '../lib/numbers/matrix.ts';
import { classify } from '../lib/numbers/outputs.ts';
import { stratifiedFolds } from '../lib/train/folds.ts';
import { fitPipeline, transform } from '../lib/train/pipeline.ts';
import { anyTable } from './any-table.ts';
import { events } from './events.ts';
import { kafka } from './kafka.ts';
import { copyProject, plainEnvironment } from './project-copy.ts';
import { median, note, timed, writeLines } from './record.ts';
import { serving } from './serving.ts';
import { benchFit, saveTable, syntheticTable, type Table } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'clockwork-bench-'));
const python = process.env.PYTHON ?? '.venv/bin/python';
const hasPeers =
  spawnSync(python, ['-c', 'import sklearn, lightgbm, xgboost, pandas, fastapi, uvicorn, shap']).status === 0;
const config = parseConfig(readFileSync('test/fixtures/config.yaml', 'utf8'), 'config.yaml');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const { csv, source } = ai4iFile();
console.log(
  `data: ${source}${hasPeers ? '' : `\nskipped: the peers, since ${python} has not all of bench/requirements.txt`}`,
);
const ai4i = ai4iTable(csv);
const forest = [['RandomForest', 'sklearn-forest', 8]] as const;
const boosting = [
  ['GradientBoosting', 'lightgbm', 1],
  ['GradientBoosting', 'xgboost', 1],
] as const;
const parts: Record<string, () => void | Promise<void>> = {
  quality: () => quality(ai4i),
  ai4i: () => speed('AI4I', ai4i, forest, [1, 2], 5),
  '100k': () => speed('100 k × 20', syntheticTable(100_000), [...forest, ...boosting], [1], 3),
  '1m': () => speed('1 M × 20', syntheticTable(1_000_000), boosting, [1, 2], 3),
  whole: wholeRuns,
  reading,
  serving: () => serving(csv, python),
  events: () => events(folder, readFileSync('test/fixtures/config.yaml', 'utf8')),
  kafka: () => kafka(folder, readFileSync('test/fixtures/config.yaml', 'utf8')),
  ...(await anyTable({ python, has: hasPeers })),
};
// make bench ONLY=ai4i measures one part anew and keeps the other lines.
const only = process.argv[2] || undefined;
if (only !== undefined && parts[only] === undefined)
  throw new Error(`no part ${only}: ${Object.keys(parts).join(', ')}`);
for (const [name, measure] of Object.entries(parts)) if (only === undefined || only === name) await measure();
writeLines(source);

function ai4iFile(): { csv: string; source: string } {
  const real = process.env.AI4I ?? resolve('..', 'shared', 'data', 'ai4i2020.csv');
  if (existsSync(real)) return { csv: real, source: 'the real AI4I 2020 file' };
  const path = join(folder, 'ai4i2020.csv');
  writeFileSync(
    path,
    `${[[...AI4I_HEADER], ...simulateAi4i(10_000, 2020)].map((cells) => cells.join(',')).join('\n')}\n`,
  );
  return { csv: path, source: 'simulated AI4I: the real file is not here (AI4I=path names one)' };
}

/** Features as the pipeline makes them: nothing is missing, so nothing is learnt from the rows. */
function ai4iTable(path: string): Table {
  const schema = Object.fromEntries(
    Object.entries(config.schema).map(([name, column]) => [
      name,
      column.role === 'leakage' ? { ...column, role: 'sensitive' as const } : column,
    ]),
  );
  const { inputs, target } = readDataset(path, schema);
  return {
    matrix: transform(fitPipeline(inputs, schema, config.features.engineered, false), inputs),
    target,
  };
}

type Scores = { roc_auc: number; pr_auc: number; f1: number };

async function quality(table: Table): Promise<void> {
  const all = [...table.target.keys()];
  const splits = [[all.slice(0, 7000), all.slice(7000)]];
  for (let seed = 0; seed < 5; seed++) {
    const fold = stratifiedFolds(table.target, 5, seed);
    splits.push([all.filter((row) => fold[row] !== 0), all.filter((row) => fold[row] === 0)]);
  }
  const at = join(folder, 'quality');
  saveTable(at, table);
  writeFileSync(join(at, 'splits.json'), JSON.stringify(splits));
  const ours = async (algorithm: Algorithm): Promise<Scores[]> => {
    const scaled = algorithm === 'LogisticRegression' ? standardised(table) : table;
    const results: Scores[] = [];
    for (const [seed, [train, test]] of (splits as [number[], number[]][]).entries()) {
      const target = Uint8Array.from(train, (row) => table.target[row]!);
      const model = await benchFit(takeRows(scaled.matrix, train), target, algorithm, 1, seed);
      const scores = scorerOf(model)(takeRows(scaled.matrix, test).values, test.length);
      results.push(
        metricsOf(
          { classes: 2, labels: Uint8Array.from(test, (row) => table.target[row]!), scores },
          classify(scores, { thresholds: [0.5] }),
        )(),
      );
    }
    return results;
  };
  const pairs = [
    ['RandomForest', 'sklearn-forest'],
    ['GradientBoosting', 'xgboost'],
    ['LogisticRegression', 'sklearn-logistic'],
  ] as const;
  for (const [algorithm, library] of pairs) {
    const mine = await ours(algorithm);
    const theirs = hasPeers ? (peer(1, 'quality', at, library) as Scores[]) : undefined;
    for (const metric of ['roc_auc', 'pr_auc', 'f1'] as const) {
      const goals: Record<string, number> =
        algorithm === 'RandomForest' ? { roc_auc: 0.975, pr_auc: 0.8, f1: 0.82 } : {};
      const goal = goals[metric];
      const value = mine[0]![metric];
      note(
        `${algorithm} ${metric}, first 7,000 → last 3,000`,
        value,
        theirs?.[0]?.[metric] ?? null,
        null,
        goal === undefined ? '' : `≥ ${goal}`,
        goal === undefined ? null : value >= goal,
      );
    }
    for (const metric of ['roc_auc', 'pr_auc'] as const) {
      const mean = (scores: Scores[]) => scores.slice(1).reduce((sum, score) => sum + score[metric], 0) / 5;
      const within = metric === 'roc_auc' ? 0.005 : 0.01;
      const asked = algorithm === 'RandomForest' || (algorithm === 'GradientBoosting' && metric === 'pr_auc');
      const their = theirs === undefined ? null : mean(theirs);
      note(
        `${algorithm} ${metric}, mean of five stratified 80/20`,
        mean(mine),
        their,
        null,
        asked ? `≥ theirs − ${within}` : '',
        !asked || their === null ? null : mean(mine) >= their - within,
      );
    }
  }
}

function standardised({ matrix, target }: Table): Table {
  const width = matrix.names.length;
  const values = matrix.values.slice();
  for (let f = 0; f < width; f++) {
    const column = Float64Array.from({ length: matrix.rows }, (_, row) => values[row * width + f]!);
    const mean = column.reduce((a, b) => a + b, 0) / matrix.rows;
    const deviation = Math.sqrt(column.reduce((a, b) => a + (b - mean) ** 2, 0) / matrix.rows) || 1;
    for (let row = 0; row < matrix.rows; row++) values[row * width + f] = (column[row]! - mean) / deviation;
  }
  return { matrix: { ...matrix, values }, target };
}

interface Fit extends Scores {
  seconds: number;
  memory_mb: number;
  rows_per_second: number;
}

function speed(
  name: string,
  table: Table,
  pairs: readonly (readonly [Algorithm, string, number])[],
  threadCounts: readonly number[],
  runs: number,
): void {
  const at = join(folder, name.replace(/\W/g, ''));
  saveTable(at, table);
  for (const threads of threadCounts) {
    const ours = new Map<string, Fit[]>();
    const theirs = new Map<string, Fit[]>();
    for (let i = 0; i < runs; i++) {
      for (const algorithm of new Set(pairs.map(([algorithm]) => algorithm))) {
        push(ours, algorithm, node('bench/fit-once.ts', at, algorithm, String(threads)) as Fit);
      }
      if (hasPeers)
        for (const [, library] of pairs) push(theirs, library, peer(threads, 'fit', at, library) as Fit);
    }
    for (const [algorithm, library, factor] of pairs) {
      const of = (key: keyof Fit, fits: Fit[] | undefined) =>
        fits === undefined ? null : median(fits.map((fit) => fit[key]));
      const [mine, other] = [ours.get(algorithm)!, theirs.get(library)];
      const label = `${algorithm} ${name}, ${threads} thread${threads > 1 ? 's' : ''}, against ${library}`;
      const [mySeconds, theirSeconds] = [of('seconds', mine)!, of('seconds', other)];
      const ratio = theirSeconds === null ? null : theirSeconds / mySeconds;
      const goal = name === 'AI4I' && threads > 1 ? null : factor;
      note(
        `fit s: ${label}`,
        mySeconds,
        theirSeconds,
        ratio,
        goal === null ? '' : `≥ ${goal}×`,
        ratio === null || goal === null ? null : ratio >= goal,
      );
      const [myAuc, theirAuc] = [of('roc_auc', mine)!, of('roc_auc', other)];
      note(
        `ROC-AUC: ${label}`,
        myAuc,
        theirAuc,
        null,
        '≥ theirs − 0.005',
        theirAuc === null ? null : myAuc >= theirAuc - 0.005,
      );
      if (threads > 1) continue;
      const [myRate, theirRate] = [of('rows_per_second', mine)!, of('rows_per_second', other)];
      const rate = theirRate === null ? null : myRate / theirRate;
      note(`rows/s scored: ${label}`, myRate, theirRate, rate, '≥ 2×', rate === null ? null : rate >= 2);
      if (table.matrix.rows < 1_000_000) continue;
      const memory = of('memory_mb', mine)!;
      note(`peak MB: ${label}`, memory, of('memory_mb', other), null, '< 400', memory < 400);
    }
  }
}

/** make train from the shell after editing n_estimators, and with nothing to do. */
function wholeRuns(): void {
  const project = join(folder, 'project');
  copyProject(project);
  cpSync(csv, join(project, 'data/raw/ai4i2020.csv'));
  let text = editConfig(readFileSync('test/fixtures/config.yaml', 'utf8'), { 'data.source': 'file' });
  const env = plainEnvironment();
  const train = (trees: number) => {
    text = editConfig(text, { 'model_params.n_estimators': trees });
    writeFileSync(join(project, 'config.yaml'), text);
    return timed(() => execFileSync('make', ['train'], { cwd: project, env }));
  };
  train(99);
  const mine: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < 5; i++) {
    mine.push(train(100 + i));
    if (hasPeers) theirs.push(timed(() => peer(1, 'whole', csv)));
  }
  const other = hasPeers ? median(theirs) : null;
  const ratio = other === null ? null : other / median(mine);
  note(
    'whole s: make train after editing n_estimators, against scikit-learn',
    median(mine),
    other,
    ratio,
    '≥ 1×',
    ratio === null ? null : ratio >= 1,
  );
  const nothing = median(
    Array.from({ length: 5 }, () => timed(() => execFileSync('make', ['train'], { cwd: project, env }))),
  );
  note('whole s: make train with nothing to do', nothing, null, null, '< 0.5', nothing < 0.5);
}

/** The reader holds one piece of the file, however large the file is. */
function reading(): void {
  const body = readFileSync(csv, 'utf8').split(/\r?\n/);
  const write = (name: string, times: number) => {
    const path = join(folder, name);
    writeFileSync(path, `${body[0]}\n${`${body.slice(1, -1).join('\n')}\n`.repeat(times)}`);
    return node('bench/read-once.ts', path) as { mb_per_second: number; memory_mb: number };
  };
  const [small, large] = [write('small.csv', 20), write('large.csv', 160)];
  note('MB/s: reading CSV records', large.mb_per_second, null, null, '', null);
  note(
    'peak MB: reading a CSV of 84 MB, against one of 10 MB',
    large.memory_mb,
    small.memory_mb,
    null,
    '< the small one + 60',
    large.memory_mb < small.memory_mb + 60,
  );
}

function node(...args: string[]): unknown {
  return JSON.parse(execFileSync(process.execPath, ['--import', 'tsx', ...args], { encoding: 'utf8' }));
}

function peer(threads: number, ...args: string[]): unknown {
  const env = {
    ...process.env,
    THREADS: String(threads),
    OMP_NUM_THREADS: String(threads),
    PYTHONWARNINGS: 'ignore',
  };
  return JSON.parse(
    execFileSync(python, ['bench/peers.py', ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
    }),
  );
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}
