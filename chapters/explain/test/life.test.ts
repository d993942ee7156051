/** What a version looks at, and why one prediction is what it is, by make. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { livedProject } from '../../../test/support.ts';

const project = livedProject();

test('a prediction is explained: what each feature added, up to what was given', () => {
  const id = /"id":"([0-9a-f]{28})"/.exec(logText())![1]!;
  const { status, out, err } = project.make('explain', `ID=${id}`);
  assert.equal(status, 0, err);
  assert.match(out, /mean over the training rows/);
  assert.match(out, /[+−]\d\.\d{4} {2}Torque \[Nm\] = /);
  assert.match(out, /[+−]\d\.\d{4} {2}sum = what was given/);
  assert.match(
    project.make('explain', 'ID=x').err,
    /ID=x {2}is the id of no prediction: 28 hexadecimal digits/,
  );
  assert.match(project.read(`reports/explain_${id}.svg`), /^<svg .*aria-label="From the mean/);
  const whole = project.make('explain');
  assert.equal(whole.status, 0, whole.err);
  assert.match(whole.out, /of what moves its probability\n.* every row adds up/);
  assert.ok(existsSync(project.path('reports/explain_v2/importance.svg')), 'pictures');
  const batch = project.make('explain', 'CSV=data/processed/v1_test.csv');
  assert.match(batch.out, /2,400 rows by v2/);
  const [header, first] = project.read('reports/explain_v2_v1_test.csv').split('\n') as [string, string];
  const [, , probability, , base, ...contributions] = first.split(',').map(Number);
  const sum = contributions.reduce((a, b) => a + b, base!);
  assert.ok(Math.abs(sum - probability!) < 1e-9, header);
  assert.match(project.make('explain', 'CSV=Makefile').err, /^Makefile:\d+ {2}/);
});

function logText(): string {
  const folder = 'data/production/predictions';
  return project.read(folder, readdirSync(project.path(folder)).at(-1)!);
}
