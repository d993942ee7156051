import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocument } from 'yaml';
import { editConfig } from '../../lib/config/edit.ts';
import { parseConfig } from '../../lib/config/parse.ts';
import { programFiles } from '../../lib/config/programs.ts';
import { describeChanges, settingsHash } from '../../lib/config/settings.ts';
import { loadProject } from '../../lib/project.ts';
import { defaultConfig } from '../support.ts';

const text = defaultConfig;
const lineOf = (part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

const mistakes: readonly (readonly [from: string, to: string, complaint: RegExp])[] = [
  ['n_estimators: 100', 'n_estimators: many', /n_estimators: expected a whole number ≥ 1, got "many"/],
  ['n_estimators: 100', 'n_estimators: 0', /n_estimators: expected a whole number ≥ 1, got 0/],
  ['n_estimators: 100', 'n_estimators: 1.5', /n_estimators: expected a whole number ≥ 1, got 1.5/],
  ['max_depth: 10', 'max_deep: 10', /model_params\.max_depth: is missing/],
  ['max_depth: 10', 'max_depth: 10\n  max_deep: 10', /model_params\.max_deep: unknown key/],
  ['max_depth: 10', 'n_estimators: 10', /n_estimators: this key stands twice/],
  [
    'algorithm: RandomForest',
    'algorithm: Forest',
    /algorithm: expected one of RandomForest, GradientBoosting, LogisticRegression, got "Forest"/,
  ],
  ['confidence: 0.95', 'confidence: .nan', /confidence: expected/],
  [
    'raw_path: data/raw/ai4i2020.csv',
    'raw_path: ../elsewhere.csv',
    /raw_path: expected a path inside the config's folder/,
  ],
  ['raw_path: data/raw/ai4i2020.csv', 'raw_path: data/my file.csv', /raw_path: expected a path of letters/],
  [
    'current_version: v1',
    'current_version: one',
    /current_version: expected a version such as v1, got "one"/,
  ],
  ['role: target', 'role: input', /exactly one column with role target/],
  [
    'categories: ["0", "1"], missing: refuse',
    'categories: ["0", "1"], missing: keep',
    /missing: refuse for the target/,
  ],
  ['product: ["Torque [Nm]"', 'product: ["Torque"', /"Torque" is no numeric input/],
  ['port: 5000', 'port: 70000', /port: expected a port from 0 to 65535, got 70000/],
  ['max_depth: 10', 'max_depth: 10\n  max_leafs: 10', /max_leafs: unknown key: did you mean max_leaves\?/],
  ['algorithm: RandomForest', 'algorithm: RandomForrest', /got "RandomForrest": did you mean RandomForest\?/],
  [
    'product: ["Torque [Nm]"',
    'product: ["Torqe [Nm]"',
    /no numeric input of the schema: did you mean Torque \[Nm\]\?/,
  ],
  ['  Type:', '  constructor:', /schema\.constructor: a column cannot be called that/],
  ['quality:', 'tuning: {}\nquality:', /tuning: is chapters\.tune now/],
];

for (const [from, to, complaint] of mistakes) {
  test(`config: "${to.replace('\n', ' ')}" is refused with its line`, () => {
    assert.ok(text.includes(from));
    assert.throws(
      () => parseConfig(text.replace(from, to), 'config.yaml'),
      (error: { message: string; code: number }) => {
        assert.equal(error.code, 2);
        assert.match(error.message, complaint);
        assert.match(error.message, /^config\.yaml:\d+ {2}/);
        return true;
      },
    );
  });
}

test('the line of a complaint is the line of the key', () => {
  assert.throws(
    () => parseConfig(text.replace('max_depth: 10', 'max_depth: deep'), 'config.yaml'),
    (error: { message: string }) => error.message.startsWith(`config.yaml:${lineOf('max_depth: 10')}  `),
  );
});

test('no YAML, no mapping, nothing at all', () => {
  assert.throws(() => parseConfig('a: [1', 'config.yaml'), /config\.yaml:1 {2}not valid YAML/);
  assert.throws(() => parseConfig('', 'config.yaml'), /config\.yaml {2}is empty/);
  assert.throws(() => parseConfig('- 1', 'config.yaml'), /config\.yaml/);
});

test('editing a setting keeps comments and every other line', () => {
  const edited = editConfig(text, { 'data.current_version': 'v2', 'deployment.hosts': ['a.org'] });
  const [before, after] = [text.split('\n'), edited.split('\n')];
  assert.equal(before.length, after.length);
  assert.deepEqual(
    after.filter((line, i) => line !== before[i]),
    ['  current_version: v2', '  hosts: [a.org]'],
  );
  assert.deepEqual(parseConfig(edited, 'config.yaml').deployment.hosts, ['a.org']);
  assert.throws(() => editConfig(text, { 'data.nothing': 'x' }), /no setting/);
});

test("the project's config has the keys of the shipped one", () => {
  const keys = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([key, inner]) => [key, keys(inner)])
      : null;
  assert.deepEqual(keys(loadProject([], 'config.yaml').config), keys(parseConfig(text, 'config.yaml')));
});

test('every setting is explained: a comment above it or above its section', () => {
  const lines = text.split('\n');
  const document = parseDocument(text);
  for (const section of Object.keys(document.toJS() as object)) {
    if (['project_name', 'author'].includes(section)) continue;
    const at = lines.findIndex((line) => line.startsWith(`${section}:`));
    const end = lines.findIndex((line, i) => i > at && /^\S/.test(line));
    const own = lines.slice(at - 1, end < 0 ? undefined : end);
    assert.ok(
      own.some((line) => line.trim().startsWith('#')),
      `section ${section} has no comment`,
    );
  }
});

test('settings rerun what they touch and nothing else', () => {
  const config = parseConfig(text, 'config.yaml');
  const changed = (from: string, to: string) => {
    const other = parseConfig(text.replace(from, to), 'config.yaml');
    return (['raw', 'prepare', 'train', 'day2'] as const).filter(
      (product) => settingsHash(config, product) !== settingsHash(other, product),
    );
  };
  assert.deepEqual(changed('n_estimators: 100', 'n_estimators: 200'), ['train']);
  assert.deepEqual(changed('port: 5000', 'port: 5001'), []);
  assert.deepEqual(changed('threads: 0', 'threads: 2'), []);
  assert.deepEqual(changed('seed: 2020', 'seed: 2021'), ['raw']);
  assert.deepEqual(changed('train_rows: 7000', 'train_rows: 6000'), ['prepare']);
  assert.deepEqual(changed('recall: 0.7', 'recall: 0.8'), []);
  assert.deepEqual(changed('noise: 2', 'noise: 3'), ['day2']);
});

test('changes are described by key', () => {
  assert.deepEqual(describeChanges({ a: { b: 1, c: [1] } }, { a: { b: 2, c: [1] }, d: 'x' }), [
    'a.b 1 → 2',
    'd unset → "x"',
  ]);
});

test('a program is its script and all it imports, threads included', () => {
  const files = programFiles(['scripts/model-train.ts']);
  for (const file of [
    'scripts/model-train.ts',
    'lib/learn/forest.ts',
    'lib/learn/forest-worker.ts',
    'lib/learn/crew-worker.ts',
    'lib/train/part-worker.ts',
    'lib/fault.ts',
  ]) {
    assert.ok(files.includes(file), file);
  }
  assert.ok(!files.includes('lib/serve/app.ts'));
});
