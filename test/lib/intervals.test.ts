/** Intervals and comparisons keep what they promise: by simulation, short here and long in make claims. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricName } from '../../lib/config/schema.ts';
import { compareMeasured, meanEstimate, measureMetrics, measureShare } from '../../lib/measure/estimates.ts';
import { compareScores } from '../../lib/measure/evaluate.ts';
import { influenceOfRanking, influenceOfRatio } from '../../lib/measure/influence.ts';
import { areaInterval, differenceOf, newcombe, wilson } from '../../lib/measure/intervals.ts';
import { metricsOf, rankMetrics, rankScores } from '../../lib/measure/metrics.ts';
import { differenceApart, standardise } from '../../lib/measure/standardised.ts';
import { classify, type ScoredRows } from '../../lib/numbers/outputs.ts';
import { type Random, random } from '../../lib/numbers/random.ts';
import { assertClose } from '../support.ts';

/** Scores of two classes that lie `apart` standard deviations from one another. */
function drawn(rng: Random, positives: number, negatives: number, apart: number): ScoredRows {
  const labels = new Uint8Array(positives + negatives).fill(1, 0, positives);
  return { classes: 2, labels, scores: Float64Array.from(labels, (y) => rng.normal() + (y - 0.5) * apart) };
}

const givenBy = ({ scores }: ScoredRows) => classify(scores, { thresholds: [0.5] });

test('what a row adds is what changes when it weighs a little more', () => {
  const rng = random(1, 'influence');
  const rows = drawn(rng, 12, 30, 1);
  for (let row = 0; row < 42; row += 3) rows.scores[row] = Math.round(rows.scores[row]!);
  const ranking = rankScores(rows.labels, rows.scores);
  for (const negative of [1, 2.5]) {
    const weights = Float64Array.from(rows.labels, (y) => (y === 1 ? 1 : negative));
    const influence = influenceOfRanking(ranking, negative);
    const before = rankMetrics(ranking, weights);
    for (const name of ['roc_auc', 'pr_auc'] as const) {
      assertClose(
        influence[name].reduce((a, b) => a + b),
        0,
        1e-12,
        'they sum to nothing',
      );
      for (const row of [0, 5, 11, 12, 20, 41]) {
        const more = weights.slice();
        more[row]! *= 1 + 1e-6;
        const change = (rankMetrics(ranking, more)[name] - before[name]) / 1e-6;
        assertClose(influence[name][row]!, change, 1e-5, `${name} of row ${row}`);
      }
    }
  }
  const ratio = influenceOfRatio(4, (row) => [row === 0 ? 1 : 0, row < 3 ? 1 : 0]);
  for (const [row, value] of [2 / 9, -1 / 9, -1 / 9, 0].entries())
    assertClose(ratio[row]!, value, 1e-12, `row ${row}`);
});

test('known intervals: Newcombe 1998, Hanley and McNeil at the ends, and shares of nothing', () => {
  // Newcombe 1998, example (a): 56/70 against 48/80.
  const difference = newcombe({ events: 48, trials: 80 }, { events: 56, trials: 70 }, 0.95);
  assertClose(difference.low, 0.0524, 5e-4, 'low');
  assertClose(difference.high, 0.3339, 5e-4, 'high');
  const perfect = areaInterval(1, 10, 100, 0.95);
  assert.equal(perfect.high, 1);
  assert.ok(perfect.low > 0.6 && perfect.low < 0.95, String(perfect.low));
  assert.ok(wilson(5, 5, 0.95).low < 0.6, 'five of five is no certainty');
  const none = measureShare(3, () => [0, 0], { confidence: 0.95 });
  assert.deepEqual(none.estimate, { value: 0, low: 0, high: 1 });
  const same = differenceOf(wilson(5, 10, 0.95), wilson(5, 10, 0.95), 1);
  assert.ok(same.low <= 0 && same.high >= 0);
});

test('intervals cover at ten positives, near-perfect scores among them', () => {
  const trials = 300;
  for (const [apart, negatives] of [
    [1, 190],
    [4, 100],
  ] as const) {
    const truth = metricsOf(...wholePopulation(apart, negatives / 10))();
    const covered: Partial<Record<MetricName, number>> = {};
    for (let trial = 0; trial < trials; trial++) {
      const rows = drawn(random(2, 'cover', trial), 10, negatives, apart);
      const measured = measureMetrics(rows, givenBy(rows), { confidence: 0.95 });
      for (const [name, { estimate }] of Object.entries(measured) as [MetricName, typeof measured.f1][])
        if (estimate.low <= truth[name] && truth[name] <= estimate.high)
          covered[name] = (covered[name] ?? 0) + 1;
    }
    for (const [name, count] of Object.entries(covered))
      assert.ok(count / trials >= 0.9, `${name} ${count / trials} at ${apart}`);
  }
});

