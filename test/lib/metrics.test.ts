import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareScores, evaluate } from '../../lib/measure/evaluate.ts';
import { wilson } from '../../lib/measure/intervals.ts';
import {
  brierScore,
  confusionMatrix,
  logLoss,
  metricsOf,
  negativeWeight,
  rankMetrics,
  rankScores,
  thresholdMetrics,
} from '../../lib/measure/metrics.ts';
import { bestF1Thresholds } from '../../lib/measure/thresholds.ts';
import { judge } from '../../lib/numbers/estimate.ts';
import { orderDescending, sortAscending } from '../../lib/numbers/order.ts';
import { classify, mostProbable, outputsOf, type ScoredRows } from '../../lib/numbers/outputs.ts';
import { random } from '../../lib/numbers/random.ts';
import { assertClose, fixture } from '../support.ts';

const half = { thresholds: [0.5] };

interface Case extends Record<string, unknown> {
  labels: number[];
  scores: number[];
  threshold: number;
}

test('metrics equal those of scikit-learn', () => {
  for (const known of fixture<(Case & Record<string, number>)[]>('metrics')) {
    const rows = {
      classes: 2,
      labels: Uint8Array.from(known.labels),
      scores: Float64Array.from(known.scores),
    };
    const ours: Record<string, number> = {
      ...metricsOf(rows, classify(rows.scores, { thresholds: [known.threshold] }))(),
      log_loss: logLoss(rows),
      brier: brierScore(rows),
    };
    for (const [name, value] of Object.entries(ours)) assertClose(value, known[name]!, 1e-12, name);
  }
});

test('metrics of several classes equal those of scikit-learn', () => {
  const known = fixture<{
    labels: number[];
    scores: number[][];
    confusion: number[][];
    macro: Record<string, number>;
    weighted: Record<string, number>;
    per_class: Record<string, number[]>;
    log_loss: number;
  }>('metrics_classes');
  const rows = {
    classes: known.confusion.length,
    labels: Uint8Array.from(known.labels),
    scores: Float64Array.from(known.scores.flat()),
  };
  const ours = evaluate(
    rows,
    known.confusion.map((_, k) => `class ${k}`),
    mostProbable(rows.classes),
    { confidence: 0.95 },
  );
  assert.deepEqual(ours.confusion, known.confusion);
  assertClose(ours.log_loss, known.log_loss, 1e-12, 'log loss');
  for (const [name, value] of Object.entries(known.macro))
    assertClose(ours.metrics[name as 'f1'].value, value, 1e-12, `macro ${name}`);
  for (const [name, value] of Object.entries(known.weighted))
    assertClose(ours.weighted[name as 'f1'], value, 1e-12, `weighted ${name}`);
  for (const [name, values] of Object.entries(known.per_class))
    for (const [k, value] of values.entries())
      assertClose(ours.per_class[k]![name as 'f1'], value, 1e-12, `${name} of class ${k}`);
});

test('Wilson intervals equal those of scipy', () => {
  for (const { events, trials, low, high } of fixture<
    { events: number; trials: number; low: number; high: number }[]
  >('wilson')) {
    const interval = wilson(events, trials, 0.95);
    assertClose(interval.low, low, 1e-9, 'low');
    assertClose(interval.high, high, 1e-9, 'high');
  }
  assert.deepEqual(wilson(0, 0, 0.95), { value: Number.NaN, low: 0, high: 1 });
});

const scored = fc
  .array(fc.record({ label: fc.nat(1), score: fc.integer({ min: 0, max: 20 }).map((n) => n / 20) }), {
    minLength: 2,
    maxLength: 60,
  })
  .filter((rows) => new Set(rows.map(({ label }) => label)).size === 2)
  .map((rows) => ({
    labels: Uint8Array.from(rows, ({ label }) => label),
    scores: Float64Array.from(rows, ({ score }) => score),
  }));

test('ROC-AUC is the share of pairs ranked right, ties half', () => {
  fc.assert(
    fc.property(scored, ({ labels, scores }) => {
      let right = 0;
      let pairs = 0;
      for (let i = 0; i < labels.length; i++) {
        for (let j = 0; j < labels.length; j++) {
          if (labels[i] !== 1 || labels[j] !== 0) continue;
          pairs++;
          right += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
        }
      }
      assertClose(rankMetrics(rankScores(labels, scores)).roc_auc, right / pairs, 1e-12);
    }),
  );
});

test('a weight counts a row as often as repeating it', () => {
  fc.assert(
    fc.property(scored, fc.infiniteStream(fc.nat(3)), ({ labels, scores }, stream) => {
      const weights = Uint8Array.from(labels, () => stream.next().value as number);
      const rows = [...labels.keys()].flatMap((i) => new Array<number>(weights[i]!).fill(i));
      const repeated = {
        labels: Uint8Array.from(rows, (i) => labels[i]!),
        scores: Float64Array.from(rows, (i) => scores[i]!),
      };
      if (new Set(repeated.labels).size < 2) return;
      const weighted = metricsOf({ classes: 2, labels, scores }, classify(scores, half))(weights);
      const plain = metricsOf({ classes: 2, ...repeated }, classify(repeated.scores, half))();
      for (const [name, value] of Object.entries(weighted))
        assertClose(value, plain[name as keyof typeof plain], 1e-12, name);
    }),
  );
});

