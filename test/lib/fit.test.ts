import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { rolesOf } from '../../lib/config/roles.ts';
import { threadsFor } from '../../lib/learn/threads.ts';
import { random } from '../../lib/numbers/random.ts';
import { splitFold, stratifiedFolds } from '../../lib/train/folds.ts';
import type { FitTask, Part } from '../../lib/train/part.ts';
import { fitParts } from '../../lib/train/side-by-side.ts';
import { defaultConfig } from '../support.ts';

const config = parseConfig(defaultConfig, 'config.yaml');

/** Stumps: much to look at, as threads are worth it, and little to do. The target follows torque. */
const TREES = 450;
function tableOf(rows: number, threads: number): FitTask {
  const rng = random(5, 'fit');
  const names = rolesOf(config.schema).inputs.map(({ name }) => name);
  const values = Float64Array.from({ length: rows * 6 }, (_, i) =>
    i % 6 === 0 ? rng.int(3) : Math.round(rng.normal() * 100),
  );
  const target = Uint8Array.from({ length: rows }, (_, row) =>
    values[row * 6 + 4]! + 100 * rng.normal() > 100 ? 1 : 0,
  );
  const params = {
    ...config.model_params,
    algorithm: 'RandomForest' as const,
    n_estimators: TREES,
    max_depth: 1,
    threads,
  };
  return {
    inputs: { names, rows, values },
    target,
    schema: config.schema,
    engineered: config.features.engineered,
    params,
  };
}

test('parts fitted side by side are those fitted one after the other, and every share is told', async () => {
  const rows = 20_000;
  assert.equal(threadsFor(4 * rows * 6 * TREES, 2), 2, 'enough for two threads');
  const { target } = tableOf(rows, 1);
  const folds = stratifiedFolds(target, 5, 1);
  const parts: Part[] = [0, 1, 2, 3, 4].map((which) => {
    const { inside, outside } = splitFold(folds, which);
    return { learn: outside, score: inside };
  });
  const shares: number[] = [];
  const one = await Promise.all(await fitParts(tableOf(rows, 1), parts, (share) => shares.push(share)));
  const two = await Promise.all(await fitParts(tableOf(rows, 2), parts));
  assert.deepEqual(two, one);
  assert.equal(one[0]!.scores.length, parts[0]!.score.length);
  assert.ok(shares.every((share, i) => i === 0 || share >= shares[i - 1]!));
  assert.ok(Math.abs(shares.at(-1)! - 1) < 1e-9, `ends at ${shares.at(-1)}`);
});

test('a part that cannot be fitted fails, on a thread and without one', async () => {
  for (const threads of [1, 2]) {
    const table = { ...tableOf(60_000, threads), schema: {} };
    const all = { learn: Int32Array.from(table.target.keys()), score: new Int32Array(0) };
    const fitted = await fitParts(table, [all, all, all]);
    await assert.rejects(fitted[1]!, TypeError);
    await Promise.allSettled(fitted);
  }
});
