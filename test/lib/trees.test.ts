import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../lib/config/parse.ts';
import { binFinder, binRows, findEdges, MISSING } from '../../lib/learn/bins.ts';
import { fitBoosting } from '../../lib/learn/boosting.ts';
import { GRADIENT } from '../../lib/learn/boosting-shard.ts';
import { featureImportances, fitModel, type Model, scorerOf } from '../../lib/learn/estimator.ts';
import { fitForest } from '../../lib/learn/forest.ts';
import { bestGainSplit } from '../../lib/learn/gain.ts';
import { type GiniSplit, giniScanner } from '../../lib/learn/gini.ts';
import { fitLogistic } from '../../lib/learn/logistic.ts';
import { siblingHistograms } from '../../lib/learn/sibling-histograms.ts';
import { addLeaf, emptyTree, splitLeaf, type Tree } from '../../lib/learn/tree.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';
import { classify, mostProbable } from '../../lib/numbers/outputs.ts';
import { random } from '../../lib/numbers/random.ts';
import { assertClose, defaultConfig, fixture } from '../support.ts';
import { boostingOfXgboost } from '../xgboost.ts';

function matrixOf(rows: readonly (readonly (number | null)[])[]): Matrix {
  return {
    names: rows[0]!.map((_, f) => `f${f}`),
    rows: rows.length,
    values: Float64Array.from(rows.flat(), (x) => x ?? Number.NaN),
  };
}

/** Rows where the class follows f0 + f1 × f2, some values missing if asked. */
function synthetic(rows: number, missing = 0): { matrix: Matrix; target: Uint8Array } {
  const rng = random(9, 'synthetic');
  const values = Float64Array.from({ length: rows * 6 }, () => rng.normal());
  const target = Uint8Array.from({ length: rows }, (_, i) =>
    rng.float() < 1 / (1 + Math.exp(-3 * (values[i * 6]! + values[i * 6 + 1]! * values[i * 6 + 2]!))) ? 1 : 0,
  );
  for (let i = 0; i < values.length; i++) if (rng.float() < missing) values[i] = Number.NaN;
  return { matrix: { names: ['a', 'b', 'c', 'd', 'e', 'f'], rows, values }, target };
}

test('scoring a forest of scikit-learn gives its probabilities', () => {
  type Exported = {
    feature: number[];
    threshold: number[];
    left: number[];
    right: number[];
    value: number[][];
  };
  const known = fixture<{ values: number[][]; trees: Exported[]; probabilities: number[] }>('forest');
  const trees = known.trees.map((exported) => {
    const tree = emptyTree();
    const grow = (from: number, to: number) => {
      if (exported.left[from] === -1) return;
      splitLeaf(tree, to, exported.feature[from]!, exported.threshold[from]!, false);
      const left = addLeaf(tree, exported.value[exported.left[from]!]!, 1);
      const right = addLeaf(tree, exported.value[exported.right[from]!]!, 1);
      grow(exported.left[from]!, left);
      grow(exported.right[from]!, right);
    };
    addLeaf(tree, exported.value[0]!, 1);
    grow(0, 0);
    return tree;
  });
  const matrix = matrixOf(known.values);
  const model: Model = { algorithm: 'RandomForest', features: matrix.names, classes: ['0', '1'], trees };
  const scores = scorerOf(model)(matrix.values, matrix.rows);
  for (const [i, p] of known.probabilities.entries()) assertClose(scores[i]!, p, 1e-12, `row ${i}`);
});

