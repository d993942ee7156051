/** Explanations of a whole model: what matters is found, what does not matter is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../lib/config/parse.ts';
import { fitModel, scorerOf } from '../../../lib/learn/estimator.ts';
import type { Matrix } from '../../../lib/numbers/matrix.ts';
import { random } from '../../../lib/numbers/random.ts';
import { fitPipeline, transform } from '../../../lib/train/pipeline.ts';
import { assertClose, defaultConfig } from '../../../test/support.ts';
import { explainerOf } from '../explain.ts';
import { explainRows, partialDependence, permutationImportance } from '../global.ts';
import { inputGroups, sumByInput } from '../inputs.ts';
import { beeswarmPicture, importancePicture, partialPicture, waterfallPicture } from '../pictures.ts';

/** Three classes by size, a colour that decides between two of them, and noise. */
async function shop() {
  const text = defaultConfig.replace(
    /^schema:[\s\S]*?^quality:/m,
    `schema:
  size: { type: number, role: input, missing: keep }
  colour: { type: category, role: input, categories: [red, green, blue], missing: keep }
  noise: { type: number, role: input, missing: keep }
  kind: { type: category, role: target, categories: [a, b, c], missing: refuse }

quality:`,
  );
  const config = parseConfig(
    text
      .replace(
        /engineered:[\s\S]*?^model_params/m,
        'engineered: { "size twice": { sum: [size, size] } }\n\nmodel_params',
      )
      .replace(/changes:\n( {6}- .*\n)+/, 'changes: []\n')
      .replace('favourable: "1"', 'favourable: a'),
    'config.yaml',
  );
  const { float, int } = random(4, 'shop');
  const rows = 500;
  const values = new Float64Array(rows * 3);
  const target = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const [size, colour] = [float(), int(3)];
    values.set([row % 25 === 0 ? Number.NaN : size, colour, float()], row * 3);
    target[row] = size > 0.6 ? 2 : colour === 0 ? 1 : 0;
  }
  const inputs: Matrix = { names: ['size', 'colour', 'noise'], rows, values };
  const pipeline = fitPipeline(inputs, config.schema, config.features.engineered, false);
  const params = { ...config.model_params, n_estimators: 30, max_depth: 6 };
  const model = await fitModel(transform(pipeline, inputs), target, ['a', 'b', 'c'], params, { threads: 1 });
  return { config, inputs, target, pipeline, model, scorer: scorerOf(model) };
}

const made = await shop();
const explained = explainRows(
  { pipeline: made.pipeline, explainer: explainerOf(made.model), outputs: 3 },
  { ...made.inputs, rows: 100, values: made.inputs.values.slice(0, 300) },
);

test('one-hot features add up to their input, engineered ones stay themselves', () => {
  const groups = inputGroups(made.pipeline);
  assert.deepEqual(groups.names, ['size', 'colour', 'noise', 'size twice']);
  assert.deepEqual([...groups.groupOf], [0, 1, 1, 1, 2, 3]);
  assert.deepEqual([...sumByInput(groups, Float64Array.of(1, 2, 3, 4, 5, 6))], [1, 9, 5, 6]);
});

test('Shapley values rank what decides above what does not', () => {
  assert.equal(explained.names.at(-1), 'noise');
  const colour = explained.names.indexOf('colour');
  const [a, b, c] = explained.importance[colour]!;
  assert.ok(b! > c! && a! > c!, 'colour tells a and b apart, not c');
  const features = transform(made.pipeline, made.inputs);
  const scores = made.scorer(features.values.slice(0, 5 * features.names.length), 5);
  const { explain } = explainerOf(made.model);
  for (let row = 0; row < 5; row++)
    for (let output = 0; output < 3; output++) {
      const { base } = explain(features.values, row * features.names.length, output);
      const sum = explained.contributions[row]![output]!.reduce((x, y) => x + y, base);
      assertClose(sum, scores[row * 3 + output]!, 1e-9, `row ${row}, output ${output}`);
    }
  assert.equal(explained.values[0]![explained.names.indexOf('size')], null, 'a missing value stays one');
});

test('shuffling what decides costs, shuffling noise does not', () => {
  const importances = permutationImportance(made, made.inputs, { classes: 3, labels: made.target }, 1);
  const of = (name: string) => importances.find((each) => each.name === name)!.loss;
  assert.ok(of('size').value > 0.5 && of('colour').value > 0.1);
  assert.ok(Math.abs(of('noise').value) < 0.05);
  assert.ok(of('size').low <= of('size').value && of('size').value <= of('size').high);
  assert.deepEqual(
    permutationImportance(made, made.inputs, { classes: 3, labels: made.target }, 1),
    importances,
  );
});

test('partial dependence follows the rule that made the data', () => {
  const size = partialDependence(made, made.inputs, made.config.schema, 'size');
  assert.ok(size.means[0]![2]! < 0.1 && size.means.at(-1)![2]! > 0.7, 'the larger, the more of c');
  const colour = partialDependence(made, made.inputs, made.config.schema, 'colour');
  assert.deepEqual(colour.grid, ['red', 'green', 'blue']);
  assert.ok(colour.means[0]![1]! > colour.means[1]![1]! + 0.3, 'red means b');
});

test('pictures say in words what they show', () => {
  const outputs = ['a', 'b', 'c'];
  const pictures = [
    importancePicture(explained, outputs, 'probability'),
    beeswarmPicture(explained, 0, 'a', 'probability'),
    partialPicture(partialDependence(made, made.inputs, made.config.schema, 'size'), outputs),
    waterfallPicture(
      0.2,
      [
        { name: 'size = 3', contribution: -0.1 },
        { name: '<b>', contribution: 0.3 },
      ],
      'probability',
    ),
  ];
  for (const { svg, csv } of pictures) {
    assert.match(svg, /^<svg [^>]*role="img"/);
    assert.match(svg, /^<svg [^>]*aria-label="[^"]{20,}"/);
    assert.match(svg, /<title>[^<]{20,}<\/title>/);
    assert.doesNotMatch(svg, /<b>|NaN/);
    assert.doesNotMatch(csv, /NaN|object/);
  }
  assert.match(pictures[3]!.svg, /From the mean 0\.200 to 0\.400: &lt;b&gt; \+0\.300, size = 3 −0\.100/);
  assert.equal(pictures[3]!.csv, 'name,from,to,up\n<b>,0.2,0.5,true\nsize = 3,0.5,0.4,false\n');
  assert.deepEqual(
    pictures.map(({ legend }) => legend.map(({ name }) => name)),
    [outputs, ['low value', 'high value'], outputs, ['raises it', 'lowers it']],
  );
});
