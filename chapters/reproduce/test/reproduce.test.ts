/** The same bytes again, from what is on record. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { livedProject } from '../../../test/support.ts';

const project = livedProject();

test('the same bytes of a retrained version come out of a clean folder, and heal the damaged ones', () => {
  const model = project.read('models/v2/model.json');
  writeFileSync(project.path('models/v2/model.json'), model.slice(0, 5000));
  const { status, out, err } = project.make('reproduce', 'VERSION=v2');
  assert.equal(status, 0, err);
  assert.match(out, /the same bytes: data v\d and \d+ files.*; model\.json had been damaged and is restored/);
  assert.equal(project.read('models/v2/model.json'), model);
});

test('make reproduce names the first input that differs', () => {
  const raw = project.read('data/raw/ai4i2020.csv');
  writeFileSync(project.path('data/raw/ai4i2020.csv'), raw.replace('298', '299'));
  const { status, err } = project.make('reproduce', 'VERSION=v1');
  writeFileSync(project.path('data/raw/ai4i2020.csv'), raw);
  assert.equal(status, 2);
  assert.match(err, /the first input that differs: data\/raw\/ai4i2020\.csv has sha256/);
});
