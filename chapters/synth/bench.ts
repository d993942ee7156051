/** Made rows of the census beside SDV and dpmm, judged by SDMetrics and scikit-learn, by make bench. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { example, type Parts } from '../../bench/any-table.ts';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { note } from '../../bench/record.ts';
import { prepareData } from '../../lib/data/prepare.ts';
import type { Table } from '../../lib/data/table.ts';
import { writeRows } from '../../lib/data/table.ts';
import { writeThrough } from '../../lib/files/write.ts';
import { random } from '../../lib/numbers/random.ts';
import { rhoOf } from './accounting.ts';
import { fitCopula } from './copula.ts';
import { fitMst } from './mst.ts';
import { systemBits } from './noise.ts';
import { madeColumns, takeTableRows } from './real.ts';
import { fitSequentialTrees } from './sequential-trees.ts';

const SDV = resolve('.venv-synth/bin/python');
const DPMM = resolve('.venv-private/bin/python');
const DELTA = 1e-9;
/** Public bounds, closer where people are. */
const EDGES = {
  age: [
    0, 17, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 53, 56, 59, 62, 65, 70, 75, 80,
    128,
  ],
  capital_gain: [0, 1, 3000, 4000, 5000, 7000, 8000, 10_000, 20_000, 150_000],
  capital_loss: [0, 1, 1500, 1800, 2000, 2200, 6535],
  hours_per_week: [0, 10, 20, 30, 35, 40, 41, 45, 46, 50, 51, 60, 61, 149],
  education_num: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 25],
};

export const bench = (folder: string): Parts => ({ synth: () => synth(folder) });

async function synth(folder: string): Promise<void> {
  const adult = example(folder, 'adult', {
    'data/raw/adult.data': 'adult.data',
    'data/raw/adult.test': 'adult.test',
  });
  if (adult === undefined || !existsSync(SDV)) {
    console.log(
      `skipped: made rows, since ${adult === undefined ? 'the census is not beside the project' : '.venv-synth is not there'}`,
    );
    return;
  }
  const at = join(folder, 'synth');
  mkdirSync(at);
  const prepared = prepareData(adult.config, (path) => join(folder, 'adult', path));
  const parts = [prepared.train, prepared.test].map((rows) =>
    madeColumns(takeTableRows(prepared.table, rows)),
  ) as [Table, Table];
  const [train, test] = parts;
  const write = (name: string, table: Table) => {
    const path = join(at, `${name}.csv`);
    writeThrough(path, (sink) =>
      writeRows(
        table,
        Int32Array.from({ length: table.rows }, (_, i) => i),
        sink,
      ),
    );
    return path;
  };
  const [real, judged] = [write('real', train), write('test', test)];
  const categories = train.columns
    .filter(({ categories: of, role }) => of !== undefined && role !== 'target')
    .map(({ name }) => name);
  const target = train.columns.find(({ role }) => role === 'target')!.name;
  const bounds = Object.fromEntries(
    train.columns.flatMap(({ name, range }) => (range === undefined ? [] : [[name, range]])),
  );
  const score = (path: string) =>
    JSON.parse(
      execFileSync(
        SDV,
        ['bench/peers_data.py', 'score', real, judged, path, target, JSON.stringify(categories)],
        { encoding: 'utf8', env: plainEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] },
      )
        .trim()
        .split('\n')
        .at(-1)!,
    ) as { auc: number; likeness: number };
  const cpuOf = async (work: () => Promise<Table> | Table) => {
    const start = process.cpuUsage();
    const table = await work();
    const { user, system } = process.cpuUsage(start);
    return { table, cpu: (user + system) / 1e6 };
  };
  const peer = (python: string, which: string, epsilon = '') => {
    const path = join(at, `${which}${epsilon}.csv`);
    const { cpu } = JSON.parse(
      execFileSync(
        python,
        [
          'bench/peers_data.py',
          which,
          real,
          path,
          JSON.stringify(categories),
          epsilon,
          JSON.stringify(bounds),
        ],
        {
          encoding: 'utf8',
          env: plainEnvironment(),
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      )
        .trim()
        .split('\n')
        .at(-1)!,
    ) as { cpu: number };
    return { cpu, ...score(path) };
  };
  const sdv = peer(SDV, 'copula');
  for (const [name, fit] of [
    ['copula', fitCopula],
    ['tree', fitSequentialTrees],
  ] as const) {
    const { table, cpu } = await cpuOf(async () => {
      const generator = await fit(train, { seed: 11, bins: 32, trees: 5, minRows: 10 });
      return { ...train, values: generator.sample(train.rows, random(11, name)) };
    });
    const own = score(write(name, table));
    const isAsked = name === 'tree';
    note(
      `rows by ${name}, census: SDMetrics, beside SDV's Gaussian copula`,
      own.likeness,
      sdv.likeness,
      null,
      isAsked ? '≥ .90' : '',
      isAsked ? own.likeness >= 0.9 : null,
    );
    note(
      `rows by ${name}, census: ROC-AUC that boosting learns of them`,
      own.auc,
      sdv.auc,
      null,
      isAsked ? '≥ .88' : '',
      isAsked ? own.auc >= 0.88 : null,
    );
    note(
      `rows by ${name}, census: CPU s`,
      cpu,
      sdv.cpu,
      sdv.cpu / cpu,
      isAsked ? '≤ 1 ×' : '',
      isAsked ? cpu <= sdv.cpu : null,
    );
  }
  for (const [epsilon, goal] of [
    [1, 0.84],
    [3, 0.86],
  ] as const) {
    const { table, cpu } = await cpuOf(() => {
      const bits = systemBits();
      const centre = train.columns.findIndex(({ role }) => role === 'target');
      const model = fitMst(
        train,
        { rho: rhoOf(epsilon, DELTA), bins: 32, edges: EDGES, target: centre },
        bits,
      );
      return { ...train, rows: model.rows, values: model.sample(model.rows, bits.float) };
    });
    const own = score(write(`mst${epsilon}`, table));
    const theirs = existsSync(DPMM)
      ? [peer(DPMM, 'mst', String(epsilon)), peer(DPMM, 'privbayes', String(epsilon))]
      : [];
    const best = theirs.length === 0 ? null : Math.max(...theirs.map(({ auc }) => auc));
    note(
      `private rows, ε ${epsilon}: ROC-AUC, beside the better of dpmm's MST and PrivBayes`,
      own.auc,
      best,
      null,
      `≥ ${goal}`,
      own.auc >= goal,
    );
    note(
      `private rows, ε ${epsilon}: CPU s`,
      cpu,
      theirs[0]?.cpu ?? null,
      theirs[0] === undefined ? null : theirs[0].cpu / cpu,
      '≤ 30',
      cpu <= 30,
    );
  }
}
