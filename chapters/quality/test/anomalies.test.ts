/** What is odd: planted rows, cells, pairs, batches and labels are found, and sound ones are not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rankMetrics, rankScores } from '../../../lib/measure/metrics.ts';
import type { Matrix } from '../../../lib/numbers/matrix.ts';
import { random } from '../../../lib/numbers/random.ts';
import { oddColumns } from '../batch-history.ts';
import { averageDepth, growIsolationForest } from '../isolation-forest.ts';
import { labelIssues } from '../label-issues.ts';
import { brokenPairs, explainOdd, farCells, learnUsual, oddityOf } from '../oddities.ts';
import type { Profile } from '../profile.ts';

const OPTIONS = { trees: 100, rowsPerTree: 256, seed: 7 };
const INPUTS = [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'kind', categories: ['x', 'y', 'z'] }];

/** b follows a, c is apart, z is rare; from `planted` on rows are odd in the way that is named. */
function drawn(
  rows: number,
  plant: (row: number, values: Float64Array, at: number) => void = () => {},
): Matrix {
  const rng = random(5, 'odd');
  const values = new Float64Array(rows * 4);
  for (let row = 0; row < rows; row++) {
    const a = rng.normal();
    values.set([a, 2 * a + 0.1 * rng.normal(), rng.normal(), rng.float() < 0.6 ? 0 : 1], row * 4);
    plant(row, values, row * 4);
  }
  return { names: INPUTS.map(({ name }) => name), rows, values };
}

test('the mean depth is that of the paper, and a forest is the same by the same seed', () => {
  assert.equal(averageDepth(1), 0);
  assert.equal(averageDepth(2), 1);
  // c(256) of equation 1, with the harmonic number as ln + Euler's constant.
  assert.ok(Math.abs(averageDepth(256) - 10.2447) < 1e-3, String(averageDepth(256)));
  const matrix = drawn(500);
  const scores = () => growIsolationForest(matrix, OPTIONS).scores(matrix.values, matrix.rows);
  assert.deepEqual(scores(), scores());
});

test('rows that were planted are the oddest, and the columns that make them odd are named', () => {
  const isOdd = (row: number) => row % 100 === 99;
  const matrix = drawn(5000, (row, values, at) => {
    if (isOdd(row)) values[at + 2] = row % 200 === 99 ? 7 : -7;
  });
  const learnt = learnUsual(matrix, INPUTS, OPTIONS);
  const scores = oddityOf(learnt, matrix);
  const labels = Uint8Array.from({ length: matrix.rows }, (_, row) => Number(isOdd(row)));
  const auc = rankMetrics(rankScores(labels, scores)).roc_auc;
  assert.ok(auc > 0.95, `AUC ${auc}`);
  for (const row of [99, 199, 299]) {
    const { because, score } = explainOdd(learnt, matrix, row);
    assert.equal(because[0]!.column, 'c');
    assert.ok(Math.abs(score - scores[row]!) < 1e-12);
  }
  assert.deepEqual(
    new Set(farCells(learnt, matrix).map(({ row, column }) => `${column} ${row}`)),
    new Set([...labels.keys()].filter(isOdd).map((row) => `2 ${row}`)),
  );
});

test('a pair that goes together is found, and the rows that break with it', () => {
  const isBroken = (row: number) => row % 500 === 7;
  const matrix = drawn(3000, (row, values, at) => {
    if (isBroken(row)) values[at + 1] = -values[at + 1]! + (values[at]! > 0 ? -3 : 3);
  });
  const learnt = learnUsual(matrix, INPUTS, OPTIONS);
  assert.deepEqual(
    learnt.pairs.map(({ first, second }) => [first, second]),
    [[0, 1]],
  );
  assert.ok(Math.abs(learnt.pairs[0]!.slope - 2) < 0.05);
  assert.deepEqual(
    brokenPairs(learnt, matrix).map(({ row }) => row),
    [...Array(3000).keys()].filter(isBroken),
  );
});

test('missing values and columns of one value are no error', () => {
  const matrix = drawn(300, (row, values, at) => {
    values[at + 2] = 4;
    if (row % 3 === 0) values[at] = Number.NaN;
    if (row % 50 === 0) values.fill(Number.NaN, at, at + 4);
  });
  const learnt = learnUsual(matrix, INPUTS, OPTIONS);
  assert.ok(oddityOf(learnt, matrix).every((score) => score > 0 && score < 1));
  const one = { ...matrix, rows: 1, values: matrix.values.slice(0, 4) };
  assert.ok(Number.isFinite(oddityOf(learnUsual(one, INPUTS, OPTIONS), one)[0]!));
});

test('labels that are probably wrong are those that cleanlab finds, in its order', () => {
  const { labels, scores, issues } = JSON.parse(
    readFileSync('chapters/quality/test/labels.json', 'utf8'),
  ) as {
    labels: number[];
    scores: number[][];
    issues: number[];
  };
  const found = labelIssues(labels, Float64Array.from(scores.flat()), 3);
  assert.deepEqual(
    found.map(({ row }) => row),
    issues,
  );
});

test('a batch is said to be odd where it is, and about never where it is not', () => {
  const profile = (seed: number, rows: number, shift = 0, missing = 0.05, share = 0.3): Profile => {
    const rng = random(seed, 'batch');
    let [nulls, sum, squares, x, n] = [0, 0, 0, 0, 0];
    for (let i = 0; i < rows; i++) {
      if (rng.float() < share) x++;
      if (rng.float() < missing) {
        nulls++;
        continue;
      }
      const value = 10 + shift + 2 * rng.normal();
      n++;
      sum += value;
      squares += value * value;
    }
    const mean = sum / n;
    return {
      rows,
      columns: {
        v: { nulls, mean, stdev: Math.sqrt((squares - n * mean * mean) / (n - 1)) },
        k: { nulls: 0, categories: { x, y: rows - x } },
      },
    };
  };
  const found = (now: Profile, before: readonly Profile[]) =>
    oddColumns(now, before).map(({ column, what }) => `${column} ${what}`);
  let false_ = 0;
  for (let seed = 0; seed < 400; seed++)
    false_ += found(
      profile(seed, 500),
      Array.from({ length: 1 + (seed % 4) }, (_, i) => profile(10_000 + 7 * seed + i, 500)),
    ).length;
  assert.equal(false_, 0);
  const before = [1, 2, 3].map((seed) => profile(seed, 1000));
  assert.deepEqual(found(profile(9, 1000, 2), before), ['v mean']);
  assert.deepEqual(found(profile(9, 1000, 0, 0.25), before), ['v missing']);
  assert.deepEqual(found(profile(9, 1000, 0, 0.05, 0.6), before), ['k: x category', 'k: y category']);
});
