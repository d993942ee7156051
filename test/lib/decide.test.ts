import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { RETRAINING_METRICS, type RetrainingMetric } from '../../lib/config/schema.ts';
import { calibrationError } from '../../lib/measure/calibration-error.ts';
import { compareScores } from '../../lib/measure/evaluate.ts';
import { classify } from '../../lib/numbers/outputs.ts';
import { random } from '../../lib/numbers/random.ts';
import { type Decided, hoursSinceRetraining } from '../../lib/record/decisions.ts';
import { decideRetraining } from '../../lib/watch/decide.ts';
import { compareOn, type GivenRows, measureHarm } from '../../lib/watch/harm.ts';
import { labelledRows } from '../../lib/watch/labelled.ts';
import type { MonitorReport } from '../../lib/watch/monitor.ts';
import type { Taught } from '../../lib/watch/taught.ts';
import { defaultConfig } from '../support.ts';

const config = parseConfig(defaultConfig, 'config.yaml');
const estimate = { value: 0.01, low: 0.005, high: 0.02 };

function report(
  verdict: 'pass' | 'fail' | 'inconclusive' | null,
  positives: number,
  drift: boolean,
): MonitorReport {
  return {
    labels: { count: 1000, scarcest: { class: '1', count: positives }, missing_rate: 0 },
    error_rate: { production: estimate, training: estimate, verdict: 'pass' },
    harm:
      verdict === null
        ? null
        : {
            metric: 'pr_auc',
            production: 0.5,
            training: 0.9,
            difference: { value: -0.4, low: -0.5, high: -0.3 },
            verdict,
            classes: ['1'],
            left_out: [],
          },
    drift: [
      {
        name: 'Air temperature [K]',
        psi: 3.2,
        size: { value: 3.2, low: 3, high: 3.4 },
        verdict: drift ? 'drift' : 'none',
      },
    ],
  } as unknown as MonitorReport;
}

test('drift alone is never a reason', () => {
  const { decision, reasons } = decideRetraining(config, report('pass', 60, true), undefined);
  assert.equal(decision, 'no');
  assert.match(reasons[0]!, /drift without harm/);
  assert.ok(
    reasons.some((reason) => reason.includes('Air temperature [K] (PSI 3.20)')),
    'drift is on record all the same',
  );
});

test('harm must be shown, not merely possible', () => {
  assert.equal(decideRetraining(config, report('inconclusive', 60, true), undefined).decision, 'no');
  assert.equal(decideRetraining(config, report('fail', 60, true), undefined).decision, 'yes');
  assert.equal(
    decideRetraining(config, report('fail', 60, false), undefined).decision,
    'yes',
    'harm without drift counts too',
  );
});

test('too few positives decide nothing', () => {
  assert.match(
    decideRetraining(config, report(null, 19, true), undefined).reasons[0]!,
    /19 of class 1, 20 needed/,
  );
  assert.equal(decideRetraining(config, report(null, 0, true), undefined).decision, 'no');
});

test('errors that the metric does not go by are in the headline', () => {
  const worse = {
    ...report('pass', 60, true),
    error_rate: {
      production: { ...estimate, value: 0.378 },
      training: { ...estimate, value: 0.107 },
      verdict: 'fail',
    },
  } as unknown as MonitorReport;
  const { decision, reasons } = decideRetraining(config, worse, undefined);
  assert.equal(decision, 'no');
  assert.match(
    reasons[0]!,
    /drift without harm shown: pr_auc is not lower .*; but errors are more than in training, 37\.80 % against 10\.7/,
  );
});