test('scoring xgboost trees gives its probabilities, missing values included', () => {
  type Node = {
    nodeid: number;
    leaf?: number;
    split?: string;
    split_condition?: number;
    yes?: number;
    missing?: number;
    children?: Node[];
  };
  const known = fixture<{
    values: (number | null)[][];
    trees: Node[];
    base: number;
    probabilities: number[];
  }>('boosting');
  const trees = known.trees.map((root) => {
    const tree = emptyTree();
    const grow = (node: Node, to: number) => {
      if (node.children === undefined) return;
      // xgboost asks x < condition; all values are multiples of 1/64, so that is x ≤ condition − 1/64.
      splitLeaf(
        tree,
        to,
        Number(node.split!.slice(1)),
        node.split_condition! - 1 / 64,
        node.missing === node.yes,
      );
      const [yes, no] = [...node.children].sort((a) => (a.nodeid === node.yes ? -1 : 1)) as [Node, Node];
      const left = addLeaf(tree, [yes.leaf ?? 0], 1);
      const right = addLeaf(tree, [no.leaf ?? 0], 1);
      grow(yes, left);
      grow(no, right);
    };
    addLeaf(tree, [root.leaf ?? 0], 1);
    grow(root, 0);
    return tree;
  });
  const matrix = matrixOf(known.values);
  const model: Model = {
    algorithm: 'GradientBoosting',
    features: matrix.names,
    classes: ['0', '1'],
    base: [known.base],
    trees,
  };
  const scores = scorerOf(model)(matrix.values, matrix.rows);
  for (const [i, p] of known.probabilities.entries()) assertClose(scores[i]!, p, 1e-6, `row ${i}`);
});

test('boosting of several classes scores like xgboost', () => {
  const { known, model, matrix } = boostingOfXgboost();
  const scores = scorerOf(model)(matrix.values, matrix.rows);
  for (const [i, p] of known.probabilities.flat().entries()) assertClose(scores[i]!, p, 1e-6, `score ${i}`);
});

test('every algorithm learns several classes, whatever the number of threads', async () => {
  const classes = ['a', 'b', 'c', 'd', 'e'];
  const { matrix, target } = synthetic(1500, 0.05);
  const width = matrix.names.length;
  const shifted = target.map((y, row) => (y === 1 ? 1 + Math.min(3, row % 5) : 0));
  for (let row = 0; row < matrix.rows; row++)
    if (shifted[row]! > 0) matrix.values[row * width] = 3 * shifted[row]! + (row % 7) / 10;
  const params = {
    ...parseConfig(defaultConfig, 'config.yaml').model_params,
    n_estimators: 10,
    max_iter: 150,
  };
  for (const algorithm of ['RandomForest', 'GradientBoosting', 'LogisticRegression'] as const) {
    const fit = (threads: number) =>
      algorithm === 'GradientBoosting'
        ? fitBoosting(matrix, shifted, classes.length, boostingParams, threads)
        : undefined;
    const [one, three] = await Promise.all([fit(1), fit(3)]);
    assert.equal(JSON.stringify(one), JSON.stringify(three));
    const scaled =
      algorithm === 'LogisticRegression'
        ? matrix.values.map((x) => (Number.isNaN(x) ? 0 : x / 5))
        : matrix.values;
    const model = await fitModel(
      { ...matrix, values: scaled },
      shifted,
      classes,
      { ...params, algorithm },
      { threads: 1 },
    );
    const scores = scorerOf(model)(scaled, matrix.rows);
    assert.equal(scores.length, matrix.rows * classes.length);
    for (let row = 0; row < matrix.rows; row += 97) {
      const own = scores.slice(row * 5, row * 5 + 5);
      assertClose(
        own.reduce((a, b) => a + b),
        1,
        1e-9,
        'sum of the probabilities',
      );
      const alone = scorerOf(model)(scaled.slice(row * width, (row + 1) * width), 1);
      assert.deepEqual([...alone], [...own], 'one row alone scores as among others');
    }
    const given = classify(scores, { thresholds: mostProbable(classes.length) });
    const right = given.reduce((sum, k, row) => sum + (k === shifted[row] ? 1 : 0), 0) / matrix.rows;
    assert.ok(right > (algorithm === 'LogisticRegression' ? 0.6 : 0.95), `${algorithm} ${right}`);
  }
});

