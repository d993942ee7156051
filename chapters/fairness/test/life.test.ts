/** Fairness by make: what groups get, in the monitoring too, and training that brings them closer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { livedProject, temporaryProject } from '../../../test/support.ts';

const sensitive: readonly [string, string][] = [
  [
    'Type: { type: category, role: input, categories: [L, M, H], missing: most_frequent }',
    'Type: { type: category, role: sensitive, categories: [L, M, H], missing: keep }',
  ],
  ['      - { column: Type, new_category: Z, share: 0.01 }\n', ''],
];

test('make fairness says what groups get, and so does the monitoring', () => {
  const project = temporaryProject();
  assert.match(project.make('fairness').err, /no model version yet/);
  project.configure(...sensitive);
  const lived = project.make('prepare', 'train', 'start', 'replay', 'monitor');
  assert.equal(project.make('stop').status, 0);
  assert.equal(lived.status, 0, lived.err);
  const { fairness } = JSON.parse(project.read('reports/monitor.json')) as {
    fairness: { column: string; groups: { rows: number }[] }[];
  };
  assert.deepEqual(
    fairness.map(({ column, groups }) => [column, groups.length]),
    [['Type', 3]],
  );
  const fair = project.make('fairness');
  assert.equal(fair.status, 0, fair.err);
  assert.match(fair.out, /Type {13}demographic parity {0,4}\d\.\d{3} \[/);
  assert.match(project.read('reports/fairness_v1.html'), /What groups get from v1/);
  // At .5, as the challenge asks, and at the threshold that was chosen: which one is said.
  const half = project.make('fairness', 'AT=0.5');
  assert.equal(half.status, 0, half.err);
  assert.match(half.out, /0\.5\b/);
  assert.match(project.make('fairness', 'AT=2').err, /AT=2/);

  project.configure(['{ method: none,', '{ method: reweighing, column: Type,']);
  assert.match(project.make('train').out, /because fairness .*"reweighing"/);
  const unknown = project.make('fairness', 'VERSION=v9');
  assert.match(unknown.err, /there is no model version "v9"/);
});

test('without a sensitive column there is nothing to compare, and it says so', () => {
  const { status, err } = livedProject().make('fairness');
  assert.equal(status, 2);
  assert.match(err, /has no sensitive column of type category/);
});
