/** Retraining again, and with nothing to decide on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chapters } from '../../lib/door.ts';
import { loadProject } from '../../lib/project.ts';
import { proposeRetraining } from '../../lib/watch/retraining.ts';
import { copyOf, livedProject, THREE } from '../support.ts';

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

test('a challenger that was proposed waits, with a share of the traffic, until somebody promotes or forgets it', () => {
  const three = copyOf(THREE);
  const here = loadProject(chapters, three.path('config.yaml'));
  const note = {
    version: 'v2',
    data_version: 'v7',
    reason: 'retrained: better',
    verdict: 'is better',
    evidence: '',
  };
  proposeRetraining(here, note, 'canary');
  assert.match(three.read('models/traffic.json'), /"v2": 10/);
  assert.match(
    three.make('retrain').out,
    /v2 waits: make promote VERSION=v2 puts it live, make stage VERSION=v2/,
  );
  assert.equal(three.make('promote', 'VERSION=v2').status, 0);
  assert.match(three.make('retrain').out, /v2 was live already; config\.yaml reads data v7 now/);
  assert.match(three.read('config.yaml'), /current_version: v7/);
  assert.match(three.read('models/decisions.csv'), /,promoted,v2,v2 is better,/);
  proposeRetraining(here, { ...note, version: 'v3', data_version: 'v1' }, 'approve');
  assert.match(three.make('retrain').out, /v3 waits/);
  assert.equal(three.make('stage', 'VERSION=v3', 'STAGE=Archived').status, 0);
  assert.match(three.make('retrain').out, /of a retraining that put nothing live, removed/);
});
