/** POST /explain, as it is promised. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routesKeepTheirWord } from '../../../test/contract/contract.ts';
import { poster, row, served } from '../../../test/contract/served.ts';
import { explainRoutes } from '../route.ts';
import { explainSection } from '../settings.ts';

const make = () => served({ more: [explainRoutes], additions: [{ section: explainSection }] });

routesKeepTheirWord('explain', make);

test('POST /explain: contributions that add up, of one row or some, nothing on record', async () => {
  const api = await make();
  const post = poster(api.app);
  const one = await post('/explain', row);
  assert.equal(one.status, 200);
  const explanation = (await one.json()) as {
    probability: number;
    base: number;
    contributions: Record<string, number>;
    output: number;
    of: string;
  };
  const sum = Object.values(explanation.contributions).reduce((a, b) => a + b, explanation.base);
  assert.ok(Math.abs(sum - explanation.probability) < 1e-9 && Math.abs(sum - explanation.output) < 1e-9);
  assert.equal(explanation.of, '1');
  assert.deepEqual(Object.keys(explanation.contributions), [
    ...Object.keys(row),
    ...Object.keys(api.config.features.engineered),
  ]);
  const some = (await (
    await post('/explain', [row, { ...row, 'Torque [Nm]': 70 }])
  ).json()) as (typeof explanation)[];
  assert.equal(some.length, 2);
  assert.ok(some[1]!.contributions['Torque [Nm]']! > some[0]!.contributions['Torque [Nm]']!);
  assert.equal((await post('/explain', {})).status, 400);
  assert.equal((await post('/explain', [])).status, 400);
  const many = await post('/explain', new Array(101).fill(row));
  assert.equal(many.status, 413);
  assert.deepEqual(api.recorded, []);
});
