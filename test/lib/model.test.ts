/** Models as bytes: those of the shipped settings never change by accident, and what is no model is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { prepareData } from '../../lib/data/prepare.ts';
import { AI4I_HEADER, simulateAi4i } from '../../lib/data/simulate-ai4i.ts';
import { writeRows } from '../../lib/data/table.ts';
import { writeCsv } from '../../lib/files/csv.ts';
import { sha256, sha256File } from '../../lib/files/hash.ts';
import { writeThrough } from '../../lib/files/write.ts';
import { modelProblem } from '../../lib/learn/check-model.ts';
import { fitModel, type Model } from '../../lib/learn/estimator.ts';
import { fitPipeline, transform } from '../../lib/train/pipeline.ts';
import { defaultConfig, temporaryFolder } from '../support.ts';

type Forest = Extract<Model, { algorithm: 'RandomForest' }>;

const config = parseConfig(defaultConfig, 'config.yaml');
const folder = temporaryFolder();
const { rows, seed } = config.data.simulation;
writeCsv(`${folder}/raw.csv`, AI4I_HEADER, simulateAi4i(rows, seed));
const { table, train, test: later } = prepareData(config, () => `${folder}/raw.csv`);
for (const [part, some] of Object.entries({ train, later }))
  writeThrough(`${folder}/${part}.csv`, (sink) => writeRows(table, some, sink));
const { inputs, target } = readDataset(`${folder}/train.csv`, config.schema);

async function fitted(algorithm: Model['algorithm'], n_estimators = config.model_params.n_estimators) {
  const isScaled = algorithm === 'LogisticRegression';
  const pipeline = fitPipeline(inputs, config.schema, config.features.engineered, isScaled);
  const params = { ...config.model_params, algorithm, n_estimators };
  return fitModel(transform(pipeline, inputs), target, ['0', '1'], params, { threads: 2 });
}

test('the shipped settings give the rows and the bytes that they gave before', async () => {
  assert.equal(
    sha256File(`${folder}/train.csv`),
    'bdbaa615ad2f16bf8fd6cacd43fadf9b360f49c41d6419c30bbe681cf9bf3652',
  );
  assert.equal(
    sha256File(`${folder}/later.csv`),
    '42e24ff42ad3a57999a5f505e5aae3dc67735425318b20ab82c9a61738de20c7',
  );
  for (const [algorithm, known] of [
    ['RandomForest', '0242dc1ec768e6cf584a908a9a3301273c171bdf3a39dfe5437e26e6ec1ea0e5'],
    ['GradientBoosting', '2c14488be7f4952323565ca2a6b570f24e8439808e4561252c929c48b31802e5'],
    ['LogisticRegression', '1f7fb6cc7a05e1c78041a4b8eb331f35391d8b3cc9421c62a5e11cd3c55a81f0'],
  ] as const)
    assert.equal(sha256(`${JSON.stringify(await fitted(algorithm))}\n`), known, algorithm);
});

test('a model with a cycle, a child or feature that is not there, or no number is none', async () => {
  const good = JSON.parse(JSON.stringify(await fitted('RandomForest', 3))) as Forest;
  const problemOf = (change: (model: Forest) => void) => {
    const model = structuredClone(good);
    change(model);
    return modelProblem(model, good.features, ['0', '1']);
  };
  const tree = (model: Forest) => model.trees[1]!;
  const inner = tree(good).left.findIndex((child, node) => node > 0 && child > 0);
  assert.equal(
    problemOf(() => {}),
    undefined,
  );
  for (const [what, change, problem] of [
    ['a cycle', (m) => (tree(m).left[inner] = 0 + inner), /tree 1 has node \d+ lead to node/],
    ['back to the root', (m) => (tree(m).left[inner] = 1), /lead to node 1/],
    ['a child that is not there', (m) => (tree(m).left[inner] = 1e6), /lead to node 1000000/],
    ['half a child', (m) => (tree(m).left[inner] = inner + 1.5), /lead to node/],
    ['a feature that is not there', (m) => (tree(m).feature[inner] = 99), /for feature 99/],
    ['no threshold', (m) => (tree(m).threshold[inner] = Number.NaN), /has not a number for each node/],
    ['a column cut short', (m) => tree(m).cover.pop(), /has not a number for each node/],
    ['no trees', (m) => ((m as { trees: unknown }).trees = []), /has no trees/],
    ['other features', (m) => (m.features as string[]).pop(), /features are not those/],
  ] as [string, (model: Forest) => unknown, RegExp][])
    assert.match(problemOf(change) ?? 'none', problem, what);
});