test('rows are laid out anew however their number and width divide', async () => {
  const { matrix, target } = synthetic(100_501);
  const odd = { ...matrix, names: matrix.names.slice(0, 5), values: new Float64Array(100_501 * 5) };
  for (let row = 0; row < matrix.rows; row++)
    for (let f = 0; f < 5; f++) odd.values[row * 5 + f] = matrix.values[row * matrix.names.length + f]!;
  const classes = target.map((y, row) => (y === 1 ? 1 + (row % 2) : 0));
  const params = { ...boostingParams, nEstimators: 2 };
  const [one, two] = await Promise.all([
    fitBoosting(odd, classes, 3, params, 1),
    fitBoosting(odd, classes, 3, params, 2),
  ]);
  assert.equal(JSON.stringify(one), JSON.stringify(two));
});

test('logistic regression finds the coefficients of scikit-learn, by either solver', () => {
  const known = fixture<{
    values: number[][];
    labels: number[];
    fits: Record<'plain' | 'strong' | 'balanced', { intercept: number; coefficients: number[] }>;
  }>('logistic');
  const labels = Uint8Array.from(known.labels);
  const positives = labels.reduce((sum, y) => sum + y, 0);
  const balanced = [labels.length - positives, positives].map((count) => labels.length / (2 * count));
  for (const [fit, C, classWeights, maxIter, tolerance] of [
    // So many steps that the package is left aside, so few that it is not, and weights that it cannot take.
    ['plain', 1, [1, 1], 1e9, 1e-3],
    ['plain', 1, [1, 1], 1000, 0.02],
    ['strong', 0.01, [1, 1], 1e9, 1e-3],
    ['balanced', 1, balanced, 1000, 1e-3],
  ] as const) {
    const fitted = fitLogistic(matrixOf(known.values), labels, { C, maxIter, classWeights });
    const { intercept, coefficients } = known.fits[fit];
    assertClose(fitted.intercepts[0]!, intercept, tolerance, `${fit}: intercept`);
    for (const [f, coefficient] of coefficients.entries())
      assertClose(fitted.coefficients[0]![f]!, coefficient, tolerance, `${fit}: coefficient ${f}`);
  }
});

test('logistic regression of several classes gives the probabilities of scikit-learn', () => {
  const known = fixture<{ values: number[][]; labels: number[]; probabilities: number[][] }>(
    'logistic_classes',
  );
  const matrix = matrixOf(known.values);
  const logistic = fitLogistic(matrix, Uint8Array.from(known.labels), {
    C: 0.1,
    maxIter: 1000,
    classWeights: [1, 1, 1],
  });
  const model: Model = {
    algorithm: 'LogisticRegression',
    features: matrix.names,
    classes: ['a', 'b', 'c'],
    logistic,
  };
  const scores = scorerOf(model)(matrix.values, matrix.rows);
  for (const [i, p] of known.probabilities.flat().entries()) assertClose(scores[i]!, p, 1e-4, `score ${i}`);
});

test('a value lies in the bin whose edges enclose it', () => {
  const numbers = fc.array(
    fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -5, max: 5 })),
    { minLength: 1, maxLength: 300 },
  );
  fc.assert(
    fc.property(numbers, fc.integer({ min: 2, max: 255 }), (values, maxBins) => {
      const [edges] = findEdges(matrixOf(values.map((x) => [x])), maxBins, 1) as [Float64Array];
      assert.ok(edges.length < maxBins);
      const find = binFinder(edges);
      for (const x of [...values, ...edges]) {
        const bin = find(x);
        assert.ok(bin === 0 || edges[bin - 1]! < x, 'above the edge before');
        assert.ok(bin === edges.length || x <= edges[bin]!, 'at most the edge after');
      }
    }),
  );
  const [bins] = [binRows(matrixOf([[null], [1]]), [Float64Array.of(0)], [[0]])];
  assert.deepEqual([...bins], [MISSING, 1]);
});

