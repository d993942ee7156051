/** Shapley values of trees: against every subset of features summed up, and against Python's shap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../lib/config/parse.ts';
import { fitModel, scorerOf } from '../../../lib/learn/estimator.ts';
import { addLeaf, emptyTree, splitLeaf, type Tree } from '../../../lib/learn/tree.ts';
import type { Matrix } from '../../../lib/numbers/matrix.ts';
import { random } from '../../../lib/numbers/random.ts';
import { assertClose, defaultConfig, fixture } from '../../../test/support.ts';
import { boostingOfXgboost } from '../../../test/xgboost.ts';
import { explainerOf } from '../explain.ts';
import { interventionalExplainer } from '../interventional.ts';
import { pathDependentExplainer } from '../path-dependent.ts';
import { gaussLegendre } from '../quadrature.ts';
import { expectedValue } from '../walk.ts';

const FEATURES = 5;

/** A tree of random splits, some of them on the same feature again and again. */
function randomTree(seed: number, depth: number): Tree {
  const rng = random(seed, 'tree');
  const tree = emptyTree();
  addLeaf(tree, [rng.normal()], 1000);
  const grow = (node: number, level: number) => {
    if (level === depth || rng.float() < 0.15) return;
    splitLeaf(tree, node, rng.int(FEATURES), rng.normal(), rng.float() < 0.5);
    const share = 0.1 + 0.8 * rng.float();
    const left = addLeaf(tree, [rng.normal()], tree.cover[node]! * share);
    addLeaf(tree, [rng.normal()], tree.cover[node]! * (1 - share));
    grow(left, level + 1);
    grow(left + 1, level + 1);
  };
  grow(0, 0);
  return tree;
}

function goesLeft(tree: Tree, node: number, x: number): boolean {
  return Number.isNaN(x) ? tree.missing_left[node] === 1 : x <= tree.threshold[node]!;
}

/** Output where only the features of the subset are known: the others follow both branches by cover. */
function knownByCover(tree: Tree, row: Float64Array, subset: number, node = 0): number {
  const left = tree.left[node]!;
  if (left === 0) return tree.value[node]![0]!;
  const f = tree.feature[node]!;
  if ((subset >> f) & 1)
    return knownByCover(tree, row, subset, goesLeft(tree, node, row[f]!) ? left : left + 1);
  const share = tree.cover[left]! / tree.cover[node]!;
  return (
    share * knownByCover(tree, row, subset, left) + (1 - share) * knownByCover(tree, row, subset, left + 1)
  );
}

/** Shapley (1953): the mean contribution over all orders, from the value of every subset. */
function shapley(payoff: (subset: number) => number): number[] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  return Array.from({ length: FEATURES }, (_, f) => {
    let sum = 0;
    for (let subset = 0; subset < 1 << FEATURES; subset++) {
      if ((subset >> f) & 1) continue;
      const size = [...subset.toString(2)].filter((bit) => bit === '1').length;
      const weight = (factorial(size) * factorial(FEATURES - size - 1)) / factorial(FEATURES);
      sum += weight * (payoff(subset | (1 << f)) - payoff(subset));
    }
    return sum;
  });
}

function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return {
    names: rows[0]!.map((_, f) => `f${f}`),
    rows: rows.length,
    values: Float64Array.from(rows.flat()),
  };
}

test('quadrature is exact for polynomials of degree 2n − 1', () => {
  for (let n = 1; n <= 20; n++) {
    const { nodes, weights } = gaussLegendre(n);
    for (let degree = 0; degree < 2 * n; degree++) {
      const integral = nodes.reduce((sum, t, q) => sum + weights[q]! * t ** degree, 0);
      assertClose(integral, 1 / (degree + 1), 1e-13, `n ${n}, degree ${degree}`);
    }
  }
});

const value = fc.oneof(fc.double({ min: -3, max: 3, noNaN: true }), fc.constant(Number.NaN));
const rowOf = fc.array(value, { minLength: FEATURES, maxLength: FEATURES }).map((x) => Float64Array.from(x));

test('path-dependent values are those of every subset summed up, and add up to the output', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.integer({ min: 0, max: 7 }), rowOf, (seed, depth, row) => {
      const tree = randomTree(seed, depth);
      const phi = new Float64Array(FEATURES);
      pathDependentExplainer(tree).add(0, row, 0, phi, 0, 1);
      const expected = shapley((subset) => knownByCover(tree, row, subset));
      for (const [f, each] of expected.entries()) assertClose(phi[f]!, each, 1e-9, `feature ${f}`);
      const sum = expectedValue(tree, 0) + phi.reduce((a, b) => a + b, 0);
      assertClose(sum, knownByCover(tree, row, 2 ** FEATURES - 1), 1e-9, 'sum');
    }),
  );
});

