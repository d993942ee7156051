/** Monitoring of windows that are odd: a stated verdict, never a crash and never a silent pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { numericReference } from '../../lib/measure/drift-reference.ts';
import { evaluate } from '../../lib/measure/evaluate.ts';
import { random } from '../../lib/numbers/random.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import { decideRetraining } from '../../lib/watch/decide.ts';
import { monitor } from '../../lib/watch/monitor.ts';
import { labelsOf } from '../../lib/watch/over-time.ts';
import { monitorPage } from '../../lib/watch/page.ts';
import { beginVigil, keepVigil } from '../../lib/watch/vigil.ts';
import type { Observed } from '../../lib/watch/window.ts';
import { defaultConfig } from '../support.ts';

const config = parseConfig(defaultConfig, 'config.yaml');
const rng = random(1, 'monitor');
const labels = Uint8Array.from({ length: 500 }, (_, row) => (row % 5 === 0 ? 1 : 0));
const scores = Float64Array.from(labels, (y) => 0.25 + 0.5 * y + 0.2 * rng.float());
const given = Uint8Array.from(scores, (score) => (score >= 0.5 ? 1 : 0));
const metrics = evaluate({ classes: 2, labels, scores }, ['0', '1'], [0.5], { confidence: 0.95 }, given);
const loaded = {
  version: 'v1',
  sha256: 'a'.repeat(64),
  metadata: { source: 'file' },
  metrics,
  conformal: undefined,
  signature: {
    inputs: [{ name: 'x', type: 'number', nullable: true }],
    output: { classes: ['0', '1'], outputs: ['1'], thresholds: [0.5] },
  },
} as unknown as LoadedVersion;
const reference = {
  inputs: [
    numericReference(
      'x',
      Float64Array.from({ length: 500 }, () => rng.normal()),
    ),
  ],
  prediction: null,
};

type Line = Partial<Pick<Observed, 'label' | 'class' | 'probability' | 'time' | 'input'>>;

function look(rows: number, line: (row: number) => Line) {
  const predictions = Array.from({ length: rows }, (_, row) => ({
    id: String(row),
    ids: {},
    model: 'v1',
    time: new Date(Date.UTC(2026, 0, 1) + row).toISOString(),
    input: { x: rng.normal() },
    probability: 0.3,
    class: '0',
    latency_ms: 1,
    label: '0',
    ...line(row),
  })) as unknown as Observed[];
  const window = { predictions, judged: predictions, refusals: [] };
  const report = monitor(
    config,
    loaded,
    reference,
    { labels, given, scores },
    window,
    '2026-01-02T00:00:00Z',
  );
  const decision = decideRetraining(config, report, undefined);
  const vigil = keepVigil(
    beginVigil('v1'),
    { predictions, labelled: predictions.filter(({ label }) => label !== undefined), refused: [], time: '' },
    loaded,
    reference,
    config.monitoring.limits,
    0.05,
  );
  return { report, decision, vigil };
}

test('no predictions, and one label without an error, show nothing', async () => {
  const nothing = look(0, () => ({}));
  assert.equal(nothing.report.error_rate.verdict, 'inconclusive');
  assert.equal(nothing.report.drift[0]!.verdict, 'no data');
  assert.match(nothing.decision.reasons[0]!, /too little truth/);
  const page = await monitorPage(nothing.report, [], 0.2, []);
  assert.match(page, /Have the inputs drifted\?<\/td><td><span class="open">not known yet/);
  assert.doesNotMatch(page, /<h2>Scores/);
  const one = look(1, () => ({}));
  assert.equal(one.report.error_rate.verdict, 'inconclusive');
  assert.equal(one.report.metrics, null);
  assert.equal(one.report.calibration, null);
});

test('what was released at nearly one time is named together', () => {
  const at = (minute: number, what: string) => ({ time: new Date(minute * 60_000), what });
  const marks = [at(50, 'v3'), at(0, 'v1'), at(1, 'v2'), at(2, 'v2'), at(3, 'promoted')];
  assert.deepEqual(labelsOf(marks, 60 * 60_000), [at(0, 'v1, v2, promoted'), at(50, 'v3')]);
  const many = Array.from({ length: 9 }, (_, i) => at(0, `v${i}`));
  assert.deepEqual(labelsOf(many, 60_000), [at(0, 'v0, v1, v2, v3, 5 more')]);
});

test('one class alone, all scores alike, and inputs that are all missing', () => {
  const { report, decision, vigil } = look(400, () => ({ input: { x: null } }));
  assert.equal(report.metrics, null, 'a class has no truth');
  assert.equal(report.harm, null);
  assert.equal(report.error_rate.verdict, 'pass');
  assert.equal(report.drift[0]!.verdict, 'drift');
  assert.equal(decision.decision, 'no');
  assert.equal(vigil.signals.max_psi.rings, true);
  const ties = look(400, (row) => ({ label: row % 4 === 0 ? '1' : '0' }));
  assert.equal(ties.report.metrics!.roc_auc.value, 0.5);
  assert.ok(Number.isFinite(ties.report.metrics!.pr_auc.value));
  assert.equal(ties.report.harm!.verdict, 'fail', 'it ranks no more');
});

test('labels of a class that the model does not know are errors, and of no metric by class', () => {
  const { report, vigil } = look(300, (row) => ({
    label: row % 3 === 0 ? 'unheard' : row % 3 === 1 ? '1' : '0',
  }));
  assert.ok(report.error_rate.production.value > 0.6);
  assert.equal(report.error_rate.verdict, 'fail');
  assert.equal(vigil.signals.error_rate.rings, true);
  const only = look(300, () => ({ label: 'unheard' }));
  assert.equal(only.report.error_rate.production.value, 1);
  assert.equal(only.report.metrics, null);
});

test('a clock that goes back changes no figure', () => {
  const times = (row: number) => new Date(Date.UTC(2026, 0, row % 2 === 0 ? 9 : 1)).toISOString();
  const { report } = look(200, (row) => ({ time: times(row), label: row < 40 ? '1' : '0' }));
  assert.equal(report.error_rate.production.value, 0.2);
  assert.equal(report.window.rows, 200);
});
