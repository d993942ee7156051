/** The whole life by make in an empty folder: what it said, what it left. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { LIVED_SAID, livedProject } from '../support.ts';

const project = livedProject();

test('make all: two days, a recorded no, a recorded yes, a new version live', () => {
  const out = readFileSync(LIVED_SAID, 'utf8');
  const steps = [...out.matchAll(/^(serve|smoke|replay|monitor|retrain|stop|audit)\b/gm)];
  assert.deepEqual(
    steps.map(([, step]) => step),
    ['serve', 'smoke', ...['replay', 'monitor', 'retrain', 'replay', 'monitor', 'retrain'], 'stop', 'audit'],
    'in their order, whatever -j',
  );
  assert.ok(!existsSync(project.path('.make/config/server.json')), 'no server is left');
  assert.match(out, /^raw .*8,000 rows, simulated/m);
  assert.match(out, /^prepare +v1 {2}5,600 train · 2,400 production/m);
  assert.match(out, /^gate +pass/m);
  assert.match(out, /^smoke +3 of 3/m);
  assert.match(out, /^retrain +no: drift without harm/m);
  assert.match(out, /^retrain +yes: harm/m);
  assert.match(
    out,
    /^promote +v2 is champion \(was v1\); config\.yaml reads data v2; the running server switched/m,
  );
  assert.match(out, /^audit +all well/m);
  assert.match(project.read('config.yaml'), /current_version: v2/);
  assert.match(project.read('config.yaml'), /# Every path, version, seed/, 'comments stay');
  assert.deepEqual(JSON.parse(project.read('models/aliases.json')), { champion: 'v2', previous: 'v1' });
  const decisions = project
    .read('models/decisions.csv')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[1]);
  assert.deepEqual(decisions, ['no', 'yes', 'promoted']);
  const events = project
    .read('deployment_log.csv')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[1]);
  assert.deepEqual(events, ['stage', 'promotion', 'start', 'stage', 'promotion', 'switch', 'stop']);
  assert.match(project.make('train').out, /up to date: v2/, 'what retraining made is current');
});

test('simulated data says so wherever it went', () => {
  assert.match(project.read('manifest.txt'), /source=simulated/);
  assert.equal(
    (JSON.parse(project.read('models/v1/metadata.json')) as { source: string }).source,
    'simulated',
  );
  assert.match(project.read('reports/monitor.html'), /The data is simulated/);
  assert.match(project.make('registry').out, /v1 \(simulated\)/);
});

test('a version holds what it must', () => {
  for (const name of [
    'model.json',
    'pipeline.json',
    'signature.json',
    'reference.json',
    'golden.json',
    'metrics.json',
    'feature_importances.csv',
    'metadata.json',
    'config.yaml',
    'validation.csv',
  ]) {
    assert.ok(existsSync(project.path('models/v1', name)), name);
  }
  const metadata = JSON.parse(project.read('models/v1/metadata.json')) as Record<string, unknown>;
  for (const key of [
    'training_date',
    'data',
    'git',
    'accuracy',
    'loss',
    'settings',
    'files',
    'code',
    'node',
    'heads',
  ])
    assert.ok(key in metadata, key);
});

test('a prediction is traced to the raw rows, each hash checked', () => {
  const id = lastId();
  const { status, out } = project.make('trace', `ID=${id}`);
  assert.equal(status, 0, out);
  for (const part of [
    /chain ok/,
    /= registry = evaluated/,
    /data\/processed\/v1_train\.csv.*ok/,
    /raw.*ok.*scripts\/data-ingest\.ts/,
  ])
    assert.match(out, part);
});

test('comparing, asking what was live, rolling back', () => {
  assert.match(project.make('compare', 'A=v1', 'B=v2').out, /pr_auc +v2 − v1: /);
  assert.match(project.make('live').out, /^v2 100 %/);
  const promotion = project
    .read('deployment_log.csv')
    .split('\n')
    .find((line) => line.includes(',promotion,'))!
    .split(',')[0]!;
  assert.match(project.make('live', `AT=${promotion}`).out, /^v1 100 %/);
  assert.match(project.make('live', 'AT=2001-01-01T00:00Z').out, /no version was live/);
  // And what it looked like: each version that answered in those hours, and nothing before there was one.
  const hours = project.make('monitor', 'FROM=2020-01-01T00:00Z').out;
  assert.match(hours, /^monitor +v1, whole hours from .*:00:00 UTC to .*:00:00 UTC: /);
  assert.match(project.make('monitor', 'AT=2001-01-01T00:00Z').err, /no version was live at 2001-01-01/);
  assert.match(
    project.make('monitor', 'TO=2001-01-01T00:00Z').out,
    /no hour of any version is kept from then/,
  );
  assert.match(project.make('rollback').out, /v1 is champion again \(was v2\)/);
  assert.match(project.make('promote', 'VERSION=v2').out, /v2 is champion \(was v1/);
});

/** Of a prediction of the newest segment that holds any. */
function lastId(): string {
  const folder = 'data/production/predictions';
  const ids = readdirSync(project.path(folder)).flatMap((name) =>
    [
      ...project
        .read(folder, name)
        .matchAll(/\{"id":"([0-9a-f]{28})",(?:"time":"[^"]*","model"|"ids"|"input")/g),
    ].map(([, id]) => id!),
  );
  return ids.at(-1)!;
}

test('labels from a file: of logged predictions, one label each', () => {
  const id = lastId();
  const label = (text: string) => {
    writeFileSync(project.path('labels.csv'), text);
    return project.make('labels', 'CSV=labels.csv');
  };
  assert.match(label(`id,label\n${'0'.repeat(20)},1\n`).err, /is of no logged prediction/);
  assert.match(label(`id,label\n${id},0\n${id},1\n`).err, /labels\.csv:3 {2}id .* has two different labels/);
  assert.match(label(`id,label\n${id},7\n`).err, /labels\.csv:2 {2}column "label": "7" is none of 0, 1/);
  assert.match(label('a,b\n').err, /needs the columns id and label/);
  const truth = /true class (\d)/.exec(project.make('trace', `ID=${id}`).out)![1]!;
  assert.match(label(`id,label\n${id},${truth}\n`).out, /0 recorded, by operator; 1 were on record already/);
  const other = String(1 - Number(truth));
  assert.match(label(`id,label\n${id},${other}\n`).out, /1 recorded, by operator; 1 of them correct what/);
  assert.match(project.make('trace', `ID=${id}`).out, new RegExp(`true class ${other}, says operator at `));
  const named = (key: string) => {
    process.env.CLOCKWORK_FEEDBACK_KEYS = 'lab:a-key-of-the-lab';
    process.env.CLOCKWORK_FEEDBACK_KEY = key;
    return project.make('labels', 'CSV=labels.csv', 'BY=lab');
  };
  assert.match(named('another-key-of-it').err, /BY=lab {2}CLOCKWORK_FEEDBACK_KEY is not the key of lab/);
  assert.equal(named('a-key-of-the-lab').status, 0);
});
