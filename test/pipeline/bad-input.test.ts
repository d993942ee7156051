/** Whatever is wrong with the input: a clear message, exit 2, and nothing half-written. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { prepareData } from '../../lib/data/prepare.ts';
import { AI4I_HEADER, simulateAi4i } from '../../lib/data/simulate-ai4i.ts';
import { Fault } from '../../lib/fault.ts';
import { sha256File } from '../../lib/files/hash.ts';
import { temporaryProject } from '../support.ts';

const project = temporaryProject();
const rows = simulateAi4i(300, 1);
const clean = [[...AI4I_HEADER], ...rows];
const csv = (table: readonly (readonly string[])[]) =>
  `${table.map((cells) => cells.map((cell) => (cell.includes(',') ? `"${cell}"` : cell)).join(',')).join('\n')}\n`;
const raw = () => project.path('data/raw/mine.csv');
const config = () => parseConfig(project.read('config.yaml'), 'config.yaml');
/** The table with one cell changed: data row 10 is line 12 of the file. */
const withCell = (column: string, cell: string) =>
  csv(clean.with(11, clean[11]!.with(AI4I_HEADER.indexOf(column as never), cell)));

before(() => {
  project.configure(
    ['source: simulated', 'source: file'],
    ['raw_path: data/raw/ai4i2020.csv', 'raw_path: data/raw/mine.csv'],
  );
  project.set({ train_rows: 200 });
  mkdirSync(project.path('data/raw'), { recursive: true });
});

function prepare(text: string | Buffer, version = 'v1') {
  writeFileSync(raw(), text);
  return project.script('data-prepare', version === 'v1' ? {} : { VERSION: version });
}

const broken: readonly (readonly [what: string, text: string | Buffer, complaint: RegExp])[] = [
  [
    'a missing column',
    csv(clean.map((cells) => cells.slice(1))),
    /mine\.csv:1 {2}column "UDI" of the schema is missing/,
  ],
  [
    'an extra column',
    csv(clean.map((cells, i) => [...cells, i === 0 ? 'Extra' : '1'])),
    /mine\.csv:1 {2}column "Extra" is not in the schema/,
  ],
  [
    'a column twice',
    csv(clean.map((cells, i) => [...cells, i === 0 ? 'Type' : 'L'])),
    /mine\.csv:1 {2}column "Type" stands twice/,
  ],
  [
    'NaN',
    withCell('Torque [Nm]', 'NaN'),
    /mine\.csv:12 {2}column "Torque \[Nm\]": "NaN" is not a number \(leave the cell empty/,
  ],
  [
    'a decimal comma',
    withCell('Torque [Nm]', '1,5'),
    /mine\.csv:12 {2}column "Torque \[Nm\]": "1,5" is not a number \(decimal comma\?\)/,
  ],
  [
    'a hexadecimal number',
    withCell('Torque [Nm]', '0x10'),
    /mine\.csv:12 {2}column "Torque \[Nm\]": "0x10" is not a number/,
  ],
  [
    'a value out of range',
    withCell('Torque [Nm]', '1000'),
    /mine\.csv:12 {2}column "Torque \[Nm\]": 1000 is outside 0 to 100 Nm/,
  ],
  ['an unknown category', withCell('Type', 'Q'), /mine\.csv:12 {2}column "Type": "Q" is none of L, M, H/],
  ['an empty target', withCell('Machine failure', ''), /mine\.csv:12 {2}column "Machine failure": is empty/],
  [
    'a duplicate id',
    csv([...clean, clean[5]!]),
    /mine\.csv:302 {2}duplicate: line 6 has the same UDI, Product ID/,
  ],
  [
    'a ragged row',
    csv(clean.with(11, clean[11]!.slice(0, 5))),
    /mine\.csv:12 {2}5 fields where the header has 14/,
  ],
  ['an empty line', csv(clean).replace('\n4,', '\n\n4,'), /mine\.csv:5 {2}the line is empty/],
  [
    'a quote never closed',
    csv(clean).replace('\n200,', '\n"200,'),
    /mine\.csv:\d+ {2}a quote is opened here or later and never closed/,
  ],
  [
    'another separator',
    csv(clean).replaceAll(',', ';'),
    /mine\.csv:1 {2}the header is a single field: is the separator another one \(data\.csv\.separator\)/,
  ],
  ['no rows', csv(clean.slice(0, 1)), /mine\.csv:1 {2}has a header but no rows/],
  ['an empty file', '', /mine\.csv {2}is empty/],
  [
    'binary junk',
    Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe]),
    /mine\.csv {2}is not a CSV text in UTF-8/,
  ],
  [
    'one class only',
    csv(clean.map((cells, i) => (i === 0 ? cells : cells.with(8, '0')))),
    /every training row is 0; a model needs at least two classes/,
  ],
  ['too few rows', csv(clean.slice(0, 150)), /has 149 valid rows; split\.train_rows takes 200/],
];
for (const [i, [what, text, complaint]] of broken.entries()) {
  test(`${what}: exit 2, file and line`, () => {
    writeFileSync(raw(), text);
    assert.throws(
      () => prepareData(config(), project.path),
      (error) => error instanceof Fault && error.code === 2 && complaint.test(error.message),
    );
    // What a fault becomes is the same for all: every fifth is seen by its program.
    if (i % 5 > 0) return;
    const { status, out, err } = prepare(text);
    assert.equal(status, 2, err);
    assert.match(err, complaint);
    assert.doesNotMatch(err, /\n\s+at /, 'no stack');
    assert.equal(out, '');
    assert.deepEqual(readdirSync(project.path('data/processed')), [], 'nothing is written');
  });
}

