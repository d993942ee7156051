import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/load.ts';
import { decideRetraining } from '../../lib/watch/decide.ts';
import type { MonitorReport } from '../../lib/watch/monitor.ts';
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
    drift: [{ name: 'Air temperature [K]', psi: 3.2, verdict: drift ? 'drift' : 'none' }],
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
