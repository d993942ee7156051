import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { simulateAi4i } from '../../lib/data/simulate-ai4i.ts';
import { measureDrifts } from '../../lib/measure/drift.ts';
import { categoryReference, numericReference, type Reference } from '../../lib/measure/drift-reference.ts';
import { discoveries } from '../../lib/measure/false-discoveries.ts';
import { chiSquaredTail } from '../../lib/measure/intervals.ts';
import { type Random, random } from '../../lib/numbers/random.ts';
import { columnOf } from '../../lib/watch/columns.ts';
import { assertClose, defaultConfig, fixture, realData } from '../support.ts';

const limits = { falseAlarmRate: 0.01, psi: 0.2, confidence: 0.95 };

/** One column alone. */
const driftOf = (reference: Reference, column: Float64Array) =>
  measureDrifts([{ reference, column }], limits)[0]!;

test('PSI equals numpy, KS and the chance equal scipy', () => {
  for (const known of fixture<
    { reference: number[]; batch: number[]; counts: number[][]; psi: number; ks: number; p_value: number }[]
  >('drift')) {
    const reference = numericReference('x', Float64Array.from(known.reference));
    const drift = driftOf(reference, Float64Array.from(known.batch));
    assert.deepEqual(reference.counts.slice(0, 10), known.counts[0]);
    assertClose(drift.psi, known.psi, 1e-9, 'PSI');
    assertClose(drift.ks!, known.ks, 1e-9, 'KS');
    assertClose(drift.p_value, known.p_value, 1e-9, 'chance');
  }
  const { p, adjusted } = fixture<{ p: number[]; adjusted: number[] }>('false_discovery');
  for (const rate of [0.01, 0.03, 0.05, 0.1, 0.5])
    assert.deepEqual(
      discoveries(p, rate),
      adjusted.map((value) => value <= rate),
      `at ${rate}`,
    );
});

const zipf = Array.from({ length: 20 }, (_, k) => 1 / (k + 1));
const cumulated = zipf.map((_, k) => zipf.slice(0, k + 1).reduce((a, b) => a + b, 0));
const draws: Record<string, (rng: Random) => number> = {
  numeric: (rng) => rng.normal(),
  zipf: (rng) => {
    const at = rng.float() * cumulated.at(-1)!;
    return cumulated.findIndex((end) => at < end);
  },
  mass: (rng) => (rng.float() < 0.92 ? 7 : rng.normal()),
};
test('without drift a column is called so about as often as was said, however few rows there are', () => {
  const trials = 600;
  for (const kind of ['numeric', 'zipf', 'mass'])
    for (const rows of [30, 300]) {
      let alarms = 0;
      for (let trial = 0; trial < trials; trial++) {
        const rng = random(1, kind, rows, trial);
        const column = (n: number) => Float64Array.from({ length: n }, () => draws[kind]!(rng));
        const trained = column(2000);
        const reference =
          kind === 'zipf'
            ? categoryReference('x', trained, zipf.map(String))
            : numericReference('x', trained);
        if (driftOf(reference, column(rows)).p_value <= 0.05) alarms++;
      }
      assert.ok(alarms / trials > 0.02 && alarms / trials < 0.075, `${kind} ${rows}: ${alarms / trials}`);
    }
});

test('of a hundred columns without drift none is called so', () => {
  let alarms = 0;
  for (let trial = 0; trial < 40; trial++) {
    const rng = random(2, 'many', trial);
    const column = (n: number) => Float64Array.from({ length: n }, () => rng.normal());
    const columns = Array.from({ length: 100 }, () => ({
      reference: numericReference('x', column(1000)),
      column: column(100),
    }));
    if (measureDrifts(columns, { ...limits, psi: 0 }).some(({ verdict }) => verdict !== 'none')) alarms++;
  }
  assert.ok(alarms <= 3, String(alarms));
});

test('what the frozen bins once could not see is drift', () => {
  const rng = random(3, 'blind');
  for (const [name, before, after] of [
    ['a constant that moves', () => 5, () => 9],
    ['a flag', () => Number(rng.float() < 0.05), () => Number(rng.float() < 0.5)],
    ['a maximum that is left', () => (rng.float() < 0.92 ? 100 : rng.float() * 100), () => rng.float() * 100],
    ['missing values', () => rng.normal(), () => (rng.float() < 0.5 ? Number.NaN : rng.normal())],
    ['nothing but missing values', () => rng.normal(), () => Number.NaN],
  ] as const) {
    const column = (n: number, draw: () => number) => Float64Array.from({ length: n }, draw);
    const drift = driftOf(numericReference(name, column(7000, before)), column(300, after));
    assert.equal(drift.verdict, 'drift', name);
    assert.ok(drift.size.low > 0.2, `${name}: ${drift.size.low}`);
  }
  const known = categoryReference(
    'x',
    Float64Array.from({ length: 900 }, (_, i) => i % 3),
    ['a', 'b', 'c'],
  );
  const unknown = driftOf(
    known,
    Float64Array.from({ length: 300 }, (_, i) => (i % 5 < 3 ? -1 : i % 3)),
  );
  assert.equal(unknown.verdict, 'drift', 'unknown categories');
});

test('what a hundred rows show beyond doubt is rarer than the draws can say', () => {
  const rng = random(5, 'rare');
  const column = (n: number) => Float64Array.from({ length: n }, () => rng.normal());
  const reference = numericReference('x', column(3000));
  const gone = driftOf(reference, new Float64Array(100).fill(Number.NaN));
  assert.ok(gone.p_value < 1e-100, String(gone.p_value));
  const some = driftOf(
    reference,
    column(100).map((x, row) => (row < 3 ? Number.NaN : x)),
  );
  assert.ok(some.p_value > 1e-6 && some.p_value < 0.01, String(some.p_value));
});

