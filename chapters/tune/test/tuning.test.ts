/** A search by make: the same result with any -j, resumed where it stopped, written back on request. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseConfig, sectionOf } from '../../../lib/config/parse.ts';
import type { Dataset } from '../../../lib/data/dataset.ts';
import { defaultConfig, trainedProject } from '../../../test/support.ts';
import { foldsOf } from '../cross-validate.ts';
import { partOf, rungsOf } from '../search.ts';
import { tuneSection } from '../settings.ts';
import { checkSpace, drawTrial } from '../space.ts';

const project = trainedProject();
project.configure(
  ['trials: 20', 'trials: 2'],
  ['n_estimators: { low: 50, high: 300', 'n_estimators: { low: 5, high: 20'],
  ['    folds: 5\n    # stratified,', '    folds: 3\n    # stratified,'],
);

const trialFiles = () =>
  readdirSync(project.path('reports/tuning')).filter((name) => name.startsWith('trial'));
const contents = () =>
  Object.fromEntries(trialFiles().map((name) => [name, project.read('reports/tuning', name)]));

test('a search does not depend on -j, and goes on where it stopped', () => {
  const first = project.make('-j2', 'tune');
  assert.equal(first.status, 0, first.err);
  assert.match(first.out, /tune {7}pr_auc 0\.\d{4} ± 0\.\d{4}/);
  assert.equal(trialFiles().length, 3, 'the config as it is, and two trials');
  const all = contents();
  rmSync(project.path('reports/tuning/trial-0002-1.json'));
  const mark = JSON.parse(all['trial-0001-1.json']!) as Record<string, unknown>;
  writeFileSync(project.path('reports/tuning/trial-0001-1.json'), JSON.stringify({ ...mark, mean: 9 }));
  const resumed = project.make('tune');
  assert.match(resumed.out, /pr_auc 9\.0000/, 'what was done is not done again');
  assert.equal(contents()['trial-0002-1.json'], all['trial-0002-1.json']);
  rmSync(project.path('reports/tuning'), { recursive: true });
  assert.equal(project.make('tune').status, 0);
  assert.deepEqual(contents(), all);
  assert.match(
    project.read('reports/tuning/leaderboard.html'),
    /aria-label="pr_auc of 3 trials from the best/,
  );
});

test('APPLY is yes or nothing, and says so before the search', () => {
  const refused = project.make('tune', 'APPLY=no');
  assert.notEqual(refused.status, 0);
  assert.match(refused.err, /APPLY is yes, or left out/);
});

test('halving asks the best again on more rows, and the best is written back with its comments', () => {
  project.configure(['method: random\n    trials: 2', 'method: halving\n    trials: 6']);
  rmSync(project.path('reports/tuning'), { recursive: true });
  const halved = project.make('-j2', 'tune', 'APPLY=yes');
  assert.equal(halved.status, 0, halved.err);
  const trials = trialFiles().map((name) => {
    const [, trial, part] = /-(\d+)-(\d+)\.json$/.exec(name)!;
    const { mean } = JSON.parse(project.read('reports/tuning', name)) as { mean: number };
    return { trial: Number(trial), part: Number(part), mean };
  });
  const tried = trials.filter(({ part }) => part === 3).sort((a, b) => b.mean - a.mean);
  const kept = trials.filter(({ part }) => part === 1).map(({ trial }) => trial);
  assert.equal(tried.length, 7);
  const best = tried.slice(0, 2).map(({ trial }) => trial);
  assert.deepEqual(new Set(kept), new Set([0, ...best]), 'the best third, and the config as it is');
  const { ranked } = JSON.parse(project.read('reports/tuning/leaderboard.json')) as {
    ranked: { trial: number; params: Record<string, unknown> }[];
  };
  const config = project.read('config.yaml');
  const { model_params } = parseConfig(config, 'config.yaml');
  for (const [name, value] of Object.entries(ranked[0]!.params))
    assert.equal(model_params[name as 'max_depth'], value);
  assert.match(config, /# Trees of the forest, or rounds of boosting\.\n {2}n_estimators: \d+/);
});

test('what a trial draws follows from the seed and its number', () => {
  const { space } = sectionOf(parseConfig(defaultConfig, 'config.yaml'), tuneSection);
  assert.deepEqual(drawTrial(space, 7, 0), {});
  const range = { low: 1, high: 9, scale: 'linear' } as const;
  checkSpace({ C: range }, { algorithm: 'LogisticRegression' });
  checkSpace({ algorithm: ['RandomForest'], C: range }, { algorithm: 'RandomForest' });
  assert.throws(
    () => checkSpace({ C: range, max_depth: range }, { algorithm: 'LogisticRegression' }),
    /LogisticRegression does not go by max_depth; it has C, class_weight, max_iter/,
  );
  assert.deepEqual(drawTrial(space, 7, 3), drawTrial(space, 7, 3));
  assert.notDeepEqual(drawTrial(space, 7, 3), drawTrial(space, 8, 3));
  const drawn = Array.from({ length: 500 }, (_, i) => drawTrial(space, 7, i + 1));
  for (const { n_estimators, max_depth, max_features } of drawn) {
    assert.ok(n_estimators! >= 50 && n_estimators! <= 300 && max_depth! >= 4 && max_depth! <= 16);
    assert.ok(['sqrt', 'all', 4].includes(max_features!));
  }
  assert.equal(new Set(drawn.map(({ max_depth }) => max_depth)).size, 13, 'both ends are reached');
  const low = drawn.filter(({ n_estimators }) => n_estimators! < 122).length;
  assert.ok(low > 200 && low < 300, 'half of a logarithmic range lies below its geometric mean');
  assert.deepEqual(
    [rungsOf({ method: 'random', trials: 50 }), rungsOf({ method: 'halving', trials: 27 })],
    [1, 4],
  );
  assert.deepEqual(
    [1, 2, 3].map((rung) => partOf(rung, 3)),
    [9, 3, 1],
  );
});

test('folds: stratified ones score every row once, chronological ones never look ahead', () => {
  const data = {
    target: Uint8Array.from({ length: 90 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    entities: Int32Array.from({ length: 90 }, (_, i) => i),
  } as unknown as Dataset;
  const stratified = foldsOf('stratified', data, 5, 1);
  assert.deepEqual(
    stratified.flatMap(({ score }) => [...score]).sort((a, b) => a - b),
    [...Array(90).keys()],
  );
  for (const { learn, score } of stratified) assert.equal(new Set([...learn, ...score]).size, 90);
  const chronological = foldsOf('chronological', data, 5, 1);
  assert.equal(chronological.length, 5);
  for (const { learn, score } of chronological) assert.ok(Math.max(...learn) < Math.min(...score));
  assert.equal(chronological.at(-1)!.score.at(-1), 89);
});

test('a space of settings that are none, or that they cannot take, is refused', () => {
  const space = (text: string) =>
    defaultConfig.replace(/ {4}space:\n( {6}.*\n)+/, `    space: { ${text} }\n`);
  for (const [text, message] of [
    ['depth: [1, 2]', /chapters\.tune\.space\.depth: is no setting of model_params/],
    ['random_state: [1, 2]', /chapters\.tune\.space\.random_state: is no setting/],
    ['max_depth: { low: 9, high: 3, scale: linear }', /low must be below high/],
    ['learning_rate: { low: 0, high: 1, scale: log }', /above 0 on a logarithmic scale/],
    ['max_depth: [2, deep]', /"deep" is no value that model_params\.max_depth takes/],
  ] as const)
    assert.throws(() => parseConfig(space(text), 'config.yaml', [tuneSection]), message);
});