const small = fc.array(
  fc.record({ x: fc.integer({ min: 0, max: 6 }), y: fc.nat(2), missing: fc.boolean() }),
  { minLength: 2, maxLength: 30 },
);

test('the Gini split is the best of all splits, by brute force', () => {
  fc.assert(
    fc.property(small, fc.integer({ min: 1, max: 3 }), (rows, minSamplesLeaf) => {
      const bins = Uint8Array.from(rows, ({ x, missing }) => (missing ? MISSING : x));
      const edges = [Float64Array.from([0, 1, 2, 3, 4, 5].map((e) => e + 0.5))];
      const data = {
        rows: rows.length,
        bins,
        edges,
        target: Uint8Array.from(rows, ({ y }) => y),
        classes: 3,
      };
      const sample = {
        rows: Int32Array.from(rows.keys()),
        tags: Int32Array.from(rows, ({ y }) => (1 << 8) | y),
      };
      const params = { maxDepth: 1, minSamplesLeaf, maxFeatures: 1, classWeights: [1, 1, 1], seed: 1 };
      const counts = [0, 1, 2].map((k) => rows.filter(({ y }) => y === k).length);
      const none = (): GiniSplit => ({ feature: -1, bin: -1, missingLeft: false, score: -1, leftCounts: [] });
      const [best, counted] = [none(), none()];
      const scanner = giniScanner(data, params, sample);
      scanner.scan(Int32Array.of(0), 0, 1, 0, rows.length, counts, best);
      const histogram = scanner.countAll(0, rows.length, new Int32Array(256 * 3));
      scanner.scanCounts(histogram, Int32Array.of(0), 0, 1, counts, counted);
      assert.deepEqual(counted, best, 'the same from counts');
      const scoreOf = (bin: number, missingLeft: boolean) => {
        const left = rows.filter(({ x, missing }) => (missing ? missingLeft : x <= bin));
        const right = rows.filter(({ x, missing }) => !(missing ? missingLeft : x <= bin));
        if (Math.min(left.length, right.length) < minSamplesLeaf) return -1;
        const side = (part: typeof rows) =>
          [0, 1, 2].reduce((sum, k) => sum + part.filter(({ y }) => y === k).length ** 2, 0) / part.length;
        return side(left) + side(right);
      };
      const all = [0, 1, 2, 3, 4, 5, 6].flatMap((bin) => [scoreOf(bin, true), scoreOf(bin, false)]);
      const highest = Math.max(...all);
      if (best.bin < 0) assert.equal(highest, -1);
      else {
        assertClose(best.score, highest, 1e-9, 'score');
        assertClose(scoreOf(best.bin, best.missingLeft), highest, 1e-9, 'score of the split named');
        const left = rows.filter(({ x, missing }) => (missing ? best.missingLeft : x <= best.bin));
        assert.deepEqual(
          best.leftCounts,
          [0, 1, 2].map((k) => left.filter(({ y }) => y === k).length),
        );
      }
    }),
  );
});

test('the counts of children are those of their rows, wherever a parent is cut', () => {
  const { int } = random(3, 'siblings');
  const [rows, features, classes] = [300, 5, 3];
  const bins = Uint8Array.from({ length: rows * features }, () => (int(20) === 0 ? MISSING : int(9)));
  const edges = Array.from({ length: features }, () => Float64Array.from([0, 1, 2, 3, 4, 5, 6, 7]));
  const target = Uint8Array.from({ length: rows }, () => int(classes));
  const sample = {
    rows: Int32Array.from(target.keys()),
    tags: Int32Array.from(target, (y) => ((1 + int(3)) << 8) | y),
  };
  const params = { maxDepth: 9, minSamplesLeaf: 1, maxFeatures: 5, classWeights: [1, 1, 1], seed: 1 };
  const scanner = giniScanner({ rows, bins, edges, target, classes }, params, sample);
  const size = features * 256 * classes;
  const histograms = siblingHistograms(scanner, size, 50);
  const countsOf = (start: number, end: number) => scanner.countAll(start, end, new Int32Array(size));
  for (const [cut, wanted] of [
    [120, [true, true]],
    [30, [true, true]],
    [270, [true, false]],
    [100, [true, false]],
    [20, [false, true]],
  ] as const) {
    const parent = histograms.ofRoot(0, rows);
    const children = [
      { start: 0, end: cut, wanted: wanted[0] },
      { start: cut, end: rows, wanted: wanted[1] },
    ] as const;
    const found = histograms.ofChildren(parent, ...children);
    const large = cut * 2 <= rows ? 1 : 0;
    for (const [i, { start, end }] of children.entries()) {
      const isCounted = wanted[large] && wanted[i] && end - start >= 50;
      assert.deepEqual(found[i], isCounted ? countsOf(start, end) : undefined, `${cut}, child ${i}`);
      histograms.release(found[i]);
    }
  }
  assert.equal(histograms.ofRoot(0, 49), undefined, 'few rows are counted anew');
});

