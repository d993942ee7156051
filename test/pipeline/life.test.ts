/** The whole life by make in an empty folder, then what an auditor, an attacker and an accident do to it. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { predictionsIn } from '../../lib/serve/prediction-lines.ts';
import { temporaryProject } from '../support.ts';

const project = temporaryProject();

test('make all: two days, a recorded no, a recorded yes, a new version live', () => {
  const { status, out, err } = project.make('all');
  assert.equal(status, 0, err + out);
  assert.match(out, /^raw .*10,000 rows, simulated/m);
  assert.match(out, /^prepare +v1 {2}7,000 train · 3,000 production/m);
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

test('the same bytes come out of a clean folder, for the first version and for the retrained one', () => {
  for (const version of ['v1', 'v2']) {
    const { status, out, err } = project.make('reproduce', `VERSION=${version}`);
    assert.equal(status, 0, err);
    assert.match(out, /the same bytes: data v\d and 8 files/);
  }
});

test('make reproduce names the first input that differs', () => {
  const raw = project.read('data/raw/ai4i2020.csv');
  writeFileSync(project.path('data/raw/ai4i2020.csv'), raw.replace('298', '299'));
  const { status, err } = project.make('reproduce', 'VERSION=v1');
  writeFileSync(project.path('data/raw/ai4i2020.csv'), raw);
  assert.equal(status, 2);
  assert.match(err, /the first input that differs: data\/raw\/ai4i2020\.csv has sha256/);
});

test('a prediction is traced to the raw rows, each hash checked', () => {
  const folder = 'data/production/predictions';
  const lines = readFileSync(project.path(folder, readdirSync(project.path(folder))[0]!), 'utf8')
    .trimEnd()
    .split('\n');
  const { id } = predictionsIn(JSON.parse(lines.at(-1)!)).at(-1)!;
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

test('a prediction is explained: what each feature added, up to what was given', () => {
  const id = /"id":"([0-9a-f]{20})"/.exec(logText())![1]!;
  const { status, out, err } = project.make('explain', `ID=${id}`);
  assert.equal(status, 0, err);
  assert.match(out, /mean over the training rows/);
  assert.match(out, /[+−]\d\.\d{4} {2}Torque \[Nm\] = /);
  assert.match(out, /[+−]\d\.\d{4} {2}sum = what was given/);
  assert.match(project.make('explain', 'ID=x').err, /which prediction\? make explain ID=/);
  assert.match(project.read(`reports/explain_${id}.svg`), /^<svg .*aria-label="From the mean/);
  const whole = project.make('explain');
  assert.equal(whole.status, 0, whole.err);
  assert.match(whole.out, /of what moves its probability\n.* every row adds up/);
  assert.ok(existsSync(project.path('reports/explain_v2/importance.svg')), 'pictures');
  const batch = project.make('explain-batch', 'CSV=data/processed/v1_test.csv');
  assert.match(batch.out, /3,000 rows by v2/);
  const [header, first] = project.read('reports/explain_v2_v1_test.csv').split('\n') as [string, string];
  const [, , probability, , base, ...contributions] = first.split(',').map(Number);
  const sum = contributions.reduce((a, b) => a + b, base!);
  assert.ok(Math.abs(sum - probability!) < 1e-9, header);
  assert.match(project.make('explain-batch', 'CSV=Makefile').err, /^Makefile:\d+ {2}/);
});

function logText(): string {
  const folder = 'data/production/predictions';
  return project.read(folder, readdirSync(project.path(folder)).at(-1)!);
}

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
  assert.match(project.make('rollback').out, /v1 is champion again \(was v2\)/);
  assert.match(project.make('promote', 'VERSION=v2').out, /v2 is champion \(was v1/);
});

test('labels from a file: of logged predictions, one label each', () => {
  const folder = 'data/production/predictions';
  const log = project.read(folder, readdirSync(project.path(folder)).at(-1)!);
  const id = /"id":"([0-9a-f]{20})"/.exec(log.trimEnd().split('\n').at(-1)!)![1]!;
  const label = (text: string) => {
    writeFileSync(project.path('labels.csv'), text);
    return project.make('labels', 'CSV=labels.csv');
  };
  assert.match(label(`id,label\n${'0'.repeat(20)},1\n`).err, /is of no logged prediction/);
  assert.match(label(`id,label\n${id},0\n${id},1\n`).err, /labels\.csv:3 {2}id .* has two different labels/);
  assert.match(label(`id,label\n${id},7\n`).err, /labels\.csv:2 {2}column "label": must be one of 0, 1/);
  assert.match(label('a,b\n').err, /needs the columns id and label/);
  assert.match(label(`id,label\n${id},0\n`).out, /1 recorded/);
});

test('a second monitoring and decision: the cooldown holds', () => {
  project.make('start');
  const { out, err } = project.make('replay', 'monitor', 'retrain', 'DAY=bad');
  project.make('stop');
  assert.match(out, /^retrain +no: /m, err);
});

test('without labels nothing is decided', () => {
  cpSync(project.path('data/production/labels.csv'), project.path('kept.csv'));
  rmSync(project.path('data/production/labels.csv'));
  const { out } = project.make('monitor', 'retrain');
  assert.match(out, /no truth has arrived yet/);
  assert.match(out, /^retrain +no: too little truth/m);
  cpSync(project.path('kept.csv'), project.path('data/production/labels.csv'));
});

test('audit finds every edited, cut and reordered ledger, changed artefact and changed model', () => {
  const damage: readonly (readonly [
    what: string,
    path: string,
    change: (text: string) => string,
    complaint: RegExp,
  ])[] = [
    [
      'an edited manifest line',
      'manifest.txt',
      (text) => text.replace('rows=10000', 'rows=10001'),
      /manifest\.txt:2 {2}the chain breaks/,
    ],
    [
      'a cut deployment log',
      'deployment_log.csv',
      (text) => text.split('\n').slice(0, 3).concat('').join('\n'),
      /deployment_log\.csv {2}its tail was cut/,
    ],
    [
      'swapped decisions',
      'models/decisions.csv',
      (text) => {
        const [h, a, b, ...rest] = text.split('\n');
        return [h, b, a, ...rest].join('\n');
      },
      /decisions\.csv:2 {2}the chain breaks/,
    ],
    [
      'an edited label',
      'data/production/labels.csv',
      (text) => text.replace(',0,', ',1,'),
      /labels\.csv:\d+ {2}the chain breaks/,
    ],
    [
      'a champion that nobody promoted',
      'models/aliases.json',
      (text) => text.replace('"champion": "v2"', '"champion": "v1"'),
      /not where the deployment log left it: aliases\.champion "v2" → "v1"/,
    ],
    [
      'changed training rows',
      'data/processed/v1_train.csv',
      (text) => text.replace('298', '299'),
      /v1_train\.csv does not match the sha256 that the manifest records/,
    ],
    [
      'a changed model',
      'models/v1/model.json',
      (text) => text.replace('0.5', '0.6'),
      /models\/v1\/model\.json does not match its registered sha256/,
    ],
    [
      'a changed metadata file',
      'models/v1/metadata.json',
      (text) => text.replace('"accuracy"', '"Accuracy"'),
      /metadata\.json does not match/,
    ],
  ];
  for (const [what, path, change, complaint] of damage) {
    const before = project.read(path);
    writeFileSync(project.path(path), change(before));
    const { status, err } = project.make('audit');
    writeFileSync(project.path(path), before);
    assert.equal(status, 2, what);
    assert.match(err, complaint, what);
  }
  assert.equal(project.make('audit').status, 0, 'and all is well again');
});

test('a damaged version never goes live: refused, named, the old one keeps serving', async () => {
  assert.equal(project.make('start').status, 0);
  const { url } = JSON.parse(project.read('.make/config/server.json')) as { url: string };
  const model = project.read('models/v1/model.json');
  writeFileSync(project.path('models/v1/model.json'), `${model.slice(0, 1000)}7${model.slice(1001)}`);
  const rolledBack = project.make('rollback');
  assert.match(
    rolledBack.err,
    /models\/v1\/model\.json does not match its registered sha256/,
    'nor by rolling back',
  );
  const { status, err } = project.make('promote', 'VERSION=v1');
  assert.equal(status, 2);
  assert.match(err, /models\/v1\/model\.json does not match its registered sha256 .* refused/);
  // Even when somebody moves the pointer by hand.
  const aliases = project.read('models/aliases.json');
  writeFileSync(project.path('models/aliases.json'), aliases.replace('"champion": "v2"', '"champion": "v1"'));
  let health: { model: string; refused?: { version: string }[] } = { model: '' };
  for (let i = 0; i < 100 && health.refused === undefined; i++) {
    health = (await (await fetch(`${url}/health`)).json()) as typeof health;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(health.model, 'v2');
  assert.equal(health.refused?.[0]?.version, 'v1');
  writeFileSync(project.path('models/aliases.json'), aliases);
  writeFileSync(project.path('models/v1/model.json'), model);
  assert.equal(project.make('stop').status, 0);
  assert.match(project.read('deployment_log.csv'), /,refused,,v2,/);
});

test('make reproduce makes a damaged version again', () => {
  const model = project.read('models/v1/model.json');
  writeFileSync(project.path('models/v1/model.json'), model.slice(0, 5000));
  assert.match(project.make('reproduce', 'VERSION=v1').out, /model\.json had been damaged and is restored/);
  assert.equal(project.read('models/v1/model.json'), model);
});

test('a lost aliases.json is restored from the deployment log', () => {
  const aliases = project.read('models/aliases.json');
  rmSync(project.path('models/aliases.json'));
  assert.match(
    project.make('audit').err,
    /not where the deployment log left it: aliases\.champion "v2" → unset/,
  );
  assert.match(project.make('smoke').out, /v2 is champion: aliases\.json restored/);
  assert.equal(project.read('models/aliases.json'), aliases);
});

test('what arguments hold, no shell reads', () => {
  const { err } = project.make('promote', 'VERSION=v2; touch hacked');
  assert.match(err, /there is no model version "v2; touch hacked"/);
  assert.ok(!existsSync(project.path('hacked')));
});

test('make doctor mends what a killed run left, and says what', () => {
  appendFileSync(project.path('manifest.txt'), 'time=2026-11-20T00:00:00Z version=v3 pa');
  writeFileSync(project.path('models/v1.tmp-999999999'), 'half');
  writeFileSync(project.path('models/.train.lock'), `999999999 ${readHost()}\n`);
  const { status, out } = project.make('doctor');
  assert.equal(status, 0);
  for (const part of [
    /manifest\.txt: torn last line/,
    /v1\.tmp-999999999: half-written/,
    /\.train\.lock: lock of a process that is gone/,
    /3 mended/,
  ])
    assert.match(out, part);
  assert.match(project.make('doctor').out, /nothing to mend/);
  assert.equal(project.make('audit').status, 0);
});

test('make doctor deletes no version and moves no pointer because a ledger was lost', () => {
  const misspelt = (text: string) => text.replaceAll('chain=', 'chian=');
  for (const [ledger, damaged] of [
    ['models/model_metadata.log', undefined],
    ['models/model_metadata.log', misspelt],
    ['deployment_log.csv', undefined],
  ] as const) {
    const text = project.read(ledger);
    const aliases = project.read('models/aliases.json');
    if (damaged === undefined) rmSync(project.path(ledger));
    else writeFileSync(project.path(ledger), damaged(text));
    const { status, err } = project.make('doctor');
    assert.equal(status, 2, ledger);
    assert.match(err, /restore (the ledger|it) from a backup/);
    assert.ok(
      existsSync(project.path('models/v1/model.json')) && existsSync(project.path('models/v2/model.json')),
    );
    assert.equal(project.read('models/aliases.json'), aliases);
    writeFileSync(project.path(ledger), text);
  }
  assert.equal(project.make('doctor').status, 0);
  assert.equal(project.make('audit').status, 0);
});

test('a second retraining takes only what is newly labelled', () => {
  project.configure(
    ['cooldown_hours: 24', 'cooldown_hours: 0'],
    ['max_drop: 0.05', 'max_drop: 0'],
    ['scale: 1.25', 'scale: 0.6'],
  );
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
  assert.ok(second.length > 2000);
  assert.ok(
    second.every((id) => !first.has(id)),
    'no prediction joins training twice',
  );
});

function readHost(): string {
  return hostname();
}