test('interventional values are those of every mixture of row and background', () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.integer({ min: 0, max: 7 }),
      rowOf,
      rowOf,
      (seed, depth, row, background) => {
        const tree = randomTree(seed, depth);
        const phi = new Float64Array(FEATURES);
        interventionalExplainer(tree, matrixOf([[...background]])).add(0, row, 0, phi, 0, 2);
        const mixed = (subset: number) =>
          knownByCover(
            tree,
            background.map((x, f) => ((subset >> f) & 1 ? row[f]! : x)),
            2 ** FEATURES - 1,
          );
        for (const [f, each] of shapley(mixed).entries())
          assertClose(phi[f]!, 2 * each, 1e-9, `feature ${f}`);
      },
    ),
  );
});

test('a row of a larger table is found at its place', () => {
  const tree = randomTree(3, 5);
  const table = Float64Array.from({ length: 3 * FEATURES }, (_, i) => Math.sin(i));
  const [alone, within] = [new Float64Array(FEATURES), new Float64Array(FEATURES)];
  const { add } = pathDependentExplainer(tree);
  add(0, table.slice(FEATURES, 2 * FEATURES), 0, alone, 0, 1);
  add(0, table, FEATURES, within, 0, 1);
  assert.deepEqual(within, alone);
});

test('both are what Python shap computes', () => {
  const { trees, rows, background, base, ...expected } = fixture<{
    trees: Tree[];
    rows: number[][];
    background: number[][];
    base: number;
    path_dependent: number[][];
    interventional: number[][];
  }>('shap');
  const features = rows[0]!.length;
  const scale = 1 / trees.length;
  assertClose(
    trees.reduce((sum, tree) => sum + scale * expectedValue(tree, 1), 0),
    base,
    1e-9,
    'base',
  );
  for (const [i, cells] of rows.entries()) {
    const row = Float64Array.from(cells);
    const [byPath, against] = [new Float64Array(features), new Float64Array(features)];
    for (const tree of trees) {
      pathDependentExplainer(tree).add(1, row, 0, byPath, 0, scale);
      interventionalExplainer(tree, matrixOf(background)).add(1, row, 0, against, 0, scale);
    }
    for (let f = 0; f < features; f++) {
      assertClose(byPath[f]!, expected.path_dependent[i]![f]!, 1e-6, `row ${i}, feature ${f}`);
      assertClose(against[f]!, expected.interventional[i]![f]!, 1e-6, `row ${i}, feature ${f}`);
    }
  }
});

test('explanations of every algorithm add up to what the model gives', async () => {
  const config = parseConfig(defaultConfig, 'config.yaml');
  const rng = random(11, 'explain');
  const matrix = {
    names: ['a', 'b', 'c'],
    rows: 300,
    values: Float64Array.from({ length: 900 }, () => rng.normal()),
  };
  const target = Uint8Array.from({ length: 300 }, (_, i) =>
    matrix.values[3 * i]! * matrix.values[3 * i + 1]! > 0.2 ? 1 : 0,
  );
  for (const [algorithm, space] of [
    ['RandomForest', 'probability'],
    ['GradientBoosting', 'log-odds'],
    ['LogisticRegression', 'log-odds'],
  ] as const) {
    const params = { ...config.model_params, algorithm, n_estimators: 12 };
    const model = await fitModel(matrix, target, ['0', '1'], params, { threads: 1 });
    const score = scorerOf(model);
    const explainer = explainerOf(model);
    const against = explainerOf(model, { ...matrix, rows: 10, values: matrix.values.slice(0, 30) });
    assert.deepEqual(
      [explainer.method, against.method],
      algorithm === 'LogisticRegression' ? ['linear', 'linear'] : ['path_dependent', 'interventional'],
    );
    assert.equal(explainer.space, space);
    for (let i = 0; i < 20; i++) {
      const row = matrix.values.slice(3 * i, 3 * i + 3);
      if (algorithm !== 'LogisticRegression' && i % 4 === 0) row[1] = Number.NaN;
      const explained = explainer.explain(row, 0, 0);
      assertClose(
        against.explain(row, 0, 0).output,
        explained.output,
        1e-9,
        'either method adds up to the same',
      );
      const given = space === 'probability' ? explained.output : 1 / (1 + Math.exp(-explained.output));
      assertClose(given, score(row, 1)[0]!, 1e-9, algorithm);
    }
  }
});

test('contributions to a boosting of several classes are those of xgboost', () => {
  const { known, model, matrix } = boostingOfXgboost();
  const explainer = explainerOf(model);
  assert.equal(explainer.space, 'margin');
  for (const [row, of] of known.contributions.entries())
    for (const [output, expected] of of.entries()) {
      const { contributions, base } = explainer.explain(matrix.values, row * 5, output);
      for (const [f, phi] of [...contributions, base].entries())
        assertClose(phi, expected[f]!, 2e-5, `row ${row}, output ${output}, feature ${f}`);
    }
});
