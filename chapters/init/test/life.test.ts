/** A project that init made, by make: the whole life of a table that nobody described. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { writeCsv } from '../../../lib/files/csv.ts';
import { random } from '../../../lib/numbers/random.ts';
import { temporaryProject } from '../../../test/support.ts';

const project = temporaryProject();

test('make init, then the whole life of a table of three classes, beside the first project', () => {
  const { float, int } = random(5, 'garden');
  const rows = Array.from({ length: 400 }, (_, row) => {
    const size = 10 * float();
    const colour = ['red', 'green', 'blue'][int(3)]!;
    const kind = size > 6 ? 'tree' : colour === 'red' || float() < 0.1 ? 'flower' : 'bush';
    return [
      `plant-${row}`,
      `${size.toFixed(2)} m`,
      row % 20 === 0 ? 'n/a' : colour,
      row % 2 === 0 ? 'f' : 'm',
      kind,
    ];
  });
  writeCsv(project.path('garden.csv'), ['name', 'height', 'colour', 'sex', 'kind'], rows);
  const made = project.make('init', 'CSV=garden.csv', 'TARGET=kind');
  assert.equal(made.status, 0, made.err);
  assert.match(made.out, /^init {7}garden\.csv {3}400 rows, 5 columns: 2 inputs/m);
  assert.match(made.out, /name: another text in every row: an identifier/);
  assert.match(made.out, /make all CONFIG=projects\/garden\/config\.yaml/);

  const config = 'CONFIG=projects/garden/config.yaml';
  const text = project.read('projects/garden/config.yaml');
  writeFileSync(
    project.path('projects/garden/config.yaml'),
    text.replace('duplicates: by_id', 'duplicates: keep').replace('n_estimators: 10', 'n_estimators: 8'),
  );
  const lived = project.make('all', config);
  assert.equal(lived.status, 0, lived.err + lived.out);
  assert.match(lived.out, /3 classes: accuracy 0\.\d+/);
  assert.match(lived.out, /smoke {6}3 of 3/);
  assert.match(lived.out, /audit {6}all well/);
  assert.ok(existsSync(project.path('projects/garden/models/v1/model.json')));
  assert.ok(!existsSync(project.path('models/v1')), 'the first project is as it was');
  const prediction = project
    .read('projects/garden/data/production/predictions', firstLog('projects/garden'))
    .split('\n')[1]!;
  assert.match(prediction, /"probabilities":\{"bush":/);
  assert.doesNotMatch(prediction, /"sex"/);

  const again = project.make('init', 'CSV=garden.csv', 'TARGET=kind');
  assert.equal(again.status, 2);
  assert.match(again.err, /projects\/garden\/config\.yaml is there already: make init overwrites no project/);
  const under = project.make('init', 'CSV=garden.csv', 'TARGET=kind', 'DIR=garden.csv');
  assert.match(under.err, /garden\.csv.*: is a file or lies under one, where a folder is to be\./);
  const wrong = project.make('init', 'CSV=garden.csv', 'TARGET=sort', 'DIR=projects/other');
  assert.equal(wrong.status, 2);
  assert.match(wrong.err, /has no column "sort" to predict/);
  assert.ok(!existsSync(project.path('projects/other')), 'nothing is left of a project that was not made');
});

function firstLog(folder: string): string {
  const line = project.read(folder, 'deployment_log.csv').match(/predictions\/([\w.-]+\.jsonl)=/);
  return line![1]!;
}