test('the boosting split is the best of all splits, by brute force', () => {
  const cells = fc.array(
    fc.record({
      x: fc.integer({ min: 0, max: 6 }),
      g: fc.integer({ min: -50, max: 50 }),
      h: fc.integer({ min: 1, max: 60 }),
      missing: fc.boolean(),
    }),
    { minLength: 2, maxLength: 30 },
  );
  fc.assert(
    fc.property(cells, (rows) => {
      const histogram = new Float64Array(1024);
      for (const { x, g, h, missing } of rows) histogram[missing ? MISSING : x]! += g * GRADIENT + h;
      const total = rows.reduce((sum, { g, h }) => sum + g * GRADIENT + h, 0);
      const params = { l2: 1, minSamplesLeaf: 1, minHessianLeaf: 1e-3, levels: 64 };
      const split = bestGainSplit(histogram, [[0]], [7], total, rows.length, {
        ...params,
        minSamplesLeaf: 0,
      });
      const sums = (part: typeof rows) => ({
        G: part.reduce((s, { g }) => s + g, 0),
        H: part.reduce((s, { h }) => s + h, 0),
      });
      const value = ({ G, H }: { G: number; H: number }) => (G * G) / (H + 256);
      const gainOf = (bin: number, missingLeft: boolean) => {
        const left = rows.filter(({ x, missing }) => (missing ? missingLeft : x <= bin));
        const right = rows.filter(({ x, missing }) => !(missing ? missingLeft : x <= bin));
        if (left.length === 0 || right.length === 0) return 0;
        return value(sums(left)) + value(sums(right)) - value(sums(rows));
      };
      const highest = Math.max(
        ...[0, 1, 2, 3, 4, 5, 6].flatMap((bin) => [gainOf(bin, true), gainOf(bin, false)]),
      );
      if (split === undefined) assert.ok(highest < 1e-6);
      else {
        assertClose((split.gain * 64) / 4, highest, 1e-6, 'gain');
        assertClose(gainOf(split.low - 1, split.missingLeft), highest, 1e-6, 'gain of the split named');
      }
    }),
  );
});

const forestParams = {
  nEstimators: 12,
  maxDepth: 8,
  minSamplesLeaf: 1,
  maxFeatures: 2,
  maxBins: 255,
  classWeights: [1, 1],
  seed: 5,
};
const boostingParams = {
  nEstimators: 20,
  learningRate: 0.1,
  maxLeaves: 15,
  maxDepth: 12,
  minSamplesLeaf: 5,
  l2: 1,
  maxBins: 255,
  seed: 5,
};

test('1, 2 and 3 threads grow the same trees', async () => {
  const { matrix, target } = synthetic(2000, 0.05);
  const forests = await Promise.all(
    [1, 2, 3].map((threads) => fitForest(matrix, target, 2, forestParams, threads)),
  );
  const boosted = await Promise.all(
    [1, 2, 3].map((threads) => fitBoosting(matrix, target, 2, boostingParams, threads)),
  );
  for (const other of forests.slice(1)) assert.equal(JSON.stringify(other), JSON.stringify(forests[0]));
  for (const other of boosted.slice(1)) assert.equal(JSON.stringify(other), JSON.stringify(boosted[0]));
});

