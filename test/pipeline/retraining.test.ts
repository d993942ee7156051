/** Retraining again, and with nothing to decide on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { livedProject } from '../support.ts';

const project = livedProject();

test('a second monitoring and decision: the cooldown holds', () => {
  project.make('start');
  const { out, err } = project.make('replay', 'monitor', 'retrain', 'DAY=bad');
  project.make('stop');
  assert.match(out, /^retrain +no: /m, err);
});

test('without labels nothing is decided', () => {
  project.configure(['label_delay_hours: 0', 'label_delay_hours: 9999']);
  const { out } = project.make('monitor', 'retrain');
  assert.match(out, /no truth has arrived yet/);
  assert.match(out, /^retrain +no: too little truth/m);
  project.configure(['label_delay_hours: 9999', 'label_delay_hours: 0']);
});

test('a second retraining takes only what is newly labelled', () => {
  project.set({ cooldown_hours: 0, pr_auc_fall: 0 });
  project.configure(['scale: 1.25', 'scale: 0.6']);
  project.make('start');
  const { out, err } = project.make('replay', 'monitor', 'retrain', 'DAY=bad');
  project.make('stop');
  assert.match(out, /^retrain +yes/m, out + err);
  const idsOf = (version: string) =>
    project
      .read(`data/production/labelled_${version}.csv`)
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[1]!);
  const [first, second] = [new Set(idsOf('v2')), idsOf('v3')];
  assert.ok(second.length > 500, String(second.length));
  assert.ok(
    second.every((id) => !first.has(id)),
    'no prediction joins training twice',
  );
});