test('rows are quarantined, with line and reason, where config allows it', () => {
  project.configure(['max_invalid_rows: 0', 'max_invalid_rows: 2']);
  const { status, out, err } = prepare(withCell('Torque [Nm]', '1,5'));
  project.configure(['max_invalid_rows: 2', 'max_invalid_rows: 0']);
  assert.equal(status, 0, err);
  assert.match(out, /1 quarantined \(data\/quarantine\/v1\.csv\)/);
  assert.match(project.read('data/quarantine/v1.csv'), /mine\.csv,12,"column ""Torque \[Nm\]""/);
  for (const folder of ['data/processed', 'data/quarantine'])
    rmSync(project.path(folder), { recursive: true });
  rmSync(project.path('manifest.txt'));
});

test('BOM, CRLF and reordered columns give the bytes of the clean file', () => {
  const reversed = csv(clean.map((cells) => [...cells].reverse()));
  const variants = [csv(clean), `\ufeff${csv(clean).replaceAll('\n', '\r\n')}`, reversed];
  const hashes = variants.map((text) => {
    const { status, err } = prepare(text);
    assert.equal(status, 0, err);
    const hash = sha256File(project.path('data/processed/v1_train.csv'));
    rmSync(project.path('data/processed'), { recursive: true });
    rmSync(project.path('manifest.txt'));
    return hash;
  });
  assert.equal(new Set(hashes).size, 1);
});

test('missing sensor values are filled by the declared rule, from training rows alone', () => {
  const { status, out, err } = prepare(withCell('Torque [Nm]', ''));
  assert.equal(status, 0, err);
  assert.match(out, /1 missing in "Torque \[Nm\]" filled \(median\)/);
  const torque = rows
    .slice(0, 200)
    .flatMap((cells, i) => (i === 10 ? [] : [Number(cells[6])]))
    .sort((a, b) => a - b);
  const line = readFileSync(project.path('data/processed/v1_train.csv'), 'utf8').split('\n')[11]!;
  assert.equal(Number(line.split(',')[6]), torque[99]);
});

test('a file that is not there', () => {
  rmSync(raw());
  const { status, err } = project.make('prepare');
  assert.equal(status, 2);
  assert.match(err, /data\/raw\/mine\.csv/);
});

test('too few failures to learn and to measure', () => {
  const single = csv(clean.map((cells, i) => (i === 0 ? cells : cells.with(8, i === 7 ? '1' : '0'))));
  assert.equal(prepare(single, 'v7').status, 0);
  project.configure(['current_version: v1', 'current_version: v7']);
  const { status, err } = project.script('model-train');
  assert.equal(status, 2);
  assert.match(err, /class "1" has 1 training row: it cannot be learnt and measured in 3 folds/);
  project.configure(['current_version: v7', 'current_version: v1']);
});

test('a config that is not there, and one that is wrong', () => {
  const missing = project.make('train', 'CONFIG=absent.yaml');
  assert.equal(missing.status, 2);
  assert.match(missing.err, /absent\.yaml is missing: everything is configured there/);
  project.configure(['n_estimators: 10', 'n_estimators: many']);
  const wrong = project.make('train');
  assert.equal(wrong.status, 2);
  assert.match(
    wrong.err,
    /config\.yaml:\d+ {2}model_params\.n_estimators: expected a whole number ≥ 1, got "many"/,
  );
  project.configure(['n_estimators: many', 'n_estimators: 10']);
});

test('names that are no versions go nowhere', () => {
  for (const args of [
    ['promote', 'VERSION=../../etc'],
    ['promote', 'VERSION=v9'],
    ['compare', 'A=v1', 'B=v0'],
    ['trace', 'ID=../x'],
    ['live', 'AT=yesterday'],
    ['live', 'AT=2026-02-30'],
    ['retrain', 'WITHOUT=nobody'],
    ['retrain', 'ACCEPT=nobody'],
    ['monitor', 'FROM=2026-11-02T00:00Z', 'TO=2026-11-01T00:00Z'],
    ['monitor', 'AT=2026-11-02T00:00Z', 'TO=2026-11-03T00:00Z'],
    ['monitor', 'AT=2026-02-30T00:00Z'],
  ]) {
    const { status, err } = project.make(...args);
    assert.equal(status, 2, args.join(' '));
    assert.doesNotMatch(err, /\n\s+at /, args.join(' '));
  }
});
