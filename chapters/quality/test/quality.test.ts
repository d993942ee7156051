/** Quality as the one who runs the pipeline meets it: versions that are not made, rows that are not answered, files that are mended. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readTable } from '../../../lib/files/csv.ts';
import { trainedProject } from '../../../test/support.ts';
import type { HistoryLine } from '../history.ts';

const RULES = /expectations:\n(?: {6}- .*\n)+/;

function withRules(project: ReturnType<typeof trainedProject>, rules: string, remedies = '[]'): void {
  const text = project
    .read('config.yaml')
    .replace(RULES, `expectations:\n${rules.trimEnd().replace(/^ */gm, '      ')}\n`)
    .replace(/remedies: \[\]/, `remedies: ${remedies}`);
  writeFileSync(project.path('config.yaml'), text);
}

function historyOf(project: ReturnType<typeof trainedProject>): HistoryLine[] {
  return project
    .read('models/quality.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HistoryLine);
}

/** The raw rows as a file of their own, some of them changed. */
function rawFile(
  project: ReturnType<typeof trainedProject>,
  name: string,
  change: (cells: string[], row: number) => string[] | undefined,
  first = 500,
): void {
  const [header, ...rows] = project.read('data/raw/ai4i2020.csv').trim().split('\n');
  const changed = rows.slice(0, first).flatMap((line, row) => change(line.split(','), row)?.join(',') ?? []);
  writeFileSync(project.path(name), `${[header, ...changed].join('\n')}\n`);
}

test('a data version is judged, and one that fails a rule that stops is not made', () => {
  const project = trainedProject();
  const [first] = historyOf(project);
  assert.deepEqual([first!.version, first!.verdict], ['v1', 'pass']);
  assert.match(project.read('manifest.txt'), /version=v1 .*quality=\d+-of-\d+-rules-hold/);

  withRules(
    project,
    '- { expect: column_max_to_be_between, column: "Torque [Nm]", max_value: 50 }\n- { expect: column_values_to_be_between, column: "Tool wear [min]", max_value: 240, severity: warn }',
  );
  const before = project.read('manifest.txt');
  const refused = project.make('prepare', 'VERSION=v2');
  assert.notEqual(refused.status, 0);
  assert.match(
    refused.err,
    /data version v2 is not made: .* 1 rule stops, 1 warns\n +stop {2}"Torque \[Nm\]" maximum at most 50/,
  );
  assert.equal(project.read('manifest.txt'), before);
  assert.ok(!existsSync(project.path('data/processed/v2_train.csv')));
  assert.match(project.read('config.yaml'), /current_version: v1/);
  const rows = readTable(project.path('data/quarantine/failing_v2.csv'));
  assert.ok(
    rows.length > 0 && rows.every(({ value, column }) => column === 'Tool wear [min]' && Number(value) > 240),
  );
  const raw = readTable(project.path('data/raw/ai4i2020.csv'));
  for (const { line, value } of rows) assert.equal(raw[Number(line) - 2]!['Tool wear [min]'], value);
});

test('any file can be judged, and each failing row is reached without the report holding it', () => {
  const project = trainedProject();
  rawFile(project, 'tuesday.csv', (cells, row) => {
    cells[0] = String(50_000 + row);
    if (row === 3) cells[6] = '1,5'.replace(',', ';');
    if (row === 4) cells[6] = '777.125';
    if (row === 5) return cells.slice(0, 4);
    return cells;
  });
  const judged = project.script('quality-check', { CSV: 'tuesday.csv' });
  assert.equal(judged.status, 3, judged.err);
  assert.match(judged.out, /^check +497 of 500 rows pass · 2 rules stop, 1 warns$/m);
  assert.match(
    judged.out,
    /stop {2}"Torque \[Nm\]" a number from 0 to 100 Nm +2 rows {3}tuesday\.csv:5 tuesday\.csv:6/,
  );
  assert.match(judged.out, /warn {2}rows within 50 % of the version before +499 against/);
  const failing = readTable(project.path('data/quarantine/failing_tuesday.csv'));
  assert.deepEqual(
    failing.map(({ line, value }) => [line, value]),
    [
      ['7', '4 fields where the header has 14'],
      ['5', '1;5'],
      ['6', '777.125'],
    ],
  );
  for (const page of ['reports/quality.html', 'reports/quality.json', 'models/quality.jsonl'])
    assert.doesNotMatch(project.read(page), /777\.125|1;5/, page);
  assert.equal(project.make('audit').status, 0);
  assert.equal(project.script('quality-check', { CSV: 'nowhere.csv' }).status, 2);
  spawnSync('mkfifo', [project.path('pipe.csv')]);
  for (const CSV of ['pipe.csv', '/dev/zero']) {
    const { status, err } = project.script('quality-check', { CSV });
    assert.equal(status, 2);
    assert.match(err, /is no file/);
  }
});

test('rows that fail a rule that stops are not answered, and a batch is judged as a table', async () => {
  const project = trainedProject();
  withRules(
    project,
    `- { expect: rows_to_satisfy, condition: '"Process temperature [K]" > "Air temperature [K]"' }