test('laying rows out anew changes no tree', async () => {
  // Above 100,000 rows the rows are regrouped after some rounds; half the threads regroup other shards.
  const { matrix, target } = synthetic(100_500);
  const params = { ...boostingParams, nEstimators: 5 };
  const [one, two] = await Promise.all([
    fitBoosting(matrix, target, 2, params, 1),
    fitBoosting(matrix, target, 2, params, 3),
  ]);
  assert.equal(JSON.stringify(one), JSON.stringify(two));
});

test('trees learn: scores rank new rows well, missing values or not', async () => {
  const all = synthetic(6000, 0.1);
  const width = 6;
  const train = { names: all.matrix.names, rows: 4000, values: all.matrix.values.slice(0, 4000 * width) };
  const held = all.matrix.values.slice(4000 * width);
  const labels = all.target.subarray(4000);
  const aucOf = async (model: Model) => {
    const { rankMetrics, rankScores } = await import('../../lib/measure/metrics.ts');
    return rankMetrics(rankScores(labels, scorerOf(model)(held, 2000))).roc_auc;
  };
  const common = { features: train.names, classes: ['0', '1'] };
  const target = all.target.subarray(0, 4000);
  const forest: Model = {
    algorithm: 'RandomForest',
    ...common,
    trees: await fitForest(train, target, 2, { ...forestParams, nEstimators: 60 }, 1),
  };
  const boosting: Model = {
    algorithm: 'GradientBoosting',
    ...common,
    ...(await fitBoosting(train, target, 2, { ...boostingParams, nEstimators: 60 }, 1)),
  };
  assert.ok((await aucOf(forest)) > 0.86, 'forest');
  assert.ok((await aucOf(boosting)) > 0.87, 'boosting');
  const importances = featureImportances(boosting);
  assertClose(
    importances.reduce((a, b) => a + b, 0),
    1,
    1e-9,
    'sum of importances',
  );
  assert.ok(
    Math.min(...importances.slice(0, 3)) > Math.max(...importances.slice(3)),
    'the three features that matter come first',
  );
});

test('trees of fewer rows than bins, of constant columns and of depth 1', async () => {
  const matrix = matrixOf([
    [1, 7],
    [2, 7],
    [3, 7],
    [4, 7],
  ]);
  const target = Uint8Array.of(0, 0, 1, 1);
  const trees: Tree[] = await fitForest(
    matrix,
    target,
    2,
    { ...forestParams, maxDepth: 1, nEstimators: 30 },
    1,
  );
  for (const tree of trees) {
    assert.ok(tree.left.length === 1 || tree.left.length === 3, 'a stump');
    assert.ok(
      tree.feature.every((feature) => feature === 0),
      'never the constant column',
    );
  }
  const scores = scorerOf({ algorithm: 'RandomForest', features: matrix.names, classes: ['0', '1'], trees })(
    matrix.values,
    4,
  );
  assert.ok(scores[0]! < 0.4 && scores[3]! > 0.6);
});

test('class weights shift leaf shares as repeating the rows does', async () => {
  const { matrix, target } = synthetic(500);
  const [plain] = (await fitForest(
    matrix,
    target,
    2,
    { ...forestParams, maxDepth: 1, nEstimators: 1 },
    1,
  )) as [Tree];
  const [weighted] = (await fitForest(
    matrix,
    target,
    2,
    { ...forestParams, maxDepth: 1, nEstimators: 1, classWeights: [1, 3] },
    1,
  )) as [Tree];
  const [p] = [plain.value[0]![1]!];
  assertClose(
    weighted.value[0]![1]!,
    (3 * p) / (1 - p + 3 * p),
    1e-12,
    'share of the weighted class at the root',
  );
});
