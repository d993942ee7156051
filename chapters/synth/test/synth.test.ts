/** Made rows: like the real ones in every column and pair, inside the schema, and judged as SDMetrics judges. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { NamedColumn } from '../../../lib/config/roles.ts';
import type { Table } from '../../../lib/data/table.ts';
import { readTable } from '../../../lib/files/csv.ts';
import { random } from '../../../lib/numbers/random.ts';
import { assertClose, trainedProject } from '../../../test/support.ts';
import { fitCopula } from '../copula.ts';
import { measureDisclosure } from '../disclosure.ts';
import { kolmogorovSmirnov, likenessOf } from '../likeness.ts';
import { takeTableRows } from '../real.ts';
import { fitSequentialTrees } from '../sequential-trees.ts';

interface Known {
  readonly real: (string | number | null)[][];
  readonly made: (string | number | null)[][];
  readonly score: number;
  readonly properties: number[];
  readonly shapes: Record<string, number>;
  readonly pairs: [string, string, number, boolean][];
}

const COLUMNS: NamedColumn[] = [
  { name: 'a', type: 'number', role: 'input', missing: 'keep' },
  { name: 'b', type: 'number', role: 'input', missing: 'keep' },
  { name: 'k', type: 'category', role: 'sensitive', categories: ['x', 'y', 'z'], missing: 'keep' },
  { name: 'm', type: 'category', role: 'target', categories: ['high', 'low'], missing: 'refuse' },
  { name: 'c', type: 'integer', role: 'input', missing: 'keep' },
];

function tableOf(rows: readonly (readonly (string | number | null)[])[]): Table {
  return {
    columns: COLUMNS,
    rows: rows.length,
    values: COLUMNS.map(({ categories }, c) =>
      Float64Array.from(rows, (row) =>
        row[c] === null
          ? Number.NaN
          : categories === undefined
            ? Number(row[c])
            : categories.indexOf(String(row[c])),
      ),
    ),
    texts: COLUMNS.map(() => undefined),
  };
}

const known = JSON.parse(readFileSync('chapters/synth/test/likeness.json', 'utf8')) as Known;
const [real, made] = [tableOf(known.real), tableOf(known.made)];

test('likeness is what SDMetrics says, column by column and pair by pair', () => {
  const { score, shapes, pairs, byColumn, byPair } = likenessOf(real, made);
  for (const { column, score: own } of byColumn) assertClose(own, known.shapes[column]!, 1e-9, column);
  assert.equal(byPair.length, known.pairs.length);
  for (const [a, b, own, counts] of known.pairs) {
    const found = byPair.find(({ columns }) => columns.includes(a) && columns.includes(b))!;
    assertClose(found.score, own, 1e-9, `${a} and ${b}`);
    assert.equal(found.counts, counts, `${a} and ${b}`);
  }
  assertClose(shapes, known.properties[0]!, 1e-9);
  assertClose(pairs, known.properties[1]!, 1e-9);
  assertClose(score, known.score, 1e-9);
  assert.equal(kolmogorovSmirnov(Float64Array.of(1, 2, 3), Float64Array.of(4, 5)), 1);
  const same = likenessOf(real, real);
  assertClose(same.score, 1, 1e-12);
});

const OPTIONS = { seed: 3, bins: 24, trees: 4, minRows: 5 };

test('copula and trees keep shapes, dependence and what is missing, and are the same by the same seed', async () => {
  for (const [name, fit, least] of [
    ['copula', fitCopula, 0.9],
    ['tree', fitSequentialTrees, 0.93],
  ] as const) {
    const rows = async () => {
      const generator = await fit(real, OPTIONS);
      return { ...real, rows: 2000, values: generator.sample(2000, random(1, name)) };
    };
    const [one, two] = [await rows(), await rows()];
    assert.deepEqual(one.values, two.values, name);
    const { score, shapes } = likenessOf(real, one);
    assert.ok(score > least && shapes > 0.95, `${name}: ${score}, ${shapes}`);
    for (const c of [2, 4]) {
      const share = (table: Table) =>
        table.values[c]!.reduce((n, x) => n + Number(Number.isNaN(x)), 0) / table.rows;
      assertClose(share(one), share(real), 0.03, `${name}: missing`);
    }
    assert.ok(
      one.values[4]!.every((x) => Number.isNaN(x) || Number.isInteger(x)),
      name,
    );
  }
});

test('rows that were copied are found out, and rows drawn anew are not', () => {
  const rng = random(2, 'disclosure');
  const draw = (rows: number): Table => ({
    columns: COLUMNS,
    rows,
    values: COLUMNS.map(({ categories }) =>
      Float64Array.from({ length: rows }, () =>
        categories === undefined ? rng.normal() : rng.int(categories.length),
      ),
    ),
    texts: COLUMNS.map(() => undefined),
  });
  const [train, holdout] = [draw(800), draw(800)];
  const options = { rows: 300, seed: 1, confidence: 0.95 };
  const told = measureDisclosure(
    train,
    holdout,
    takeTableRows(
      train,
      Int32Array.from({ length: 800 }, (_, i) => i),
    ),
    options,
  );
  assert.deepEqual(told.copies, { train: 800, holdout: 0, of: 800 });
  assert.ok(told.membership.low > 0.9 && told.nearer.low > 0.5, JSON.stringify(told.membership));
  assert.ok(told.attributes[0]!.difference.low > 0.3);
  // Intervals of what is not told cover a half as often as they say, .95 of the times.
  let covered = 0;
  const TRIALS = 30;
  for (let trial = 0; trial < TRIALS; trial++) {
    const untold = measureDisclosure(draw(150), draw(150), draw(300), { ...options, rows: 150, seed: trial });
    assert.equal(untold.copies.train, 0);
    for (const { low, high } of [untold.membership, untold.nearer])
      covered += Number(low <= 0.5 && high >= 0.5);
  }
  assert.ok(covered >= 2 * TRIALS - 8, `${covered} of ${2 * TRIALS}`);
});

test('made rows hold the schema and every condition, and can be judged and prepared', () => {
  const project = trainedProject();
  project.set({ n_estimators: 20 });
  project.configure(
    ['trees: 5', 'trees: 2'],
    ['constraints: []', `constraints: ['"Process temperature [K]" > "Air temperature [K]" + 7']`],
  );
  const rare = project.make(
    'synthesize',
    'METHOD=tree',
    'ROWS=400',
    `WHERE="Machine failure" = '1'`,
    'OUT=failures.csv',
  );
  assert.equal(rare.status, 0, rare.err);
  const failures = readTable(project.path('failures.csv'));
  assert.equal(failures.length, 400);
  for (const row of failures) {
    assert.equal(row['Machine failure'], '1');
    assert.ok(Number(row['Process temperature [K]']) > Number(row['Air temperature [K]']) + 7);
    assert.ok(Number(row['Torque [Nm]']) >= 0 && Number(row['Torque [Nm]']) <= 100);
  }
  assert.equal(new Set(failures.map(({ UDI }) => UDI)).size, 400);
  assert.equal(project.make('synthesize', 'METHOD=copula', 'ROWS=1500').status, 0);
  assert.equal(project.make('synthesize', 'ROWS=1500').status, 0);
  const judged = project.make('judge-synthetic', 'CSV=data/synthetic/tree.csv');
  assert.equal(judged.status, 0, judged.err);
  assert.match(judged.out, /like the real rows by 0\.9\d+/);
  assert.match(judged.out, /boosted trees learn ROC-AUC 0\.\d+ from them, 0\.9\d+ from the real ones/);
  project.configure(
    ['source: simulated', 'source: file'],
    ['raw_path: data/raw/ai4i2020.csv', 'raw_path: data/synthetic/tree.csv'],
  );
  project.set({ train_rows: 1000 });
  assert.equal(project.make('prepare', 'VERSION=v2').status, 0);
  for (const [args, said] of [
    [['WHERE="Torque" > 1'], /"Torque" is no column/],
    [['WHERE="UDI" > 1'], /identifier, which are made without looking/],
    [
      ['WHERE="Torque [Nm]" > 500', 'ROWS=10'],
      /^0 of [\d,]+ rows that were drawn hold .* and "Torque \[Nm\]" > 500: too rare to make 10 rows/,
    ],
    [['WHERE="Torque [Nm]" / 0 > 1', 'ROWS=10'], /^0 of [\d,]+ rows/],
    [['ROWS=0'], /no number of rows/],
    [['METHOD=forest'], /METHOD=forest/],
  ] as const) {
    const { status, err } = project.make('synthesize', ...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(err, said);
  }
});
