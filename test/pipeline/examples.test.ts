/** The examples on their real data. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { prepareData } from '../../lib/data/prepare.ts';
import { writeRows } from '../../lib/data/table.ts';
import { readRecords } from '../../lib/files/csv.ts';
import { writeThrough } from '../../lib/files/write.ts';
import { fitModel, scorerOf } from '../../lib/learn/estimator.ts';
import { metricsOf } from '../../lib/measure/metrics.ts';
import { classify, mostProbable } from '../../lib/numbers/outputs.ts';
import { rowParser } from '../../lib/predict/input.ts';
import { buildVersion, versionFiles } from '../../lib/train/build.ts';
import { fitPipeline, transform } from '../../lib/train/pipeline.ts';
import { signatureOf } from '../../lib/train/signature.ts';
import { realData, temporaryFolder } from '../support.ts';

/** An example's config for the real file, which lies where the config says. */
function example(name: string, files: Record<string, string>) {
  const text = readFileSync(`examples/${name}/config.yaml`, 'utf8');
  const config = parseConfig(text.replace('source: uci', 'source: file'), `examples/${name}/config.yaml`);
  const folder = temporaryFolder();
  for (const [path, file] of Object.entries(files)) {
    mkdirSync(dirname(`${folder}/${path}`), { recursive: true });
    copyFileSync(file, `${folder}/${path}`);
  }
  const prepared = prepareData(config, (path) => `${folder}/${path}`);
  const read = (rows: Int32Array, part: string) => {
    writeThrough(`${folder}/${part}.csv`, (sink) => writeRows(prepared.table, rows, sink));
    return readDataset(`${folder}/${part}.csv`, config.schema);
  };
  return { config, prepared, train: read(prepared.train, 'train'), later: read(prepared.test, 'test') };
}

test('obesity: 2,087 distinct rows, two trainings alike to the last byte, accuracy above what was asked', async (t) => {
  const file = realData(t, 'ObesityDataSet_raw_and_data_sinthetic.csv');
  if (file === undefined) return;
  const { config, prepared, train, later } = example('obesity', { 'data/raw/obesity.csv': file });
  assert.equal(prepared.train.length + prepared.test.length, 2087);
  assert.equal(prepared.invalid.length, 24);
  const small = { ...config, model_params: { ...config.model_params, n_estimators: 30 } };
  const [one, two] = [await buildVersion(small, train), await buildVersion(small, train)];
  assert.deepEqual(versionFiles(one, train.target), versionFiles(two, train.target));
  assert.ok(one.metrics.metrics.accuracy.value >= 0.95);
  const features = transform(one.pipeline, later.inputs);
  const given = classify(scorerOf(one.model)(features.values, features.rows), {
    thresholds: mostProbable(7),
  });
  const right = given.reduce((sum, k, row) => sum + (k === later.target[row] ? 1 : 0), 0);
  assert.ok(right / later.target.length >= 0.95, `${right} of ${later.target.length}`);
});

test('the census: train file to test file, without the sensitive columns, above 0.83', async (t) => {
  const [train, later] = [realData(t, 'adult.data'), realData(t, 'adult.test')];
  if (!train || !later) return;
  const census = example('adult', { 'data/raw/adult.data': train, 'data/raw/adult.test': later });
  const { config } = census;
  assert.deepEqual([census.prepared.train.length, census.prepared.test.length], [32_561, 16_281]);
  const sensitive = ['race', 'sex', 'native_country', 'marital_status'];
  const pipeline = fitPipeline(census.train.inputs, config.schema, config.features.engineered, false);
  for (const name of sensitive) assert.ok(!pipeline.inputs.includes(name), name);
  const params = { ...config.model_params, n_estimators: 50 };
  const model = await fitModel(
    transform(pipeline, census.train.inputs),
    census.train.target,
    ['0', '1'],
    params,
    { threads: 1 },
  );
  const features = transform(pipeline, census.later.inputs);
  const scores = scorerOf(model)(features.values, features.rows);
  const sample = realData(t, 'adult_sample_rows.json');
  if (sample !== undefined) {
    const parse = rowParser(signatureOf(config.schema, census.train.inputs, { thresholds: [0.5] }));
    const parsed = parse(JSON.parse(readFileSync(sample, 'utf8')) as unknown[]);
    assert.ok('rows' in parsed && parsed.rows.length === 2, "the challenge's rows are taken as they are");
    assert.deepEqual(Object.keys(parsed.rows[0]!.sensitive), [
      'marital_status',
      'race',
      'sex',
      'native_country',
    ]);
  }
  const { roc_auc } = metricsOf(
    { classes: 2, labels: census.later.target, scores },
    classify(scores, { thresholds: [0.5] }),
  )();
  assert.ok(roc_auc >= 0.9, String(roc_auc));
});

test('the columns of the examples are those of their files', (t) => {
  const file = realData(t, 'ObesityDataSet_raw_and_data_sinthetic.csv');
  if (file === undefined) return;
  const { config } = example('obesity', { 'data/raw/obesity.csv': file });
  readRecords(file, (fields, line) => {
    if (line === 1) assert.deepEqual(fields, Object.keys(config.schema));
  });
});
