/** Estimates of errors without all the truth: right where their assumption holds, by simulation, and a part of the monitoring. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Matrix } from '../../../lib/numbers/matrix.ts';
import { random } from '../../../lib/numbers/random.ts';
import { livedProject } from '../../../test/support.ts';
import { weightedErrors } from '../covariate-shift.ts';
import { predictionPowered } from '../partial-truth.ts';

/** Errors that happen as often as expected, and what was expected. */
function drawn(name: string, labelled: number, others: number) {
  const rng = random(1, name);
  const expected = Float64Array.from({ length: labelled + others }, () => rng.float() ** 3);
  const wrong = expected.map((p) => (rng.float() < p ? 1 : 0));
  return {
    wrong: wrong.slice(0, labelled),
    expected: expected.slice(0, labelled),
    others: expected.slice(labelled),
  };
}

test('with all probabilities the part that is labelled says more, and covers as often as was said', () => {
  const trials = 400;
  let covered = 0;
  let narrower = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { wrong, expected, others } = drawn(`partial ${trial}`, 150, 3000);
    const powered = predictionPowered(wrong, expected, others, 0.95);
    const plain = predictionPowered(wrong, new Float64Array(150), new Float64Array(3000), 0.95);
    if (powered.estimate.low <= 0.25 && 0.25 <= powered.estimate.high) covered++;
    const width = ({ estimate: { low, high } }: typeof powered) => high - low;
    if (width(powered) < 0.85 * width(plain)) narrower++;
    assert.equal(plain.power, 0);
    assert.ok(powered.at_every_look.low <= powered.estimate.low);
  }
  assert.ok(covered / trials >= 0.92, `covers ${covered / trials}`);
  assert.ok(narrower / trials > 0.9, `narrower ${narrower / trials}`);
});

test('probabilities that tell nothing do no harm', () => {
  const rng = random(2, 'nothing');
  const noise = (n: number) => Float64Array.from({ length: n }, () => rng.float());
  const wrong = Float64Array.from({ length: 400 }, () => (rng.float() < 0.3 ? 1 : 0));
  const { estimate, power } = predictionPowered(wrong, noise(400), noise(2000), 0.95);
  assert.ok(power < 0.2 && estimate.low < 0.3 && 0.3 < estimate.high);
  const nobody = predictionPowered(wrong, noise(400), new Float64Array(0), 0.95);
  assert.equal(nobody.power, 0);
});

test('the sequence holds at every one of many looks', () => {
  const trials = 150;
  let left = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { wrong, expected, others } = drawn(`looks ${trial}`, 1500, 3000);
    for (let n = 100; n <= 1500; n += 50) {
      const { low, high } = predictionPowered(
        wrong.subarray(0, n),
        expected.subarray(0, n),
        others,
        0.95,
      ).at_every_look;
      if (low <= 0.25 && 0.25 <= high) continue;
      left++;
      break;
    }
  }
  assert.ok(left / trials <= 0.07, String(left / trials));
});

test('weighed training rows have the errors of production where only the inputs moved', () => {
  const rng = random(3, 'shift');
  const matrix = (rows: number, shift: number): Matrix => ({
    names: ['a', 'b'],
    rows,
    values: Float64Array.from({ length: 2 * rows }, (_, at) => rng.normal() + (at % 2 === 0 ? shift : 0)),
  });
  const errorsOf = ({ rows, values }: Matrix) =>
    Float64Array.from({ length: rows }, (_, row) =>
      rng.float() < 0.05 + (values[2 * row]! > 1 ? 0.4 : 0) ? 1 : 0,
    );
  const [training, production] = [matrix(4000, 0), matrix(3000, 1)];
  const [seen, truth] = [errorsOf(training), errorsOf(production)];
  const mean = (of: Float64Array) => of.reduce((a, b) => a + b) / of.length;
  const { estimate, effective_rows } = weightedErrors(training, production, seen, 0.95);
  assert.ok(Math.abs(mean(seen) - mean(truth)) > 0.1, 'as they are they do not');
  assert.ok(Math.abs(estimate.value - mean(truth)) < 0.04, `${estimate.value} and ${mean(truth)}`);
  assert.ok(estimate.low < mean(truth) && mean(truth) < estimate.high);
  assert.ok(effective_rows < 3500 && effective_rows > 300);
  const same = weightedErrors(training, matrix(3000, 0), seen, 0.95);
  assert.ok(same.effective_rows > 3800, 'where nothing moved all rows count');
});

test('make monitor says what the errors are likely to be, and decides by none of it', () => {
  const project = livedProject();
  project.configure(['label_delay_hours: 0', 'label_delay_hours: 0.0000001']);
  const { out, err } = project.make('monitor', 'retrain');
  assert.match(out, /^retrain +(no|yes): /m, err);
  const report = JSON.parse(project.read('reports/monitor.json')) as { estimates: Record<string, unknown> };
  assert.ok('partial_truth' in report.estimates && 'importance_weighted' in report.estimates);
  assert.match(
    project.read('reports/monitor.html'),
    /Errors where the truth is missing.*none of them decides anything/s,
  );
});
