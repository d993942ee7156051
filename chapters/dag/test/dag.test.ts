/** The rules as make has them: what is made from what, and what a change puts out of date. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { livedProject } from '../../../test/support.ts';

const project = livedProject();

test('make dag draws the rules, and marks what is out of date and all that waits for it', () => {
  const { status, out, err } = project.make('dag');
  assert.equal(status, 0, err);
  assert.match(out, /^ {2}data\/raw\/ai4i2020\.csv\n {6}← \.make\/config\/raw\.json$/m);
  assert.match(
    out,
    /^ {2}data\/processed\/v2_test\.csv data\/processed\/v2_train\.csv\n {6}← data\/raw\/ai4i2020\.csv .* files of code$/m,
  );
  assert.match(out, /^dag {8}\d rules, 0 out of date \(!\) {3}reports\/dag\.svg$/m);
  assert.match(
    project.read('reports/dag.svg'),
    /^<svg .*aria-label="What is made from what: \d rules, 0 out of date"/,
  );

  project.configure(['separator: ","', 'separator: ";"']);
  const changed = project.make('dag').out;
  assert.match(changed, /^! data\/processed\/v2_test\.csv/m, 'what the setting is of');
  assert.match(changed, /^! models\/latest\.json/m, 'and what is made from that');
  assert.match(changed, /^ {2}data\/raw\/ai4i2020\.csv/m);
  assert.match(project.read('reports/dag.svg'), /2 out of date/);
});
