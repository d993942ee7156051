import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { binRows, findEdges } from '../../lib/learn/bins.ts';
import { GRADIENT } from '../../lib/learn/boosting-shard.ts';
import { bundleFeatures, thresholdBelow } from '../../lib/learn/bundles.ts';
import { bestGainSplit } from '../../lib/learn/gain.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';

function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return {
    names: rows[0]!.map((_, f) => `f${f}`),
    rows: rows.length,
    values: Float64Array.from(rows.flat()),
  };
}

test('a bundle of features splits like the features alone, by any histogram', () => {
  const row = fc.record({
    hot: fc.integer({ min: 0, max: 4 }),
    g: fc.integer({ min: -50, max: 50 }),
    h: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 30 }), (rows) => {
      const bundled = new Float64Array(1024);
      const alone = new Float64Array(4 * 256);
      for (const { hot, g, h } of rows) {
        const sum = g * GRADIENT + h;
        bundled[hot]! += sum;
        for (let f = 0; f < 4; f++) alone[f * 256 + (hot === f + 1 ? 1 : 0)]! += sum;
      }
      const total = rows.reduce((sum, { g, h }) => sum + g * GRADIENT + h, 0);
      const params = { l2: 1, minSamplesLeaf: 0, minHessianLeaf: 1e-3, levels: 64 };
      const counts = [2, 2, 2, 2];
      const one = bestGainSplit(bundled, [[0, 1, 2, 3]], counts, total, rows.length, params);
      const four = bestGainSplit(alone, [[0], [1], [2], [3]], counts, total, rows.length, params);
      const told = (split: typeof one) => split && [split.feature, split.gain, split.left, split.missingLeft];
      assert.deepEqual(told(one), told(four));
      if (one !== undefined) assert.deepEqual([one.low, one.high], [one.feature + 1, one.feature + 1]);
    }),
  );
});

test('features are bundled where no row has two of them, and binned by which one it has', () => {
  // Two inputs of 2 and 3 categories, one of them with a gap; a number; two indicators that meet in the last row.
  const matrix = matrixOf([
    [1, 0, 0, 0, 1, 7, 1, 0],
    [0, 1, 0, 1, 0, 8, 0, 1],
    [0, 1, 1, 0, 0, 9, 0, 0],
    [1, 0, 0, 0, 0, 9, 1, 1],
  ]);
  const edges = findEdges(matrix, 255, 1);
  const columns = bundleFeatures(matrix, edges);
  assert.deepEqual(columns, [[0, 1], [2, 3, 4], [5], [6], [7]]);
  const bins = binRows(matrix, edges, columns);
  assert.deepEqual([...bins.subarray(0, 8)], [1, 2, 2, 1, 3, 2, 1, 0]);
  assert.equal(thresholdBelow(columns[1]!, edges, 3), 0.5);
  assert.equal(thresholdBelow(columns[2]!, edges, 1), 7.5);

  const cell = fc.constantFrom(0, 0, 0, 1, 1, 2, Number.NaN);
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 6, maxLength: 6 }), { minLength: 1 }), (rows) => {
      const any = matrixOf(rows);
      const found = bundleFeatures(any, findEdges(any, 255, 1));
      assert.deepEqual(found.flat(), [0, 1, 2, 3, 4, 5]);
      for (const bundle of found.filter(({ length }) => length > 1))
        for (const row of rows) {
          const hot = bundle.filter((f) => row[f] !== 0);
          assert.ok(hot.length <= 1 && hot.every((f) => row[f] === 1), `${bundle} of ${row}`);
        }
    }),
  );
});
