import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { compareScores } from '../../lib/measure/evaluate.ts';
import { classify } from '../../lib/numbers/outputs.ts';
import { type Decided, hoursSinceRetraining } from '../../lib/record/decisions.ts';
import { decideRetraining } from '../../lib/watch/decide.ts';
import { labelledRows } from '../../lib/watch/labelled.ts';
import type { MonitorReport } from '../../lib/watch/monitor.ts';
import type { Observed } from '../../lib/watch/window.ts';
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
    decideRetraining(config, report('fail', 19, true), undefined).reasons[0]!,
    /19 labels of class 1, 20 needed/,
  );
  assert.equal(decideRetraining(config, report(null, 0, true), undefined).decision, 'no');
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
    }) as unknown as Observed;
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
