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

test('make explain-step says why a step would run now, and what it did last', () => {
  const { status, out, err } = project.make('explain-step', 'STEP=train');
  assert.equal(status, 0, err);
  assert.match(out, /^step +make train: a model version from the current data and settings/m);
  assert.match(out, /writes models\/latest\.json/);
  assert.match(out, /^script +scripts\/model-train\.ts$/m);
  assert.match(out, /Trains on the current data version, evaluates out of fold/);
  assert.match(out, /^left +models\/model_metadata\.log: .*version=v\d/m);
  // The separator that the test before changed.
  assert.match(
    project.make('explain-step', 'STEP=prepare').out,
    /^now +makes data\/processed\/.* again, since .*prepare\.json changed after it$/m,
  );
  project.configure(['separator: ";"', 'separator: ","']);
  assert.match(project.make('explain-step', 'STEP=promote').out, /^now +it would run: it makes no file/m);
  assert.match(project.make('explain-step', 'STEP=promote').out, /^left +deployment_log\.csv: /m);
  // A verb that has files made before it runs all the same, and is itself; one that starts make again is not carried out.
  const gate = project.make('explain-step', 'STEP=gate').out;
  assert.match(gate, /first writes models\/latest\.json\n +from /);
  assert.match(gate, /^now +it would run/m);
  assert.doesNotMatch(gate, /^left +models\/model_metadata/m);
  const monitor = project.make('explain-step', 'STEP=monitor');
  assert.match(monitor.out, /^script +scripts\/watch-monitor\.ts$/m, monitor.err);
  // Its chapter may be torn out.
  if (project.make('help').out.includes('make experiment '))
    assert.match(project.make('explain-step', 'STEP=experiment').out, /^now +it would run/m);
  assert.match(project.make('explain-step', 'STEP=trian').err, /STEP=trian is no verb: did you mean train\?/);
  assert.equal(project.make('explain-step').status, 2);
});
