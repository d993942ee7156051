import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { readCell } from '../../lib/data/columns.ts';
import { fillFor } from '../../lib/data/impute.ts';
import { perturbRows } from '../../lib/data/perturb.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';
import { splitFold, stratifiedFolds } from '../../lib/train/folds.ts';
import { fitPipeline, transform, transformRows } from '../../lib/train/pipeline.ts';
import { assertClose, defaultConfig } from '../support.ts';

const config = parseConfig(defaultConfig, 'config.yaml');
const inputs: Matrix = {
  names: [
    'Type',
    'Air temperature [K]',
    'Process temperature [K]',
    'Rotational speed [rpm]',
    'Torque [Nm]',
    'Tool wear [min]',
  ],
  rows: 3,
  values: Float64Array.of(
    0,
    298,
    308,
    1500,
    40,
    0,
    1,
    300,
    Number.NaN,
    1400,
    50,
    100,
    Number.NaN,
    302,
    312,
    1600,
    30,
    200,
  ),
};

test('features are one-hot categories, numbers as they are, and the engineered columns', () => {
  const pipeline = fitPipeline(inputs, config.schema, config.features.engineered, false);
  const features = transform(pipeline, inputs);
  assert.deepEqual(pipeline.features.slice(0, 4), [
    'Type = L',
    'Type = M',
    'Type = H',
    'Air temperature [K]',
  ]);
  const row = (i: number) => [...features.values.subarray(i * 11, (i + 1) * 11)];
  const first = row(0);
  assert.deepEqual(first.slice(0, 8), [1, 0, 0, 298, 308, 1500, 40, 0]);
  assertClose(first[8]!, (40 * 1500 * 2 * Math.PI) / 60, 1e-9, 'power');
  assert.deepEqual(first.slice(9), [10, 0]);
  assert.equal(row(1)[4], 308, 'the lower median of the training rows fills a gap');
  assert.deepEqual(row(2).slice(0, 3), [1, 0, 0], 'the most frequent category fills a gap');
});

test('one row alone gives the same features as in its table', () => {
  const pipeline = fitPipeline(inputs, config.schema, config.features.engineered, true);
  const table = transform(pipeline, inputs);
  for (let i = 0; i < 3; i++) {
    const out = transformRows(pipeline, inputs.values.slice(i * 6, (i + 1) * 6), 1);
    assert.deepEqual(out, table.values.slice(i * 11, (i + 1) * 11));
  }
});

test('scaling gives mean 0 and standard deviation 1, and leaves a constant at 0', () => {
  const constant = { ...inputs, values: inputs.values.map((x, i) => (i % 6 === 3 ? 1500 : x)) };
  const features = transform(fitPipeline(constant, config.schema, {}, true), constant);
  const column = (f: number) => [0, 1, 2].map((i) => features.values[i * 8 + f]!);
  assertClose(
    column(3).reduce((a, b) => a + b, 0),
    0,
    1e-12,
    'mean',
  );
  assertClose(column(3).reduce((a, b) => a + b * b, 0) / 3, 1, 1e-12, 'variance');
  assert.deepEqual(column(5), [0, 0, 0]);
});

test('cells are read strictly', () => {
  const number = config.schema['Torque [Nm]']!;
  assert.equal(readCell(number, '42.8'), 42.8);
  assert.ok(Number.isNaN(readCell(number, '')));
  // What init finds of European money; a file that the project wrote of it has a point before the decimals.
  const money = {
    type: 'number',
    role: 'input',
    missing: 'keep',
    range: [0, 1e6],
    strip: ['€', '.'],
  } as const;
  assert.equal(readCell(money as never, '1.234,50 €', ','), 1234.5);
  assert.equal(readCell(money as never, '1234.5'), 1234.5);
  for (const [cell, problem] of [
    ['1,5', /decimal comma/],
    ['0x10', /is not a number/],
    ['NaN', /leave the cell empty/],
    ['1e999', /not a finite number/],
    ['101', /outside 0 to 100 Nm/],
    ['4 2', /is not a number/],
    ['Infinity', /is not a number/],
  ] as const) {
    assert.match(String(readCell(number, cell)), problem, cell);
  }
  assert.match(String(readCell(config.schema.UDI!, '1.5')), /not a whole number/);
  assert.match(String(readCell(config.schema.UDI!, '')), /is empty/);
  assert.match(String(readCell(config.schema.Type!, 'X')), /"X" is none of L, M, H/);
});

test('imputation rules', () => {
  const column = config.schema['Torque [Nm]']!;
  const values = Float64Array.of(1, 5, Number.NaN, 2, 2);
  assert.equal(fillFor({ ...column, missing: 'median' }, values), 2);
  assert.equal(fillFor({ ...column, missing: 'mean' }, values), 2.5);
  assert.equal(fillFor({ ...column, missing: 'most_frequent' }, values), 2);
  assert.ok(Number.isNaN(fillFor({ ...column, missing: 'keep' }, values)));
  assert.ok(Number.isNaN(fillFor(column, Float64Array.of(Number.NaN))), 'nothing to learn from');
});

test('folds hold each class evenly and every row once', () => {
  const target = Uint8Array.from({ length: 103 }, (_, i) => (i % 10 === 0 ? 1 : 0));
  const fold = stratifiedFolds(target, 5, 1);
  const seen: number[] = [];
  for (let which = 0; which < 5; which++) {
    const { inside, outside } = splitFold(fold, which);
    assert.equal(inside.length + outside.length, 103);
    const positives = inside.filter((row) => target[row] === 1).length;
    assert.ok(positives === 2 || positives === 3);
    seen.push(...inside);
  }
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    [...target.keys()],
  );
});

test('rows of one entity share a fold, and without repeats entities change nothing', () => {
  const target = Uint8Array.from({ length: 200 }, (_, i) => (i % 9 === 0 ? 1 : 0));
  const alone = stratifiedFolds(target, 5, 3, Int32Array.from(target.keys()));
  assert.deepEqual(alone, stratifiedFolds(target, 5, 3));
  const entities = Int32Array.from(target.keys(), (i) => i % 120);
  const fold = stratifiedFolds(target, 5, 3, entities);
  for (let i = 0; i < 80; i++) assert.equal(fold[i], fold[i + 120]);
});

test('a perturbed day changes what was declared, as declared, and the same way each time', () => {
  const header = ['Type', 'Torque [Nm]'];
  const rows = Array.from({ length: 2000 }, (_, i) => ['L', String(40 + (i % 3))]);
  const changes = [
    { column: 'Torque [Nm]', scale: 2, shift: 1, noise: 0.5, missing: 0.1 },
    { column: 'Type', new_category: 'Z', share: 0.2 },
  ];
  const day = perturbRows(header, rows, config.schema, { changes, seed: 1 });
  assert.deepEqual(day, perturbRows(header, rows, config.schema, { changes, seed: 1 }));
  assert.deepEqual(rows[0], ['L', '40'], 'the rows given stay as they are');
  const torque = day.map(([, cell]) => cell!);
  assertClose(torque.filter((cell) => cell === '').length / 2000, 0.1, 0.02, 'share missing');
  assertClose(day.filter(([type]) => type === 'Z').length / 2000, 0.2, 0.03, 'share of the new category');
  const present = torque.filter((cell) => cell !== '').map(Number);
  assertClose(present.reduce((a, b) => a + b, 0) / present.length, 2 * 41 + 1, 0.2, 'mean');
  assert.ok(
    present.every((x) => x <= 100),
    'inside the range',
  );
});
