import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { simulateAi4i } from '../../lib/data/simulate-ai4i.ts';
import { categoryReference, measureDrift, numericReference } from '../../lib/measure/drift.ts';
import { chiSquaredQuantile } from '../../lib/measure/intervals.ts';
import { random } from '../../lib/numbers/random.ts';
import { columnOf } from '../../lib/watch/monitor.ts';
import { assertClose, defaultConfig, fixture, realData } from '../support.ts';

test('PSI equals numpy, KS equals scipy, the χ² quantile equals scipy', () => {
  for (const known of fixture<
    { reference: number[]; batch: number[]; psi: number; ks: number; chi2_99_9: number }[]
  >('drift')) {
    const drift = measureDrift(
      numericReference('x', Float64Array.from(known.reference)),
      Float64Array.from(known.batch),
      0.01,
    );
    assertClose(drift.psi, known.psi, 1e-9, 'PSI');
    assertClose(drift.ks!, known.ks, 1e-9, 'KS');
    assertClose(drift.psi_limit, (1 / 700 + 1 / 300) * known.chi2_99_9, 1e-6, 'limit');
  }
});

test('the limit keeps its promise: without drift about 1 batch in 20 exceeds the 5 % limit', () => {
  const draw = (name: string, n: number) => {
    const rng = random(1, name);
    return Float64Array.from({ length: n }, () => rng.normal());
  };
  let alarms = 0;
  for (let i = 0; i < 400; i++) {
    const reference = numericReference('x', draw(`reference ${i}`, 2000));
    if (measureDrift(reference, draw(`batch ${i}`, 300), 0.05).verdict === 'drift') alarms++;
  }
  assertClose(alarms / 400, 0.05, 0.03, 'share of false alarms');
});

test('missing values are counted apart and an empty batch says nothing', () => {
  const reference = numericReference('x', Float64Array.from([1, 2, 3, Number.NaN]));
  assert.equal(reference.missing, 1);
  const drift = measureDrift(reference, Float64Array.from([1, 2, 3, Number.NaN, Number.NaN]), 0.01);
  assert.equal(drift.missing, 2);
  assert.equal(drift.psi, 0);
  assert.equal(measureDrift(reference, new Float64Array(0), 0.01).verdict, 'no data');
});

test('categories drift by their shares', () => {
  const column = (a: number, b: number) =>
    Float64Array.from([...new Array(a).fill(0), ...new Array(b).fill(1)]);
  const reference = categoryReference('type', column(600, 400), ['L', 'M']);
  assert.equal(measureDrift(reference, column(60, 40), 0.01).psi, 0);
  const drift = measureDrift(reference, column(20, 80), 0.01);
  assertClose(drift.psi, (0.2 - 0.6) * Math.log(0.2 / 0.6) + (0.8 - 0.4) * Math.log(0.8 / 0.4), 1e-12, 'PSI');
  assert.equal(drift.verdict, 'drift');
  assertClose(chiSquaredQuantile(0.95, 1), 3.841458820694124, 1e-6);
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
  const driftOf = (name: string) =>
    measureDrift(numericReference(name, column(name).subarray(0, 7000)), column(name).subarray(7000), 0.01);
  assertClose(driftOf('Air temperature [K]').ks!, 0.443, 0.001, 'KS of air temperature');
  assertClose(driftOf('Process temperature [K]').ks!, 0.092, 0.001, 'KS of process temperature');
  assertClose(driftOf('Air temperature [K]').psi, 3.18, 0.35, 'PSI of air temperature');
  assertClose(driftOf('Process temperature [K]').psi, 0.5, 0.1, 'PSI of process temperature');
  for (const name of ['Rotational speed [rpm]', 'Torque [Nm]', 'Tool wear [min]'])
    assert.ok(driftOf(name).psi <= 0.01, name);
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
    measureDrift(numericReference('air', air.subarray(0, 7000)), air.subarray(7000), 0.01).psi > 1,
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