- { expect: column_values_to_be_between, column: "Torque [Nm]", max_value: 90 }
- { expect: column_mean_to_be_between, column: "Torque [Nm]", max_value: 60, severity: warn }`,
  );
  assert.equal(project.make('promote', 'VERSION=v1', 'REASON=quality').status, 0);
  const started = project.make('start');
  assert.equal(started.status, 0, started.err);
  try {
    const { url } = project.server();
    const post = async (path: string, body: unknown) => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const row = {
      Type: 'L',
      'Air temperature [K]': 300,
      'Process temperature [K]': 310,
      'Rotational speed [rpm]': 1500,
      'Torque [Nm]': 40,
      'Tool wear [min]': 10,
    };
    assert.equal((await post('/predict', row)).status, 200);
    const cold = await post('/predict', { ...row, 'Process temperature [K]': 295 });
    assert.equal(cold.status, 400);
    assert.deepEqual(cold.body.fields, [
      { row: 0, field: '', problem: 'must be "Process temperature [K]" > "Air temperature [K]"' },
    ]);
    const many = await post('/predict', [row, { ...row, 'Torque [Nm]': 95 }]);
    assert.deepEqual(many.body.fields, [{ row: 1, field: 'Torque [Nm]', problem: 'must be at most 90' }]);
    const batch = await post(
      '/quality',
      Array.from({ length: 10 }, (_, i) => ({ ...row, 'Torque [Nm]': 55 + 2 * i })),
    );
    assert.deepEqual([batch.status, batch.body.verdict], [200, 'pass']);
    assert.deepEqual(
      (batch.body.rules as { verdict: string; observed: string | null }[]).map(({ verdict, observed }) => [
        verdict,
        observed,
      ]),
      [
        ['pass', null],
        ['pass', null],
        ['fail', '64'],
      ],
    );
    const single = await post('/quality', { ...row, 'Torque [Nm]': 95 });
    assert.deepEqual([single.body.verdict, (single.body.rules as unknown[]).length], ['fail', 2]);
    assert.equal((await post('/quality', [])).status, 400);
    assert.equal((await post('/quality', { Type: 'L' })).status, 400);
  } finally {
    project.make('stop');
  }
});

test('remedies say what they would do before they do it, and mended rows come back as an increment', () => {
  const project = trainedProject();
  rawFile(
    project,
    'tuesday.csv',
    (cells, row) => {
      cells[0] = String(50_000 + row);
      if (row === 1) cells[2] = 'low';
      if (row === 2) cells[6] = '400';
      if (row === 3) cells[6] = '';
      if (row === 4) cells[0] = '50003';
      if (row === 5) cells[8] = 'maybe';
      return cells;
    },
    40,
  );
  const original = project.read('tuesday.csv');
  withRules(
    project,
    '- { expect: table_row_count_to_be_between, min_value: 1 }',
    `
      - { do: map, column: Type, values: { low: L } }
      - { do: clip, column: "Torque [Nm]", min_value: 0, max_value: 100 }
      - { do: impute, column: "Torque [Nm]", value: median }
      - { do: drop_duplicates, columns: [UDI] }
      - { do: quarantine, failing: schema }`,
  );
  const plan = project.script('quality-remedy', { CSV: 'tuesday.csv' });
  assert.equal(plan.status, 0, plan.err);
  for (const said of [
    /map "Type": 1 cell +line 3 low → L/,
    /clip .*: 1 cell +line 4 400 → 100/,
    /impute .*: 1 cell +line 5 empty →/,
    /drop duplicates by "UDI": 1 row +line 6/,
    /quarantine rows that fail schema: 1 row +line 7/,
  ])
    assert.match(plan.out, said);
  assert.ok(!existsSync(project.path('data/quarantine/changes_tuesday.csv')));

  symlinkSync(project.path('models'), project.path('link'));
  for (const OUT of [
    'tuesday.csv',
    './tuesday.csv',
    'link/x.csv',
    '.git/config',
    'config.yaml',
    'data/raw/increments/0001.csv',
    'data/raw/ai4i2020.csv',
  ])
    assert.equal(project.script('quality-remedy', { CSV: 'tuesday.csv', OUT }).status, 2, OUT);
  assert.equal(project.script('quality-remedy', { CSV: 'tuesday.csv', OUT: 'mended.csv' }).status, 0);
  assert.equal(project.read('tuesday.csv'), original);
  const [before, after] = [readTable(project.path('tuesday.csv')), readTable(project.path('mended.csv'))];
  assert.equal(after.length, before.length - 2);
  const changes = readTable(project.path('data/quarantine/changes_tuesday.csv'));
  assert.deepEqual(
    changes.map(({ line, column, before: was, after: is }) => [line, column, was, is === '100' ? is : '']),
    [
      ['3', 'Type', 'low', ''],
      ['4', 'Torque [Nm]', '400', '100'],
      ['5', 'Torque [Nm]', '', ''],
    ],
  );
  // Every row is as it was but for the cells that are listed.
  const kept = before.filter((_, row) => row !== 4 && row !== 5);
  const listed = new Set(changes.map(({ line, column }) => `${line} ${column}`));
  for (const [i, row] of kept.entries())
    for (const [name, cell] of Object.entries(row))
      if (!listed.has(`${before.indexOf(row) + 2} ${name}`)) assert.equal(after[i]![name], cell);
  const taken = readTable(project.path('data/quarantine/taken_tuesday.csv'));
  assert.deepEqual(
    taken.map(({ original: bytes }) => bytes),
    [original.split('\n')[5], original.split('\n')[6]],
  );

  const bad = project.script('quality-release', { CSV: 'tuesday.csv', BY: 'ann', WHY: 'as it is' });
  assert.equal(bad.status, 3, bad.out);
  assert.match(bad.err, /tuesday\.csv is not taken in/);
  const released = project.make('release', 'CSV=mended.csv', 'BY=ann', 'WHY=low, and "400"');
  assert.equal(released.status, 0, released.err);
  assert.match(project.make('release', 'CSV=mended.csv', 'BY=bob', 'WHY=again').out, /was taken in before/);
  const made = project.make('prepare', 'VERSION=v2');
  assert.equal(made.status, 0, made.err);
  assert.match(
    project.read('manifest.txt'),
    /version=increment path=data\/raw\/increments\/0001\.csv .*rows=38 .*by=ann/,
  );
  assert.match(project.read('manifest.txt'), /version=v2 .*inputs=\S*data\/raw\/increments\/0001\.csv@/);
  assert.match(project.read('data/raw/increments.csv'), /,ann,"low, and ""400"""/);
  const ids = new Set(
    ['train', 'test'].flatMap((part) =>
      readTable(project.path(`data/processed/v2_${part}.csv`)).map(({ UDI }) => UDI!),
    ),
  );
  assert.ok(after.every(({ UDI }) => ids.has(UDI!)));
  assert.match(project.make('prepare').out, /up to date/);
  assert.equal(project.make('audit').status, 0);
  writeFileSync(
    project.path('data/raw/increments/0001.csv'),
    `${project.read('data/raw/increments/0001.csv')} `,
  );
  assert.match(project.make('audit').out + project.make('audit').err, /increments\/0001\.csv does not match/);
  assert.notEqual(project.make('prepare', 'VERSION=v3').status, 0);
});

test('what a version set aside is listed, written as it was, and refused until it is mended', () => {
  const project = trainedProject();
  const raw = readFileSync(project.path('data/raw/ai4i2020.csv'), 'utf8').split('\n');
  const cells = raw[10]!.split(',');
  cells[6] = '1,5'.replace(',', ';');
  raw[10] = cells.join(',');
  writeFileSync(project.path('data/raw/other.csv'), raw.join('\n'));
  project.configure(
    ['source: simulated', 'source: file'],
    ['raw_path: data/raw/ai4i2020.csv', 'raw_path: data/raw/other.csv'],
    ['max_invalid_rows: 0', 'max_invalid_rows: 5'],
  );
  const made = project.make('prepare', 'VERSION=v2');
  assert.equal(made.status, 0, made.err);
  assert.match(made.out, /1 quarantined/);
  assert.match(
    project.make('quarantine').out,
    /1 row of v2: .*\n +data\/raw\/other\.csv:11 {2}column "Torque \[Nm\]": "1;5" is not a number/,
  );
  assert.equal(project.make('quarantine', 'OUT=mend.csv').status, 0);
  assert.equal(project.read('mend.csv'), `${raw[0]}\n${raw[10]}\n`);
  assert.notEqual(project.make('release', 'CSV=mend.csv', 'BY=ann', 'WHY=x').status, 0);
  writeFileSync(project.path('mend.csv'), project.read('mend.csv').replace('1;5', '41.5'));
  assert.equal(project.make('release', 'CSV=mend.csv', 'BY=ann', 'WHY=a comma').status, 0);
  assert.equal(project.make('prepare', 'VERSION=v3').status, 0);
  assert.match(project.make('quarantine', 'VERSION=v9').err, /there is no data version v9 yet/);
  const ids = ['train', 'test'].flatMap((part) =>
    readTable(project.path(`data/processed/v3_${part}.csv`)).map(({ UDI }) => UDI),
  );
  assert.ok(ids.includes(cells[0]));
});

test('anomalies are a page for training rows and for any file', () => {
  const project = trainedProject();
  rawFile(
    project,
    'tuesday.csv',
    (cells, row) => {
      if (row === 7) [cells[5], cells[6]] = ['2900', '75'];
      return cells;
    },
    200,
  );
  const own = project.make('anomalies');
  assert.equal(own.status, 0, own.err);
  assert.match(own.out, /labels? (is|are) other than v1 would have it/);
  const other = project.make('anomalies', 'CSV=tuesday.csv');
  assert.equal(other.status, 0, other.err);
  assert.match(other.out, /tuesday\.csv:9 +0\.\d+ +.*(Torque|Rotational)/);
  assert.match(project.read('reports/anomalies.html'), /tuesday\.csv:9/);
});