/** Rows of classes that a model of this sureness tells apart, given the most probable. */
function givenRows(seed: string, counts: readonly number[], sure: number): GivenRows {
  const rng = random(1, seed);
  const labels = Uint8Array.from(counts.flatMap((count, k) => new Array<number>(count).fill(k)));
  const scores = Float64Array.from({ length: labels.length * counts.length }, (_, at) => {
    const isTrue = labels[Math.floor(at / counts.length)] === at % counts.length;
    return (isTrue ? sure : 0) + rng.float();
  });
  for (let at = 0; at < scores.length; at += counts.length) {
    const row = scores.subarray(at, at + counts.length);
    const sum = row.reduce((a, b) => a + b);
    for (let k = 0; k < row.length; k++) row[k]! /= sum;
  }
  if (counts.length > 2)
    return {
      classes: counts.length,
      labels,
      scores,
      given: classify(scores, { thresholds: counts.map(() => 1 / counts.length) }),
    };
  const positive = Float64Array.from(labels, (_, row) => scores[2 * row + 1]!);
  return { classes: 2, labels, scores: positive, given: classify(positive, { thresholds: [0.5] }) };
}

const withMetric = (metric: RetrainingMetric) => ({
  ...config,
  retraining: { ...config.retraining, metric },
});

test('harm is judged by any metric, a cost or the calibration: found where it is, and not where it is not', () => {
  const training = givenRows('training', [3000, 300], 0.7);
  for (const metric of RETRAINING_METRICS) {
    const judge = (production: GivenRows) =>
      measureHarm(withMetric(metric), ['0', '1'], training, production)!;
    const same = judge(givenRows('same', [900, 90], 0.7));
    assert.notEqual(same.verdict, 'fail', `${metric}: ${same.training} and ${same.production}`);
    const worse = judge(givenRows('worse', [900, 90], 0.2));
    assert.equal(worse.verdict, 'fail', `${metric}: ${worse.training} and ${worse.production}`);
    assert.deepEqual(worse.left_out, []);
  }
});

test('precision, recall or the production error rate may drive retraining: harm in it is the reason, and no harm is none', () => {
  const training = givenRows('training', [3000, 300], 0.7);
  for (const [metric, named] of [
    ['precision', /precision/],
    ['recall', /recall/],
    // Of accuracy what is left to 1 is the error rate.
    ['accuracy', /accuracy/],
  ] as const) {
    const decide = (seed: string, sure: number) => {
      const harm = measureHarm(withMetric(metric), ['0', '1'], training, givenRows(seed, [900, 90], sure))!;
      return decideRetraining(withMetric(metric), { ...report('pass', 90, true), harm }, undefined);
    };
    const worse = decide('worse', 0.2);
    assert.equal(worse.decision, 'yes', metric);
    assert.match(worse.reasons.join(), named);
    assert.equal(decide('same', 0.7).decision, 'no', metric);
  }
});

test('a class without truth does not veto the others, and is named', () => {
  const training = givenRows('training', [500, 500, 200], 0.8);
  const production = givenRows('production', [300, 300, 3], 0.2);
  const classes = ['a', 'b', 'c'];
  const harm = measureHarm(withMetric('recall'), classes, training, production)!;
  assert.deepEqual([harm.verdict, harm.classes, harm.left_out], ['fail', ['a', 'b'], ['c']]);
  const { reasons } = decideRetraining(
    withMetric('recall'),
    { ...report('pass', 60, false), harm },
    undefined,
  );
  assert.match(reasons[0]!, /harm: recall of a, b \(too little truth of c\) is lower/);
  assert.equal(
    measureHarm(withMetric('recall'), classes, training, givenRows('few', [9, 9, 9], 0.5)),
    undefined,
  );
  const accuracy = measureHarm(
    withMetric('accuracy'),
    classes,
    training,
    givenRows('no c', [30, 30, 0], 0.2),
  )!;
  assert.deepEqual(accuracy.left_out, ['c']);
  const one = givenRows('one class', [0, 60], 0.5);
  assert.equal(measureHarm(withMetric('pr_auc'), ['0', '1'], givenRows('t', [90, 90], 0.5), one), undefined);
});