test('the chosen threshold has the best F1 of all thresholds', () => {
  fc.assert(
    fc.property(scored, ({ labels, scores }) => {
      const rows = { classes: 2, labels, scores };
      const f1At = (threshold: number) => metricsOf(rows, classify(scores, { thresholds: [threshold] }))().f1;
      const chosen = f1At(bestF1Thresholds(rows)[0]!);
      for (const score of scores) assert.ok(chosen >= f1At(score) - 1e-12);
    }),
  );
});

const scoredClasses = fc
  .tuple(fc.integer({ min: 3, max: 5 }), fc.integer({ min: 10, max: 60 }), fc.nat())
  .map(([classes, count, seed]): ScoredRows => {
    const rng = random(seed, 'rows');
    const labels = Uint8Array.from({ length: count }, (_, i) => (i < classes ? i : rng.int(classes)));
    const scores = new Float64Array(count * classes);
    for (let i = 0; i < count; i++) {
      const odds = Array.from({ length: classes }, (_, k) => rng.float() + (labels[i] === k ? 0.4 : 0));
      const sum = odds.reduce((a, b) => a + b);
      for (let k = 0; k < classes; k++) scores[i * classes + k] = odds[k]! / sum;
    }
    return { classes, labels, scores };
  });

test('no single threshold of several can be moved to a better macro F1', () => {
  fc.assert(
    fc.property(scoredClasses, (rows) => {
      const macroF1 = (thresholds: number[]) =>
        thresholdMetrics(confusionMatrix(rows.classes, rows.labels, classify(rows.scores, { thresholds })))
          .f1;
      const chosen = bestF1Thresholds(rows);
      const best = macroF1(chosen);
      assert.ok(best >= macroF1(mostProbable(rows.classes)) - 1e-12);
      for (const k of outputsOf(rows.classes))
        for (let step = 0.5; step < 2; step += 0.05) {
          const other = [...chosen];
          other[k]! *= step;
          assert.ok(best >= macroF1(other) - 1e-9, `${best} < ${macroF1(other)}`);
        }
    }),
    { numRuns: 40 },
  );
});

test('negatives weigh so much that positives make up the prevalence', () => {
  const labels = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const weight = negativeWeight(labels, 0.5);
  assertClose(2 / (2 + 8 * weight), 0.5, 1e-12);
});

test('comparisons say pass, fail or inconclusive', () => {
  const labels = Uint8Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const of = (scores: Float64Array) => ({ scores, given: classify(scores, half) });
  const good = of(Float64Array.from(labels, (y, i) => y * 0.8 + (i % 10) / 50));
  const bad = of(Float64Array.from(labels, (_, i) => ((i * 7919) % 100) / 100));
  const options = { confidence: 0.95 };
  assert.equal(compareScores({ classes: 2, labels }, bad, good, 0, options).pr_auc.verdict, 'pass');
  assert.equal(compareScores({ classes: 2, labels }, good, bad, 0, options).pr_auc.verdict, 'fail');
  assert.equal(judge({ value: 0.7, low: 0.6, high: 0.8 }, 0.7), 'inconclusive');
  assert.equal(
    judge({ value: Number.NaN, low: Number.NaN, high: Number.NaN }, 0.7),
    'inconclusive',
    'no data is never a pass',
  );
});

test('many rows are ordered like few: by value, and of equal values by row', () => {
  const { float, int } = random(4, 'order');
  const odd = [0, -0, 1, -1, Infinity, -Infinity, 5e-324, -5e-324, 1e308];
  for (const draw of [float, () => int(50) / 7 - 3, () => odd[int(odd.length)]!]) {
    const values = Float64Array.from({ length: 30_000 }, draw);
    const order = orderDescending(values);
    assert.equal(new Set(order).size, values.length);
    const wrong = order.findIndex((row, i) => {
      const before = order[i - 1];
      if (before === undefined) return false;
      return !(values[before]! > values[row]! || (values[before] === values[row] && before < row));
    });
    assert.equal(wrong, -1);
    assert.deepEqual(sortAscending(values), values.slice().sort());
  }
});

test('without positives nothing ranks: no ROC-AUC, and a PR-AUC of 0 as in scikit-learn', () => {
  const { roc_auc, pr_auc } = rankMetrics(rankScores(new Uint8Array(3), Float64Array.of(0.1, 0.2, 0.2)));
  assert.ok(Number.isNaN(roc_auc));
  assert.equal(pr_auc, 0);
});
