/** The commands of the Mini-Prod challenge, by make, and the formats that it asks for. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { livedProject } from '../../../test/support.ts';

const project = livedProject();

test('make drift compares two files, in the two formats that were asked for', () => {
  const drift = project.make(
    'drift',
    'REF=data/processed/v1_test.csv',
    'NEW=data/production/bad.csv',
    'OUT=artifacts/drift_report.json',
  );
  assert.equal(drift.status, 0, drift.err);
  const report = JSON.parse(project.read('artifacts/drift_report.json')) as {
    features: Record<string, number>;
  };
  assert.deepEqual(Object.keys(report), ['threshold', 'overall_drift', 'features']);
  assert.ok(report.features['Torque [Nm]']! > 0.2);
  assert.match(project.read('artifacts/drift_report_ks.json'), /"Torque \[Nm\]": 0\.\d+/);
  assert.match(project.make('drift', 'REF=config.yaml').err, /which two\? make drift REF=/);
});

test('a folder where a file is to be is named, and nothing is left', () => {
  mkdirSync(project.path('out'));
  writeFileSync(project.path('rows.csv'), 'Torque [Nm]\n40\n41\n');
  const drift = project.make('drift', 'REF=rows.csv', 'NEW=rows.csv', 'OUT=out');
  assert.match(drift.err, /^out: is a folder, where a file is to be\./m);
  assert.deepEqual(
    readdirSync(project.folder).filter((name) => name.includes('clockwork-tmp-')),
    [],
  );
});

test('make export writes the files of the challenge', () => {
  const { status, err } = project.make('export', 'OUT=artifacts');
  assert.equal(status, 0, err);
  const figures = JSON.parse(project.read('artifacts/metrics.json')) as Record<string, unknown>;
  assert.deepEqual(Object.keys(figures).slice(0, 5), [
    'roc_auc',
    'pr_auc',
    'accuracy',
    'timestamp',
    'git_sha',
  ]);
  assert.match(project.read('artifacts/feature_importances.csv'), /^feature,importance\n/);
});

test('what the project keeps, and what is no file, is not written over', () => {
  const manifest = project.read('manifest.txt');
  for (const out of [
    'manifest.txt',
    'config.yaml',
    'models',
    'models/v1/model.json',
    'lib/step.ts',
    './data/production/labels.csv',
    '-x',
  ])
    assert.match(
      project.make('export', `OUT=${out}`).err,
      /is kept by the project: write to another place/,
      out,
    );
  execFileSync('mkfifo', [project.path('pipe')]);
  assert.match(
    project.make('drift', 'REF=data/processed/v1_test.csv', 'NEW=data/production/bad.csv', 'OUT=pipe').err,
    /^pipe {2}is no file/m,
  );
  assert.equal(project.read('manifest.txt'), manifest);
});