test('a difference that chance does not explain and that is small is said to be small', () => {
  const rng = random(4, 'small');
  const column = (n: number, shift: number) => Float64Array.from({ length: n }, () => rng.normal() + shift);
  const drift = driftOf(numericReference('x', column(20_000, 0)), column(20_000, 0.1));
  assert.equal(drift.verdict, 'small');
  assert.ok(drift.p_value < 1e-6 && drift.size.high < 0.2);
});

test('missing values are counted apart and an empty batch says nothing', () => {
  const reference = numericReference('x', Float64Array.from([1, 2, 3, Number.NaN]));
  assert.equal(reference.counts.at(-1), 1);
  const drift = driftOf(reference, Float64Array.from([1, 2, 3, Number.NaN, Number.NaN]));
  assert.equal(drift.missing, 2);
  assert.equal(drift.verdict, 'none');
  assert.equal(driftOf(reference, new Float64Array(0)).verdict, 'no data');
  assert.equal(driftOf(numericReference('x', new Float64Array(0)), Float64Array.of(1)).verdict, 'no data');
});

test('categories drift by their shares', () => {
  const column = (a: number, b: number) =>
    Float64Array.from([...new Array(a).fill(0), ...new Array(b).fill(1)]);
  const reference = categoryReference('type', column(600, 400), ['L', 'M']);
  assert.equal(driftOf(reference, column(60, 40)).size.value, 0);
  const drift = driftOf(reference, column(20, 80));
  assertClose(drift.psi, (0.2 - 0.6) * Math.log(0.2 / 0.6) + (0.8 - 0.4) * Math.log(0.8 / 0.4), 0.02, 'PSI');
  assert.equal(drift.verdict, 'drift');
  assertClose(chiSquaredTail(3.841458820694124, 1), 0.05, 1e-9);
});

test('the real AI4I file drifts as was measured before', (t) => {
  const path = realData(t, 'ai4i2020.csv');
  if (path === undefined) return;
  const { schema } = parseConfig(defaultConfig, 'config.yaml');
  const all = Object.fromEntries(
    Object.entries(schema).map(([name, column]) => [
      name,
      { ...column, role: column.role === 'leakage' ? ('sensitive' as const) : column.role },
    ]),
  );
  const { inputs, target } = readDataset(path, all);
  const column = (name: string) => {
    const f = inputs.names.indexOf(name);
    return Float64Array.from(
      { length: inputs.rows },
      (_, row) => inputs.values[row * inputs.names.length + f]!,
    );
  };
  const later = (name: string) =>
    driftOf(numericReference(name, column(name).subarray(0, 7000)), column(name).subarray(7000));
  assertClose(later('Air temperature [K]').ks!, 0.443, 0.001, 'KS of air temperature');
  assertClose(later('Process temperature [K]').ks!, 0.092, 0.001, 'KS of process temperature');
  assertClose(later('Air temperature [K]').size.value, 3.18, 1.9, 'PSI of air temperature');
  assertClose(later('Process temperature [K]').size.value, 0.5, 0.1, 'PSI of process temperature');
  for (const name of ['Rotational speed [rpm]', 'Torque [Nm]', 'Tool wear [min]'])
    assert.notEqual(later(name).verdict, 'drift', name);
  assert.equal(
    target.subarray(0, 7000).reduce((sum, y) => sum + y, 0),
    278,
  );

  // The simulator is held against the same file: marginals, and failures per mode.
  const simulated = simulateAi4i(10_000, 2020);
  const numbers = (at: number) => simulated.map((row) => Number(row[at]));
  const mean = (values: readonly number[] | Float64Array) =>
    (values as number[]).reduce((sum, x) => sum + x, 0) / values.length;
  const spread = (values: readonly number[] | Float64Array) => {
    const centre = mean(values);
    return Math.sqrt(mean(Array.from(values, (x) => (x - centre) ** 2)));
  };
  for (const [at, name, meanWithin, spreadWithin] of [
    [3, 'Air temperature [K]', 0.1, 0.1],
    [4, 'Process temperature [K]', 0.1, 0.9],
    [5, 'Rotational speed [rpm]', 15, 25],
    [6, 'Torque [Nm]', 0.5, 0.3],
    [7, 'Tool wear [min]', 3, 3],
  ] as const) {
    assertClose(mean(numbers(at)), mean(column(name)), meanWithin, `mean of ${name}`);
    assertClose(spread(numbers(at)), spread(column(name)), spreadWithin, `spread of ${name}`);
  }
  for (const [at, published, within] of [
    [8, 339, 80],
    [9, 46, 15],
    [10, 115, 70],
    [11, 95, 25],
    [12, 98, 25],
    [13, 19, 12],
  ] as const) {
    assertClose(
      numbers(at).reduce((a, b) => a + b, 0),
      published,
      within,
      `column ${at}`,
    );
  }
  const air = Float64Array.from(numbers(3));
  assert.ok(
    driftOf(numericReference('air', air.subarray(0, 7000)), air.subarray(7000)).size.low > 1,
    'air temperature drifts in the simulation as in the file',
  );
});

test('texts that a request brought count as the category that stands for all others', () => {
  const city = {
    name: 'city',
    type: 'category',
    categories: ['Graz', 'other'],
    other: 'other',
    nullable: true,
  } as const;
  const column = columnOf(
    [{ input: { city: 'Graz' } }, { input: { city: 'Linz' } }, { input: { city: null } }],
    city,
  );
  assert.deepEqual([...column], [0, 1, Number.NaN]);
});
