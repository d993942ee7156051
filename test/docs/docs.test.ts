/** The texts are complete and true: every verb, script and setting is described, every figure has a source. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/load.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { prepareData } from '../../lib/data/prepare.ts';
import { writeRows } from '../../lib/data/table.ts';
import { writeThrough } from '../../lib/files/write.ts';
import { buildVersion } from '../../lib/train/build.ts';
import { assertClose, defaultConfig, realData, temporaryFolder } from '../support.ts';

const readme = readFileSync('README.md', 'utf8');
const report = readFileSync('REPORT.md', 'utf8');
const makefile = readFileSync('Makefile', 'utf8');
const figures = JSON.parse(readFileSync('bench/figures.json', 'utf8')) as {
  life: { versions: { v1: { metrics: Record<string, { value: number }> } } };
};

test('README names every verb of the Makefile, and make help lists it', () => {
  const verbs = [...makefile.matchAll(/^([a-z][a-z-]*):.*## /gm)].map(([, verb]) => verb!);
  assert.ok(verbs.length > 25);
  for (const verb of verbs)
    if (verb !== 'help' && verb !== 'test') assert.ok(readme.includes(`\`make ${verb}\``), `make ${verb}`);
  assert.ok(readme.includes('make test '));
});

test('README names every script, and only scripts that are there', () => {
  const tree = readme.slice(readme.indexOf('## The tree'));
  for (const script of readdirSync('scripts').map((file) => basename(file, '.ts'))) {
    const short = script === 'serve-stop' ? 'serve-start, -stop' : script;
    assert.ok(tree.includes(short), script);
  }
  for (const [, name] of tree.matchAll(/\b((?:config|data|model|serve|watch|trust)(?:-[a-z]+)+)\b/g))
    assert.ok(existsSync(`scripts/${name}.ts`), name);
  for (const folder of readdirSync('lib', { withFileTypes: true }).filter((entry) => entry.isDirectory()))
    assert.ok(tree.includes(`lib/${folder.name} `), folder.name);
});

test('every rule names the script it runs, and every script has a rule', () => {
  for (const [, script] of makefile.matchAll(/scripts\/([a-z-]+)\.ts/g))
    assert.ok(existsSync(`scripts/${script}.ts`), script);
  for (const script of readdirSync('scripts')) assert.ok(makefile.includes(`scripts/${script}`), script);
});

test('every decimal number in README and REPORT is a figure of an artefact, a setting or a version', () => {
  const numbers: number[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'number') numbers.push(value, value * 100);
    else if (typeof value === 'string')
      for (const [token] of value.matchAll(/-?\d+(\.\d+)?/g)) numbers.push(Number(token));
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(figures);
  collect(parseConfig(defaultConfig, 'config.yaml'));
  for (const [name, text] of [
    ['README.md', readme],
    ['REPORT.md', report],
  ] as const) {
    const prose = text
      .replace(/```[\s\S]*?```/g, '')
      .replaceAll('GNU Make ≥ 4.3', '')
      .replace(/\(MLflow[^)]*\)/g, '');
    for (const [token] of prose.matchAll(/(?<![\d.v])\d[\d,]*\.\d+(?!\.\d)/g)) {
      const digits = token.split('.')[1]!.length;
      const known = numbers.some((x) => Math.abs(x).toFixed(digits) === token.replaceAll(',', ''));
      assert.ok(known, `${name} says ${token}, which no artefact does: make figures, then mend the text`);
    }
  }
});

test('the figures are those that training on the real file gives today', async (t) => {
  const real = realData(t, 'ai4i2020.csv');
  if (real === undefined) return;
  const config = parseConfig(defaultConfig.replace('source: simulated', 'source: file'), 'config.yaml');
  const { table, train } = prepareData(config, () => real);
  const path = `${temporaryFolder()}/train.csv`;
  writeThrough(path, (sink) => writeRows(table, train, sink));
  const { metrics } = await buildVersion(config, readDataset(path, config.schema));
  for (const [name, { value }] of Object.entries(figures.life.versions.v1.metrics)) {
    assertClose(metrics.metrics[name as 'recall'].value, value, 1e-12, name);
  }
  assert.ok(metrics.metrics.recall.value >= 0.7 && metrics.metrics.f1.value >= 0.6);
});

test('the image is built from files that are there, pinned, and runs as an ordinary user', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const allowed = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  for (const [, sources] of dockerfile.matchAll(/^COPY (?!--from)(?:--\S+ )?(.+) \S+$/gm))
    for (const source of sources!.split(' ')) {
      assert.ok(existsSync(source), source);
      assert.ok(allowed.includes(source), `.dockerignore keeps ${source} out`);
    }
  assert.match(dockerfile, /^ARG BASE=\S+:\d+\.\d+\.\d+-\S+$/m);
  assert.match(dockerfile, /apt-get install .* make=\S+ tini=\S+ /);
  assert.match(dockerfile, /^USER node$/m);
  assert.match(dockerfile, /^HEALTHCHECK /m);
  assert.match(defaultConfig, /^ {2}host: 127\.0\.0\.1$/m, 'the line that container-entry.sh opens');
});

test('no absolute path, no leftover', () => {
  const files = ['lib', 'scripts', 'test', 'bench'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  for (const file of [
    ...files,
    'README.md',
    'REPORT.md',
    'CONTRIBUTING.md',
    'docs/container.md',
    'docs/mini-prod.md',
    'Dockerfile',
    'Makefile',
    'config.yaml',
  ]) {
    if (file.endsWith('docs.test.ts')) continue;
    assert.doesNotMatch(
      readFileSync(file, 'utf8'),
      /\/(home|root|Users)\/|TODO|FIXME|\.only\(|\.skip\(/,
      file,
    );
  }
});