test('a challenger is compared by the metric that retraining goes by', () => {
  const labels = Uint8Array.from({ length: 400 }, (_, i) => i % 2);
  const rng = random(2, 'challenger');
  const careless = labels.map((y) => (rng.float() < 0.2 ? 1 - y : y));
  const cautious = labels.map((y) => (y === 1 || rng.float() < 0.15 ? 1 : 0));
  const of = (given: Uint8Array) => ({ given, scores: Float64Array.from(given, (y) => 0.1 + 0.8 * y) });
  const costly = {
    ...withMetric('cost'),
    evaluation: { ...config.evaluation, cost: { false_positive: 1, false_negative: 20 } },
  };
  const { estimate, verdict } = compareOn(
    costly,
    { classes: 2, labels },
    of(careless),
    of(cautious),
    undefined,
  );
  assert.ok(verdict === 'pass' && estimate.value > 1, `${verdict} ${estimate.value}`);
  const { verdict: calibrated } = compareOn(
    withMetric('calibration'),
    { classes: 2, labels },
    of(careless),
    of(labels),
    undefined,
  );
  assert.equal(calibrated, 'pass');
  assert.equal(
    compareOn(withMetric('f1'), { classes: 2, labels }, of(labels), of(labels), undefined).verdict,
    'inconclusive',
  );
});

test('the calibration error is 0 where probabilities are shares, and what it is where they are not', () => {
  const rng = random(3, 'calibrated');
  const trials = 200;
  let covered = 0;
  for (let trial = 0; trial < trials; trial++) {
    const shares = Float64Array.from({ length: 500 }, () => rng.float());
    const truths = Uint8Array.from(shares, (p) => (rng.float() < p ? 1 : 0));
    if (calibrationError(shares, truths, 0.95).low === 0) covered++;
  }
  assert.ok(covered / trials >= 0.93, String(covered / trials));
  const half = new Float64Array(2000).fill(0.5);
  const off = calibrationError(
    half,
    Uint8Array.from(half, () => (rng.float() < 0.7 ? 1 : 0)),
    0.95,
  );
  assert.ok(off.low < 0.2 && 0.2 < off.high && off.low > 0.1, JSON.stringify(off));
  assert.ok(Number.isNaN(calibrationError(new Float64Array(5), new Uint8Array(5), 0.95).value));
});

test('the cooldown holds, then ends', () => {
  assert.match(decideRetraining(config, report('fail', 60, true), 23.9).reasons[0]!, /cooldown/);
  assert.equal(decideRetraining(config, report('fail', 60, true), 24.1).decision, 'yes');
});

test('a decision dated after now holds no cooldown', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  const decided = (time: string) => ({ time, decision: 'promoted' }) as Decided;
  assert.equal(hoursSinceRetraining([decided('2026-01-01T00:00:00Z')], now), 24);
  assert.equal(hoursSinceRetraining([decided('2036-01-01T00:00:00Z')], now), undefined);
  assert.equal(
    hoursSinceRetraining([decided('2026-01-01T12:00:00Z'), decided('2036-01-01T00:00:00Z')], now),
    12,
  );
});

test('better means the whole interval, and no difference is no improvement', () => {
  const labels = Uint8Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const scores = Float64Array.from(labels, (y, i) => 0.3 * y + ((i * 37) % 100) / 140);
  const candidate = { scores, given: classify(scores, { thresholds: [0.5] }) };
  const options = { confidence: 0.95 };
  const same = compareScores({ classes: 2, labels }, candidate, candidate, 0, options);
  for (const [metric, { verdict, estimate }] of Object.entries(same)) {
    assert.equal(estimate.value, 0, metric);
    assert.notEqual(verdict, 'pass', metric);
  }
});

test('a row that the schema does not take joins no training, and stops none', () => {
  const line = (id: string, ids: object, label: string) =>
    ({
      id,
      ids,
      input: {
        Type: 'L',
        'Air temperature [K]': 298.1,
        'Process temperature [K]': 308.6,
        'Rotational speed [rpm]': 1551,
        'Torque [Nm]': 42.8,
        'Tool wear [min]': 0,
      },
      label,
      by: 'lab',
    }) as unknown as Taught;
  const known = { UDI: 1, 'Product ID': 'L1' };
  const labelled = labelledRows(
    config,
    [line('a', known, '0'), line('b', {}, '1'), line('c', { ...known, UDI: 2 }, '1')],
    new Map(),
  );
  assert.equal(labelled.left, 1);
  assert.deepEqual(
    labelled.rows.map(([, id]) => id),
    ['a', 'c'],
  );
});
