/** Which programs run for which change: the promise that make and config.yaml make together. */
import assert from 'node:assert/strict';
import { readFileSync, utimesSync } from 'node:fs';
import { test } from 'node:test';
import { sha256File } from '../../lib/files/hash.ts';
import { temporaryProject } from '../support.ts';

const project = temporaryProject();

/** The steps whose scripts spoke, in order. */
function stepsOf(...args: string[]): string[] {
  const { status, out, err } = project.make(...args);
  assert.equal(status, 0, err);
  return [...out.matchAll(/^([a-z]+) +(?=\S)(?!up to date)/gm)].map(([, step]) => step!);
}

test('the first run makes everything, the second nothing', () => {
  assert.deepEqual([...new Set(stepsOf('train'))], ['raw', 'prepare', 'baseline', 'train']);
  const { out } = project.make('train');
  assert.equal(out, 'train      up to date: v1 (RandomForest, data v1)\n');
});

test('a setting of the model retrains and prepares nothing again', () => {
  project.configure(['n_estimators: 10', 'n_estimators: 15']);
  const { out } = project.make('train');
  assert.match(out, /because model_params\.n_estimators 10 → 15/);
  assert.match(out, /v2 {2}RandomForest 15 × 10/);
  assert.doesNotMatch(out, /^(raw|prepare)/m);
});

test('going back gives the version that has the same bytes', () => {
  project.configure(['n_estimators: 15', 'n_estimators: 10']);
  assert.match(project.make('train').out, /no new version: the result equals v1, byte for byte/);
});

test('a setting of serving reruns nothing, and neither does a comment', () => {
  project.configure(['max_rows: 10000', 'max_rows: 9000'], ['project_name:', '# a remark\nproject_name:']);
  assert.deepEqual(stepsOf('train'), []);
});

test('a touched file fools make for one run and no longer', () => {
  const later = new Date(Date.now() + 2000);
  utimesSync(project.path('lib/data/prepare.ts'), later, later);
  assert.deepEqual([...new Set(stepsOf('prepare'))], ['prepare']);
  utimesSync(project.path('lib/data/prepare.ts'), 0, 0);
  stepsOf('train');
  assert.deepEqual(stepsOf('train'), []);
});

test('dry runs tell the truth: nothing to do, then why there would be', () => {
  assert.doesNotMatch(project.make('-n', 'train').out, /programs\/model-train\.mjs/);
  project.configure(['max_depth: 10', 'max_depth: 9']);
  const { out } = project.make('-n', '--trace', 'train');
  assert.match(out, /programs\/model-train\.mjs/);
  assert.match(out, /train\.json/);
  assert.doesNotMatch(out, /programs\/data-prepare\.mjs/);
  project.configure(['max_depth: 9', 'max_depth: 10']);
});

test('parallel make makes the same', () => {
  const before = sha256File(project.path('models/v1/model.json'));
  assert.equal(project.make('clean').status, 0);
  assert.equal(project.make('-j4', 'prepare', 'train').status, 0);
  assert.equal(sha256File(project.path('models/v1/model.json')), before);
});

test('changed raw rows cannot become a version that exists', () => {
  project.configure(
    ['raw_path: data/raw/ai4i2020.csv', 'raw_path: data/raw/other.csv'],
    ['seed: 2020', 'seed: 2021'],
  );
  const before = sha256File(project.path('data/processed/v1_train.csv'));
  const { status, err } = project.make('prepare');
  assert.equal(status, 2);
  assert.match(
    err,
    /data version v1 exists with other content \(it was made from raw [0-9a-f]{12}…, this is raw [0-9a-f]{12}…\)/,
  );
  assert.match(err, /make prepare VERSION=v2/);
  assert.equal(sha256File(project.path('data/processed/v1_train.csv')), before);
  const bumped = project.make('prepare', 'VERSION=v2');
  assert.equal(bumped.status, 0, bumped.err);
  assert.match(project.read('config.yaml'), /current_version: v2/);
  assert.match(project.read('config.yaml'), /# The version that training reads/, 'comments stay');
  assert.match(project.make('train').out, /because data v1 → v2/);
});

test('raw rows are never overwritten', () => {
  project.configure(['seed: 2021', 'seed: 2022']);
  const { status, err } = project.make('raw');
  assert.equal(status, 2);
  assert.match(err, /data\/raw\/other\.csv exists with other content .* never overwritten/);
  project.configure(['seed: 2022', 'seed: 2021']);
});

test('an older make and an older Node get one clear line', () => {
  const makefile = readFileSync('make/plumbing.mk', 'utf8');
  assert.match(makefile, /^\$\(error GNU Make 4\.3 or newer is needed/m);
  assert.ok(
    makefile.indexOf('$(error') < makefile.indexOf('include '),
    'before anything that an old make cannot read',
  );
  const { err, status } = project.make('FEATURES=', '.FEATURES=', 'train');
  assert.equal(status, 2);
  assert.match(err, /GNU Make 4\.3 or newer is needed, this is .*brew install make/);
});