function wholePopulation(apart: number, odds: number): [ScoredRows, Uint8Array] {
  const rows = drawn(random(3, 'truth', apart), 4000, Math.round(4000 * odds), apart);
  return [rows, givenBy(rows)];
}

test('rows of one entity tell less than as many rows of different ones', () => {
  const trials = 200;
  let plain = 0;
  let clustered = 0;
  for (let trial = 0; trial < trials; trial++) {
    const rng = random(4, 'entities', trial);
    const entities = Int32Array.from({ length: 3000 }, (_, row) => Math.floor(row / 20));
    const prone = Float64Array.from({ length: 150 }, () => (rng.float() < 0.2 ? 0.4 : 0.05));
    const wrong = Float64Array.from(entities, (entity) => (rng.float() < prone[entity]! ? 1 : 0));
    const share = (of: Int32Array | undefined) =>
      measureShare(3000, (row) => [wrong[row]!, 1], { confidence: 0.95, entities: of }).estimate;
    const covers = ({ low, high }: { low: number; high: number }) => (low <= 0.12 && 0.12 <= high ? 1 : 0);
    plain += covers(share(undefined));
    clustered += covers(share(entities));
    const mean = meanEstimate(wrong, { confidence: 0.95, entities });
    assertClose(mean.high - mean.low, share(entities).high - share(entities).low, 0.01, 'mean and share');
  }
  assert.ok(plain / trials < 0.8, `without entities ${plain / trials}`);
  assert.ok(clustered / trials >= 0.92, `with them ${clustered / trials}`);
});

test('of equal models neither is better more often than was said, by no metric', () => {
  const trials = 400;
  for (const positives of [10, 30]) {
    const better: Record<string, number> = {};
    for (let trial = 0; trial < trials; trial++) {
      const rng = random(5, 'equal', positives, trial);
      const a = drawn(rng, positives, positives * 19, 2.5);
      const b = a.scores.map((x, i) => {
        const centre = (a.labels[i]! - 0.5) * 2.5;
        return centre + 0.7 * (x - centre) + Math.sqrt(1 - 0.49) * rng.normal();
      });
      const candidate = (scores: Float64Array) => ({ scores, given: givenBy({ ...a, scores }) });
      const differences = compareScores(a, candidate(a.scores), candidate(b), 0, { confidence: 0.95 });
      for (const [name, { verdict }] of Object.entries(differences))
        better[name] = (better[name] ?? 0) + (verdict === 'pass' ? 1 : 0);
    }
    for (const [name, count] of Object.entries(better))
      assert.ok(count / trials <= 0.045, `${name} at ${positives} positives: ${count / trials}`);
  }
});

test('a difference that is there is seen, and the means of classes are judged as such', () => {
  const rng = random(6, 'several');
  const labels = Uint8Array.from({ length: 600 }, (_, row) => row % 3);
  const scoresAt = (sure: number) =>
    Float64Array.from({ length: 1800 }, (_, at) => {
      const isTrue = labels[Math.floor(at / 3)] === at % 3;
      return (isTrue ? sure : 0) + rng.float();
    });
  const candidate = (scores: Float64Array) => ({
    scores,
    given: classify(scores, { thresholds: [1 / 3, 1 / 3, 1 / 3] }),
  });
  const [poor, good] = [candidate(scoresAt(0.2)), candidate(scoresAt(0.8))];
  const rows = { classes: 3, labels };
  const differences = compareScores(rows, poor, good, 0, { confidence: 0.95 });
  for (const [name, { verdict, estimate, detectable }] of Object.entries(differences)) {
    assert.equal(verdict, 'pass', name);
    assert.ok(detectable > 0 && detectable < estimate.value, `${name} ${detectable}`);
  }
  const { roc_auc } = measureMetrics({ ...rows, scores: good.scores }, good.given, { confidence: 0.95 });
  assert.ok(roc_auc.estimate.low < roc_auc.estimate.value && roc_auc.estimate.value < roc_auc.estimate.high);
  assert.equal(compareMeasured(roc_auc, roc_auc, { confidence: 0.95 }).value, 0);
});

test('a metric at the shares of another day compares with that day', () => {
  const [usual, rich] = [drawn(random(7, 'a'), 200, 3800, 2), drawn(random(8, 'b'), 400, 400, 2)];
  const shares = [0.95, 0.05];
  for (const metric of ['pr_auc', 'roc_auc', 'precision', 'f1', 'accuracy', 'recall'] as const) {
    const [then, now] = [usual, rich].map((rows) => standardise(metric, rows, givenBy(rows), shares));
    const { low, high } = differenceApart(then!, now!, 0.99);
    assert.ok(low <= 0 && 0 <= high, `${metric} ${then!.value} and ${now!.value}`);
  }
  const plain = metricsOf(rich, givenBy(rich))().precision;
  assert.ok(
    plain - standardise('precision', usual, givenBy(usual), shares).value > 0.3,
    'as they are they do not',
  );
});
