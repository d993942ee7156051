/** Probabilities that mean what they say, and sets that hold the truth as often as they say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Calibration,
  calibrate,
  fitCalibration,
  fitIsotonic,
  methodFor,
} from '../../lib/learn/calibration.ts';
import { calibrationError } from '../../lib/measure/calibration-error.ts';
import {
  classProbabilities,
  conformalLimits,
  conformalSet,
  strangenessOf,
} from '../../lib/measure/conformal.ts';
import { costThreshold } from '../../lib/measure/cost.ts';
import { logLoss } from '../../lib/measure/metrics.ts';
import type { ScoredRows } from '../../lib/numbers/outputs.ts';
import { random } from '../../lib/numbers/random.ts';
import { splitFold, stratifiedFolds } from '../../lib/train/folds.ts';
import { calibrateAcross } from '../../lib/train/out-of-fold.ts';
import { assertClose, fixture } from '../support.ts';

/** Scores whose logit is three times what it should be: far too sure. */
function oversure(name: string, rows: number): ScoredRows {
  const rng = random(1, name);
  const logits = Float64Array.from({ length: rows }, () => rng.normal());
  return {
    classes: 2,
    labels: Uint8Array.from(logits, (z) => (rng.float() < 1 / (1 + Math.exp(-z)) ? 1 : 0)),
    scores: logits.map((z) => 1 / (1 + Math.exp(-3 * z))),
  };
}

function oversureOfThree(name: string, rows: number): ScoredRows {
  const rng = random(1, name);
  const labels = new Uint8Array(rows);
  const scores = new Float64Array(3 * rows);
  for (let row = 0; row < rows; row++) {
    const logits = [rng.normal(), rng.normal(), rng.normal()];
    const softmax = (power: number) => {
      const weights = logits.map((z) => Math.exp(power * z));
      const sum = weights.reduce((a, b) => a + b);
      return weights.map((weight) => weight / sum);
    };
    const [a, b] = softmax(1) as [number, number];
    const u = rng.float();
    labels[row] = u < a ? 0 : u < a + b ? 1 : 2;
    scores.set(softmax(4), 3 * row);
  }
  return { classes: 3, labels, scores };
}

test('each method mends scores that are too sure, on rows that it was not learnt from', () => {
  for (const [method, make] of [
    ['platt', oversure],
    ['isotonic', oversure],
    ['temperature', oversureOfThree],
  ] as const) {
    const [learnt, later] = [make('learnt', 3000), make('later', 3000)];
    const calibration = fitCalibration(method, learnt);
    const scores = calibrate(calibration, later.scores, later.classes === 2 ? 1 : 3);
    const [before, after] = [logLoss(later), logLoss({ ...later, scores })];
    assert.ok(after < 0.95 * before, `${method}: ${before} to ${after}`);
    if (later.classes > 2) continue;
    const error = (of: Float64Array) => calibrationError(of, later.labels, 0.95);
    assert.ok(error(later.scores).low > 0.05 && error(scores).low < 0.02, method);
  }
  const { slope } = fitCalibration('platt', oversure('slope', 20_000)) as Extract<
    Calibration,
    { method: 'platt' }
  >;
  assertClose(slope, 1 / 3, 0.03, 'slope');
  const { temperature } = fitCalibration('temperature', oversureOfThree('t', 20_000)) as Extract<
    Calibration,
    { method: 'temperature' }
  >;
  assertClose(temperature, 4, 0.3, 'temperature');
});

test('calibrated scores are probabilities in the order of the scores, whatever the rows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 0.1, 0.5, 0.9, 1)), {
        minLength: 3,
        maxLength: 40,
      }),
      fc.constantFrom('platt' as const, 'isotonic' as const),
      (rows, method) => {
        const labels = Uint8Array.from(rows, ([y]) => y);
        const scores = Float64Array.from(rows, ([, score]) => score);
        const calibration = fitCalibration(method, { classes: 2, labels, scores });
        const points = Float64Array.of(0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 1);
        const given = calibrate(calibration, points, 1);
        for (const [i, p] of given.entries()) {
          assert.ok(p > 0 && p < 1, `${method} gives ${p}`);
          if (i > 0) assert.ok(p >= given[i - 1]! - 1e-12, method);
        }
      },
    ),
  );
});

test('what suits few, many and several classes, and that no calibration is kept that does not help', () => {
  const labels = (positives: number, rows: number) =>
    Uint8Array.from({ length: rows }, (_, i) => (i < positives ? 1 : 0));
  assert.equal(methodFor({ classes: 2, labels: labels(900, 9000) }), 'platt');
  assert.equal(methodFor({ classes: 2, labels: labels(1500, 9000) }), 'isotonic');
  assert.equal(methodFor({ classes: 4, labels: labels(1500, 9000) }), 'temperature');
  const rows = oversure('across', 1500);
  const fold = stratifiedFolds(rows.labels, 5, 1);
  const folds = Array.from({ length: 5 }, (_, which) => splitFold(fold, which));
  const mended = calibrateAcross('platt', folds, rows, true);
  assert.equal(mended.calibration.method, 'platt');
  assert.ok(logLoss({ ...rows, scores: mended.scores }) < logLoss(rows));
  const right = { ...rows, scores: rows.scores.map((p) => 1 / (1 + ((1 - p) / p) ** (1 / 3))) };
  const kept = calibrateAcross('isotonic', folds, right, true);
  assert.equal(kept.calibration.method, 'none');
  assert.equal(kept.scores, right.scores);
});

