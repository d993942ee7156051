/** What beats nothing, or is not shown to be good enough, goes live for no verb; a person may insist, on record. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import type { Dataset } from '../../lib/data/dataset.ts';
import { random } from '../../lib/numbers/random.ts';
import { describeCheck, judgeGate } from '../../lib/registry/gate.ts';
import { buildVersion } from '../../lib/train/build.ts';
import { defaultConfig, temporaryProject, trainedProject } from '../support.ts';

const project = trainedProject();

test('an inconclusive version is refused by start and promote, and says what to do', () => {
  project.configure(['recall: 0.7', 'recall: 0.8']);
  const gate = project.make('gate');
  assert.equal(gate.status, 0);
  assert.match(gate.out, /^gate {7}inconclusive {2}v1 /m);
  for (const ran of [project.make('start'), project.make('promote', 'VERSION=v1')]) {
    assert.notEqual(ran.status, 0);
    assert.match(ran.err, /v1 does not pass the gate: inconclusive: .*recall 0\.\d+ \[.*\? 0\.80/);
    assert.match(ran.err, /always saying "0" has 0\.9\d\d/);
    assert.match(ran.err, /make promote VERSION=v1 REASON="…" puts it live in your name/);
  }
  assert.equal(project.script('model-promote', { VERSION: 'v1' }).status, 3);
  assert.doesNotMatch(project.read('deployment_log.csv'), /promotion/);
});

test('who insists goes on record as that', () => {
  const { status, out, err } = project.make('promote', 'VERSION=v1', 'REASON=the old one is broken');
  assert.equal(status, 0, err);
  assert.match(out, /v1 is champion/);
  const last = project.read('deployment_log.csv').trimEnd().split('\n').at(-1)!;
  assert.match(last, /the old one is broken \(insisted: the gate says inconclusive: log loss beats/);
});

test('a version that is named is judged, and none is made for it', () => {
  const empty = temporaryProject();
  const { status, err } = empty.make('gate', 'VERSION=v3');
  assert.notEqual(status, 0);
  assert.match(err, /there is no model version "v3"/);
  assert.ok(!existsSync(empty.path('models/v1')) && !existsSync(empty.path('data/raw')));
  assert.match(empty.make('monitor').err, /no model version yet: make train makes the first/);
});

test('what passes is said to pass', () => {
  project.configure(['recall: 0.8', 'recall: 0.3'], ['f1: 0.6', 'f1: 0.3']);
  project.make('train');
  const { status, err } = project.make('promote', 'VERSION=v1', 'REASON=again');
  assert.equal(status, 0, err);
  assert.doesNotMatch(project.read('deployment_log.csv').trimEnd().split('\n').at(-1)!, /again \(insisted/);
});

test('a model of noise never passes, whatever minimum it has', async () => {
  const config = parseConfig(defaultConfig, 'config.yaml');
  const rng = random(1, 'noise');
  const names = Object.entries(config.schema).flatMap(([name, { role }]) => (role === 'input' ? [name] : []));
  const data: Dataset = {
    inputs: {
      names,
      rows: 400,
      values: Float64Array.from({ length: 400 * names.length }, (_, at) =>
        at % names.length === 0 ? rng.int(3) : rng.normal(),
      ),
    },
    sensitive: { names: [], rows: 400, values: new Float64Array(0) },
    target: Uint8Array.from({ length: 400 }, () => (rng.float() < 0.3 ? 1 : 0)),
    entities: undefined,
  };
  const small = { ...config.model_params, n_estimators: 20, threads: 1 };
  for (const algorithm of ['RandomForest', 'GradientBoosting', 'LogisticRegression'] as const) {
    const own = { ...config, model_params: { ...small, algorithm } };
    const lenient = { ...own, evaluation: { ...own.evaluation, minimum: {} } };
    const { metrics } = await buildVersion(lenient, data);
    const { verdict, checks } = judgeGate(lenient, metrics);
    assert.notEqual(verdict, 'pass', `${algorithm}: ${checks.map(describeCheck).join()}`);
    const { majority_class, class_shares, logistic_regression } = metrics.baselines;
    assert.equal(majority_class.class, '0');
    assert.ok(Math.abs(class_shares.log_loss - 0.61) < 0.05, String(class_shares.log_loss));
    if (algorithm === 'LogisticRegression')
      assert.equal(logistic_regression.log_loss, metrics.log_loss, 'it is the baseline itself');
  }
});

test('a class of three rows is learnt and measured in as many folds', async () => {
  const config = parseConfig(defaultConfig, 'config.yaml');
  const rng = random(2, 'rare');
  const names = Object.entries(config.schema).flatMap(([name, { role }]) => (role === 'input' ? [name] : []));
  const target = new Uint8Array(200).fill(1, 0, 3);
  const data = (entities: Int32Array | undefined): Dataset => ({
    inputs: {
      names,
      rows: 200,
      values: Float64Array.from({ length: 200 * names.length }, (_, at) =>
        at % names.length === 0 ? 0 : rng.normal(),
      ),
    },
    sensitive: { names: [], rows: 200, values: new Float64Array(0) },
    target,
    entities,
  });
  const { metrics } = await buildVersion(config, data(undefined));
  assert.deepEqual(metrics.class_rows, [197, 3]);
  const one = Int32Array.from(target, (y, row) => (y === 1 ? -1 : row));
  await assert.rejects(buildVersion(config, data(one)), /class "1" has 3 training rows, all of one entity/);
});
