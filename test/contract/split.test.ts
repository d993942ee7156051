/** A split of the traffic, and columns that the model never sees: what is put on record of each. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { lineupOf } from '../../lib/predict/fleet.ts';
import { defaultConfig } from '../support.ts';
import { poster, row, type Served, served } from './served.ts';

let api: Served;
let post: ReturnType<typeof poster>;
before(async () => {
  api = await served();
  post = poster(api.app);
});

test('a split is on record with what it was drawn by, and each key keeps its version', async () => {
  const [model, canary] = api.models;
  api.state.lineup = lineupOf(model!, [[canary!, 30]], 'salt');
  const seen = new Map<string, string>();
  for (let i = 0; i < 120; i++) {
    const key = `customer-${i % 40}`;
    const headers = { 'content-type': 'application/json', 'x-routing-key': key };
    const { model: version } = (await (await post('/predict', row, headers)).json()) as { model: string };
    assert.equal(seen.get(key) ?? version, version);
    seen.set(key, version);
    const line = api.recorded.at(-1)!;
    assert.deepEqual(
      [line.key, line.salt, line.split, line.route],
      [key, 'salt', 'v1=70 v2=30', version === 'v1' ? 'champion' : 'canary'],
    );
  }
  assert.deepEqual([...new Set(seen.values())].sort(), ['v1', 'v2']);
  await post('/predict', row, { 'content-type': 'application/json', 'x-routing-key': 'no\tkey' });
  assert.equal(api.recorded.at(-1)!.key, api.recorded.at(-1)!.id, 'without a key, the id');
  api.state.lineup = lineupOf(model!, [], 'salt');
});

test('a canary that fails costs no answer: the model gives it, and the failure is on record', async () => {
  const [model, canary] = api.models;
  const failing = {
    ...canary!,
    score: () => {
      throw new Error('it broke');
    },
  };
  api.state.lineup = lineupOf(model!, [[failing, 100]], 'salt');
  const response = await post('/predict', row);
  api.state.lineup = lineupOf(model!, [], 'salt');
  assert.equal(response.status, 200);
  assert.equal(((await response.json()) as { model: string }).model, 'v1');
  const [failed, answered] = api.recorded.slice(-2);
  assert.deepEqual([failed!.route, failed!.model], ['failed', 'v2']);
  assert.deepEqual([answered!.route, answered!.model], ['champion', 'v1']);
});

test('a canary that refuses what the model takes has failed', async () => {
  const [model, canary] = api.models;
  const strict = {
    ...canary!,
    parse: (all: readonly unknown[]) =>
      all.length > 0 ? { problems: [{ row: 0, field: 'Type', problem: 'no' }] } : canary!.parse(all),
  };
  api.state.lineup = lineupOf(model!, [[strict, 100]], 'salt');
  assert.equal((await post('/predict', row)).status, 200);
  assert.deepEqual(
    api.recorded.slice(-2).map(({ route, model: by }) => [route, by]),
    [
      ['failed', 'v2'],
      ['champion', 'v1'],
    ],
  );
  assert.equal((await post('/predict', { ...row, Type: 'X' })).status, 400, 'what both refuse is refused');
  api.state.lineup = lineupOf(model!, [], 'salt');
});

test('sensitive columns come along and are kept apart', async () => {
  const configText = defaultConfig.replace(
    'Product ID: { type: text, role: id, missing: refuse',
    'Product ID: { type: text, role: sensitive, missing: keep',
  );
  const apart = await served({ configText });
  assert.equal((await poster(apart.app)('/predict', { ...row, 'Product ID': 'F' })).status, 200);
  const line = apart.recorded[0]!;
  assert.doesNotMatch(JSON.stringify(line), /Product/);
  assert.deepEqual(apart.sensitive, [{ id: line.id, sensitive: { 'Product ID': 'F' } }]);
});