test('class-conditional sets hold the true class as often as was asked, the rare one too', () => {
  const draw = (name: string, rows: number): ScoredRows => {
    const rng = random(2, name);
    const labels = Uint8Array.from({ length: rows }, () => (rng.float() < 0.1 ? 1 : 0));
    return {
      classes: 2,
      labels,
      scores: Float64Array.from(labels, (y) => 1 / (1 + Math.exp(2 - 2 * y - rng.normal()))),
    };
  };
  for (const confidence of [0.8, 0.9, 0.95]) {
    const held = [0, 0];
    const of = [0, 0];
    for (let trial = 0; trial < 30; trial++) {
      const limits = conformalLimits(strangenessOf(draw(`known ${trial}`, 2000)), confidence);
      const later = draw(`later ${trial}`, 1000);
      for (const [row, y] of later.labels.entries()) {
        of[y]!++;
        if (conformalSet(limits, classProbabilities(later.scores, row, 2)).includes(y)) held[y]!++;
      }
    }
    for (const y of [0, 1])
      assertClose(held[y]! / of[y]!, confidence, y === 0 ? 0.008 : 0.02, `class ${y} at ${confidence}`);
  }
});

test('few rows of a class leave it in every set, and thousands are kept as quantiles that promise no less', () => {
  const few = { classes: 2, labels: Uint8Array.of(0, 0, 1), scores: Float64Array.of(0.1, 0.2, 0.9) };
  const limits = conformalLimits(strangenessOf(few), 0.9);
  assert.deepEqual(limits, [Infinity, Infinity]);
  assert.deepEqual(conformalSet(limits, [0, 1]), [0, 1]);
  const rng = random(3, 'many');
  const labels = new Uint8Array(7777);
  const scores = Float64Array.from({ length: 7777 }, () => rng.float());
  const kept = strangenessOf({ classes: 2, labels, scores });
  assert.equal(kept.scores[0]!.length, 1000);
  for (const confidence of [0.5, 0.9, 0.99, 0.999]) {
    const exact = [...scores].sort((a, b) => a - b)[Math.ceil(7778 * confidence) - 1]!;
    const [limit] = conformalLimits(kept, confidence);
    assert.ok(limit! >= exact - 1e-12 && limit! < exact + 0.002, `${confidence}`);
  }
  assert.deepEqual(classProbabilities([0.25, 0.5, 0.25], 0, 3), [0.25, 0.5, 0.25]);
});

test('the threshold of costs is where both ways cost the same', () => {
  assertClose(costThreshold({ false_positive: 1, false_negative: 9 }), 0.1, 1e-12);
  assertClose(costThreshold({ false_positive: 1, false_negative: 1 }), 0.5, 1e-12);
});

test('calibrations are those of scikit-learn and scipy, sets those of MAPIE', () => {
  const known = fixture<{
    scores: number[];
    labels: number[];
    platt: { intercept: number; slope: number; probabilities: number[] };
    isotonic: { probabilities: number[]; elsewhere: number[]; elsewhere_probabilities: number[] };
    temperature: { probabilities: number[][]; labels: number[]; temperature: number; log_loss: number };
  }>('calibration');
  const rows = { classes: 2, labels: Uint8Array.from(known.labels), scores: Float64Array.from(known.scores) };
  const platt = calibrate(fitCalibration('platt', rows), rows.scores, 1);
  for (const [i, p] of known.platt.probabilities.entries()) assertClose(platt[i]!, p, 1e-6, `Platt ${i}`);
  const isotonic = fitIsotonic(rows);
  for (const [points, expected] of [
    [known.scores, known.isotonic.probabilities],
    [known.isotonic.elsewhere, known.isotonic.elsewhere_probabilities],
  ] as const) {
    const given = calibrate(isotonic, Float64Array.from(points), 1);
    for (const [i, p] of expected.entries()) assertClose(given[i]!, p, 1e-9, `isotonic at ${points[i]}`);
  }
  const three = {
    classes: 3,
    labels: Uint8Array.from(known.temperature.labels),
    scores: Float64Array.from(known.temperature.probabilities.flat()),
  };
  const fitted = fitCalibration('temperature', three) as Extract<Calibration, { method: 'temperature' }>;
  assertClose(fitted.temperature, known.temperature.temperature, 1e-6, 'temperature');
  const scores = calibrate(fitted, three.scores, 3);
  assertClose(logLoss({ ...three, scores }), known.temperature.log_loss, 1e-9, 'log loss');

  for (const { alpha, probabilities, labels, test: later, by_class } of fixture<
    {
      alpha: number;
      probabilities: number[][];
      labels: number[];
      test: number[][];
      by_class: { thresholds: (number | null)[]; sets: number[][] };
    }[]
  >('conformal')) {
    const calibration = {
      classes: 3,
      labels: Uint8Array.from(labels),
      scores: Float64Array.from(probabilities.flat()),
    };
    const limits = conformalLimits(strangenessOf(calibration), 1 - alpha);
    assert.deepEqual(
      limits,
      by_class.thresholds.map((limit) => limit ?? Number.POSITIVE_INFINITY),
    );
    for (const [i, set] of by_class.sets.entries())
      assert.deepEqual(
        conformalSet(limits, later[i]!),
        set.flatMap((is, k) => (is === 1 ? [k] : [])),
        `row ${i}`,
      );
  }
});
