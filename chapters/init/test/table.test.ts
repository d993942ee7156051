/** Tables that nobody has described: what init guesses of them, and what it refuses. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../lib/config/parse.ts';
import { datasetOf, readDataset, takeDataset } from '../../../lib/data/dataset.ts';
import { prepareData } from '../../../lib/data/prepare.ts';
import { cellOf, writeRows } from '../../../lib/data/table.ts';
import { writeCsv } from '../../../lib/files/csv.ts';
import { writeThrough } from '../../../lib/files/write.ts';
import { random } from '../../../lib/numbers/random.ts';
import { defaultConfig, realData, temporaryFolder } from '../../../test/support.ts';
import { chooseModel } from '../choose.ts';
import { draftConfig } from '../draft.ts';
import { profileFile } from '../profile.ts';
import { type Proposal, proposeSchema } from '../propose.ts';

const folder = temporaryFolder();
let files = 0;

function write(text: string): string {
  const path = join(folder, `table-${files++}.csv`);
  writeFileSync(path, text);
  return path;
}

function table(
  header: readonly string[],
  rows: number,
  cell: (row: number, column: number) => string,
): string {
  const lines = [header, ...Array.from({ length: rows }, (_, row) => header.map((_, f) => cell(row, f)))];
  const path = join(folder, `table-${files++}.csv`);
  writeCsv(path, lines[0]!, lines.slice(1) as string[][]);
  return path;
}

function propose(path: string, target = 'y'): Proposal {
  return proposeSchema(path, profileFile(path), target);
}

/** The config that init would write, and the file prepared by it. */
function prepared(path: string, target = 'y') {
  const proposal = propose(path, target);
  const text = draftConfig(defaultConfig, {
    name: 'table',
    rawPath: 'raw.csv',
    schema: proposal.schema,
    csv: proposal.csv,
    split: proposal.split,
    maxInvalidRows: proposal.invalid,
    params: { algorithm: 'GradientBoosting' },
    duplicates: proposal.duplicates,
    changes: [],
    baseline: 0.3,
  });
  const config = parseConfig(text, 'config.yaml');
  const { table, train, test: later, invalid } = prepareData(config, () => path);
  const header = table.columns.map(({ name }) => name);
  const cells = (rows: Int32Array) =>
    Array.from(rows, (row) => header.map((_, column) => cellOf(table, row, column)));
  return { config, text, table, rows: train, header, train: cells(train), test: cells(later), invalid };
}

test('money with points between its thousands is learnt as the money that it is', () => {
  const { float } = random(9, 'money');
  const euros = Array.from({ length: 200 }, () => Math.round(float() * 500_000) / 100);
  const said = (x: number) => `${x.toLocaleString('de-DE', { minimumFractionDigits: 2 })} €`;
  const path = join(folder, 'money.csv');
  writeFileSync(
    path,
    `spent;y\n${euros.map((x, i) => `${said(x)};${i % 3 === 0 ? 'yes' : 'no'}\n`).join('')}`,
  );
  const { config, header, train } = prepared(path);
  assert.ok(config.schema.spent!.strip!.includes('.'));
  const csv = join(temporaryFolder(), 'v1_train.csv');
  writeFileSync(csv, `${[header, ...train].map((cells) => cells.join(',')).join('\n')}\n`);
  const read = readDataset(csv, config.schema);
  const known = new Set(euros);
  for (const value of read.inputs.values) assert.ok(known.has(value), String(value));
  const { tune } = config.chapters as { tune?: { space: object } };
  // The chapter may be torn out.
  if (tune !== undefined) assert.ok('learning_rate' in tune.space && !('max_features' in tune.space));
});

test('every kind of column is read as what it is', () => {
  const { float, int } = random(1, 'table');
  const cities = ['Graz', 'Linz', 'Wien'];
  const path = table(
    [
      'id',
      'when',
      'city',
      'street',
      'note',
      'weight',
      'price',
      'share',
      'flag',
      'one',
      'nothing',
      'gender',
      'temp',
      'y',
    ],
    300,
    (row, f) =>
      [
        String(row + 1),
        `${String((row % 28) + 1).padStart(2, '0')}.${String((Math.floor(row / 28) % 12) + 1).padStart(2, '0')}.2025`,
        cities[int(3)]!,
        `Street ${int(120)}`,
        `said "${float()}", then\nleft`,
        `${(50 + 40 * float()).toFixed(1)} kg`,
        `$${1 + int(9)},${100 + int(900)}.50`,
        row % 10 === 0 ? 'NA' : `${int(100)}%`,
        row % 3 === 0 ? 'Yes' : 'No',
        'same',
        '',
        row % 2 === 0 ? 'f' : 'm',
        row % 7 === 0 ? '' : (20 * float()).toFixed(2),
        float() < 0.3 ? 'churned' : 'stayed',
      ][f]!,
  );
  const { schema, split, classes, csv, left, checks } = propose(path);
  const about = Object.fromEntries(
    Object.entries(schema).map(([name, { type, role }]) => [name, `${type} ${role}`]),
  );
  assert.deepEqual(about, {
    id: 'integer id',
    when: 'time time',
    city: 'category input',
    street: 'category input',
    note: 'text ignored',
    weight: 'number input',
    price: 'number input',
    share: 'integer input',
    flag: 'category input',
    one: 'text ignored',
    nothing: 'text ignored',
    gender: 'category sensitive',
    temp: 'number input',
    y: 'category target',
  });
  assert.equal(schema.when!.format, 'day_first');
  assert.deepEqual(schema.weight!.strip, ['kg']);
  assert.deepEqual(schema.price!.strip, ['$', ',']);
  assert.deepEqual(schema.flag!.categories, ['No', 'Yes']);
  assert.equal(schema.street!.other, 'other');
  assert.equal(schema.street!.categories!.length, 31);
  assert.deepEqual([schema.temp!.missing, schema.weight!.missing], ['keep', 'refuse']);
  assert.deepEqual(csv.missing, ['NA']);
  assert.equal(split.method, 'chronological');
  assert.equal(classes[1]!.name, 'churned', 'the positive class comes second');
  assert.match(left.join('\n'), /nothing: every cell is missing/);
  assert.match(left.join('\n'), /one: is "same" in every row/);
  assert.match(checks.join('\n'), /gender: looks sensitive/);
  const { train, test: later, header, config, table: all, rows } = prepared(path);
  assert.equal(train.length, 240);
  assert.equal(later.length, 60);
  assert.ok(!header.includes('note') && header.includes('gender'));
  const at = header.indexOf('when');
  const times = [...train, ...later].map((cells) => Date.parse(cells[at]!));
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
    'the earlier rows are for training',
  );
  const file = join(folder, 'prepared.csv');
  writeThrough(file, (sink) => writeRows(all, rows, sink));
  assert.ok(
    readDataset(file, config.schema).inputs.values.some((x) => x > 1000),
    '$1,234.50 is a number',
  );
});

test('separators, decimal commas, byte order marks and quotes', () => {
  const path = write(
    `\uFEFFa;b;y\r\n${Array.from({ length: 40 }, (_, i) => `${i},5;"x;${i % 2}";${i % 4 === 0 ? 'yes' : 'no'}`).join('\r\n')}\r\n\r\n`,
  );
  const { config, train, test: later } = prepared(path);
  assert.deepEqual([config.data.csv.separator, config.data.csv.decimal], [';', ',']);
  assert.equal(train.length + later.length, 40);
  assert.deepEqual(config.schema.b!.categories, ['x;0', 'x;1']);
  assert.ok([...train, ...later].some(([a]) => a === '3.5'));
});

/** The prepared cells of a column of 40 rows that repeat the given cells; the target follows every fifth row. */
function preparedColumn(
  cells: readonly string[],
  separator = ',',
  beside: readonly string[] = ['x'],
): string[] {
  const quote = (cell: string) => (/[,;"\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = Array.from({ length: 40 }, (_, i) =>
    [
      cells[i % cells.length]!,
      beside[i % beside.length]!,
      String(i % 7),
      Math.floor(i / 5) % 2 === 0 ? 'no' : 'yes',
    ]
      .map(quote)
      .join(separator),
  );
  const {
    header,
    train,
    test: later,
  } = prepared(write(`v${separator}beside${separator}n${separator}y\n${lines.join('\n')}\n`));
  const at = header.indexOf('v');
  return [...new Set([...train, ...later].map((row) => row[at]!))].sort();
}

test('numbers are read with the decimal sign and the separators that fit the whole table', () => {
  assert.deepEqual(preparedColumn(['4,75 kg', '4,255 kg', '3,5 kg'], ';'), ['3.5', '4.255', '4.75']);
  assert.deepEqual(preparedColumn(['187,631', '91,093'], ',', ['0.412', '0.7']), ['187631', '91093']);
  assert.deepEqual(preparedColumn(['1.234,56', '78,9', '-12.000,5'], ';'), ['-12000.5', '1234.56', '78.9']);
  assert.deepEqual(preparedColumn(['-754,061', '1,234,567']), ['-754061', '1234567']);
  assert.deepEqual(preparedColumn(['€ 117,50', '€ 3,25'], ';'), ['117.5', '3.25']);
  assert.deepEqual(preparedColumn(['1e3', '2.5e-2', '7']), ['0.025', '1000', '7']);
});

test('a number that fits neither decimal sign makes the column text, even in the last of many rows', () => {
  const rows = Array.from({ length: 1500 }, (_, i) => `"${i},25";${i % 3 === 0 ? 'yes' : 'no'}`);
  const path = write(`v;y\n${rows.join('\n')}\n2.5;no\n`);
  const [v] = profileFile(path).columns;
  assert.deepEqual([v!.kind, v!.present], ['text', 1501]);
});

test('ordinals, years in the header and a column called Na are what they look like', () => {
  const rows = Array.from(
    { length: 60 },
    (_, i) => `${['1st', '2nd', '3rd'][i % 3]} class,${i},${i % 7},${i % 2}`,
  );
  const { schema } = propose(write(`v,1960,Na,y\n${rows.join('\n')}\n`));
  assert.deepEqual(schema.v!.categories, ['1st class', '2nd class', '3rd class']);
  assert.equal(schema.Na!.role, 'input');
  assert.throws(() => propose(write('1,2,3\n4,5,6\n')), /holds "1", so it looks like data/);
  assert.throws(() => propose(write('a,NA,NA\n4,5,6\n'), 'a'), /holds "NA", so it looks like data/);
});

test('whom a row is of keeps rows together: an identifier that repeats, and then none that numbers rows', () => {
  const rng = random(9, 'people');
  const rows = Array.from({ length: 400 }, (_, i) => [
    i + 1,
    `P${rng.int(40)}`,
    rng.float().toFixed(3),
    i % 2,
  ]);
  const path = write(`row_id,person_id,x,y\n${rows.map((cells) => cells.join()).join('\n')}\n`);
  const { schema, duplicates, left } = propose(path);
  assert.deepEqual([schema.person_id!.role, schema.row_id!.role, duplicates], ['id', 'ignored', 'keep']);
  assert.match(left.join('\n'), /person_id: 40 different values, by its name whom or what a row is of/);
  const { table, rows: train } = prepared(path);
  const at = table.columns.findIndex(({ name }) => name === 'person_id');
  const people = (of: Iterable<number>) => new Set(Array.from(of, (row) => cellOf(table, row, at)));
  const taught = people(train);
  const others = Array.from({ length: table.rows }, (_, row) => row).filter((row) => !train.includes(row));
  assert.ok(others.length > 40);
  assert.ok(
    [...people(others)].every((person) => !taught.has(person)),
    'nobody is on both sides of the split',
  );
});

test('what tells the target by itself is found in a small table too, and chance is not suspected', () => {
  const rng = random(10, 'small');
  const rows = Array.from({ length: 24 }, (_, i) => {
    const y = i % 2;
    return [y === 1 ? 5 + rng.float() : rng.float(), ['lo', 'hi'][y], rng.float(), y].join();
  });
  const { schema } = propose(write(`told,word,x,y\n${rows.join('\n')}\n`));
  assert.deepEqual([schema.told!.role, schema.word!.role, schema.x!.role], ['leakage', 'leakage', 'input']);
  let suspected = 0;
  for (let trial = 0; trial < 40; trial++) {
    const noise = Array.from(
      { length: 20 },
      (_, i) => `${rng.float()},${rng.float()},${rng.float()},${i % 2}`,
    );
    const of = propose(write(`a,b,c,y\n${noise.join('\n')}\n`)).schema;
    if (Object.values(of).some(({ role }) => role === 'leakage')) suspected++;
  }
  assert.equal(suspected, 0);
});

test('the model that is chosen is the one that suits: a line, a rule, or nothing', async () => {
  const rng = random(11, 'choose');
  const make = (label: (a: number, b: number) => number) =>
    write(
      `a,b,y\n${Array.from({ length: 600 }, () => {
        const [a, b] = [rng.normal(), rng.normal()];
        return `${a.toFixed(3)},${b.toFixed(3)},${label(a, b)}`;
      }).join('\n')}\n`,
    );
  const choose = async (path: string) => {
    const { config, table, rows } = prepared(path);
    return chooseModel(config, takeDataset(datasetOf(table, config.schema), rows));
  };
  const line = await choose(make((a, b) => Number(a + b + rng.normal() > 0)));
  assert.equal(line.candidates[0]!.changes.algorithm, 'LogisticRegression', line.candidates[0]!.name);
  const rule = await choose(make((a, b) => Number(a * b > 0)));
  assert.notEqual(rule.candidates[0]!.changes.algorithm, 'LogisticRegression', rule.candidates[0]!.name);
  assert.ok(rule.candidates[0]!.log_loss < 0.5 * rule.class_shares);
  const nothing = await choose(make(() => rng.int(2)));
  assert.ok(nothing.candidates[0]!.log_loss < nothing.class_shares + 0.01);
  assert.equal(nothing.rows, 480, 'the training rows');
});

test('units that differ are not stripped as if they meant nothing', () => {
  for (const cells of [
    ['$715.9M', '$810.9K'],
    ['5 kg', '200 g'],
    ['85%', '0.88'],
  ]) {
    const lines = Array.from({ length: 60 }, (_, i) => `${cells[i % 2]},${i % 9},${i % 3 === 0 ? 'a' : 'b'}`);
    const { schema, left } = propose(write(`v,n,y\n${lines.join('\n')}\n`));
    assert.equal(schema.v!.role, 'ignored', cells.join());
    assert.match(
      left.join(),
      /v: numbers with units that differ \(("[^"]+"|none)(, ("[^"]+"|none))+\): bring them to one unit/,
    );
  }
});

test('words such as None may be classes and categories, and markers of missing numbers elsewhere', () => {
  const levels = ['None', 'Mild', 'Severe'];
  const path = table(['a', 'pain', 'y'], 90, (row, f) =>
    f === 0
      ? row % 10 === 0
        ? 'None'
        : String(row % 13)
      : f === 1
        ? ['None', 'low', '-'][Math.floor(row / 4) % 3]!
        : levels[(row * 7) % 3]!,
  );
  const { config, invalid, header, train } = prepared(path);
  assert.deepEqual(config.schema.y!.categories, ['Mild', 'None', 'Severe']);
  assert.deepEqual(invalid, []);
  const values = (name: string) => new Set(train.map((row) => row[header.indexOf(name)]));
  assert.ok(values('a').has('') && values('pain').has('None') && values('pain').has('-'));
});

test('identifiers too long for a number stay texts, empty lines are counted, quoted headers are no riddle', () => {
  const long = table(
    ['tweet', 'x', 'y'],
    50,
    (row, f) => [`1234567890123456${String(row).padStart(3, '0')}`, String(row % 6), String(row % 2)][f]!,
  );
  assert.deepEqual([propose(long).schema.tweet!.type, propose(long).schema.tweet!.role], ['text', 'id']);
  assert.deepEqual(prepared(long).invalid, []);
  const gaps = prepared(
    write(`x,z,y\n${Array.from({ length: 40 }, (_, i) => `${i % 5},${i % 3},${i % 2}`).join('\n\n')}\n\n`),
  );
  assert.equal(gaps.invalid.length, 39);
  assert.match(gaps.invalid[0]!.reasons[0]!, /the line is empty/);
  const quoted = write(
    `"a, b";"c, d";y\n${Array.from({ length: 30 }, (_, i) => `${i % 4},5;${i};${i % 2}`).join('\n')}\n`,
  );
  assert.deepEqual(Object.keys(propose(quoted).schema), ['a, b', 'c, d', 'y']);
  assert.throws(() => propose(write('__proto__,x,y\n1,2,3\n')), /a column cannot be called "__proto__"/);
});

test('columns that know the outcome are suspected and left out', () => {
  const { float } = random(3, 'leak');
  const outcome = Array.from({ length: 400 }, () => float() < 0.2);
  const path = table(
    ['x', 'after', 'sum', 'y'],
    400,
    (row, f) =>
      [
        String(float()),
        outcome[row] ? 'closed' : 'open',
        String((outcome[row] ? 100 : 0) + float()),
        outcome[row] ? '1' : '0',
      ][f]!,
  );
  const { schema, checks } = propose(path);
  assert.deepEqual([schema.x!.role, schema.after!.role, schema.sum!.role], ['input', 'leakage', 'leakage']);
  assert.match(checks.join('\n'), /after: suspected leakage, by itself it tells all of 400 rows right/);
});

test('tables that nothing can be learnt from are refused, with what is wrong and where', () => {
  const rows = (cells: (i: number) => string) => Array.from({ length: 50 }, (_, i) => cells(i)).join('\n');
  const refused: [string, RegExp][] = [
    ['', /is empty: it has no header/],
    ['x,y\n', /:1 {2}has a header but no rows/],
    [`just a text\nof some lines\nthat is no table`, /has a single field: not a table/],
    [`1.5,2,yes\n${rows(() => '1,2,no')}`, /holds "1.5", so it looks like data: a header .* is needed/],
    [`x,x,y\n${rows(() => '1,2,no')}`, /column "x" stands twice in the header/],
    [`x,,y\n${rows(() => '1,2,no')}`, /column 2 has no name in the header/],
    [`x,z\n${rows((i) => `${i},1`)}`, /has no column "y" to predict; its columns are x, z/],
    [`x,y\n${rows((i) => `${i},a`)}`, /column "y" is "a" in every row; a model needs at least two classes/],
    [`x,y\n${rows((i) => `${i},`)}`, /column "y" is empty in every row/],
    [
      `x,y\n${rows((i) => `${i},name ${i}`)}`,
      /column "y" has 50 different values in 50 rows: too many classes/,
    ],
    [
      `x,y\n${Array.from({ length: 300 }, (_, i) => `${i},${i / 7}`).join('\n')}`,
      /column "y" has 300 different values in 300 rows: a number, and only classes can be predicted/,
    ],
    [`x,y\n${rows((i) => `same,${i % 2}`)}`, /leaves no column to learn from: x: is "same" in every row/],
    [`x,y\n1,2,3\n4,5,6\n7,8\n`, /is no table: 2 of 3 rows have not the 2 fields of the header/],
    ['\u0000\u0001binary', /is not a CSV text/],
  ];
  assert.throws(() => propose(join(folder, 'absent.csv')), /absent\.csv {2}is missing/);
  assert.throws(() => propose(folder), /is a folder, not a file/);
  for (const [text, message] of refused)
    assert.throws(() => propose(write(text)), message, text.slice(0, 40));
});

test('rows without the target and classes that are too rare are told, not hidden', () => {
  const path = table(['x', 'y'], 60, (row, f) =>
    f === 0 ? String(row % 17) : row === 0 ? '' : row === 1 ? 'rare' : ['a', 'b', 'c'][row % 3]!,
  );
  const { checks, invalid, classes } = propose(path);
  assert.equal(invalid, 2);
  assert.equal(classes.length, 3);
  assert.match(checks.join('\n'), /1 rows have no y: they will be quarantined/);
  assert.match(checks.join('\n'), /class "rare" has 1 row: left out, and these rows quarantined/);
  assert.equal(prepared(path).invalid.length, 2);
});

test('whatever the table, the config that is proposed takes every row of it', () => {
  const cell = fc.oneof(
    fc.integer({ min: -1000, max: 1000 }).map(String),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => x.toFixed(3)),
    fc.constantFrom(
      '',
      'NA',
      '?',
      'Yes',
      'No',
      'true',
      'None',
      '12 kg',
      '$3',
      '5%',
      '2025-01-31',
      '31/12/2024',
      '1,5',
    ),
    fc.string({ maxLength: 12 }).filter((text) => !text.includes('\u0000')),
  );
  const column = fc.oneof(
    fc.array(fc.integer({ min: 0, max: 9 }).map(String), { minLength: 30, maxLength: 30 }),
    fc.array(cell, { minLength: 30, maxLength: 30 }),
    fc.array(fc.constantFrom('red', 'green', 'NA', ''), { minLength: 30, maxLength: 30 }),
  );
  fc.assert(
    fc.property(fc.array(column, { minLength: 1, maxLength: 5 }), (columns) => {
      const numbers = Array.from({ length: 30 }, (_, i) => String((i * 7) % 11));
      const all = [...columns, numbers, Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? 'p' : 'n'))];
      const header = [...columns.map((_, f) => `c${f}`), 'number', 'y'];
      const path = table(header, 30, (row, f) => all[f]![row]!);
      const { invalid, train, test: later } = prepared(path);
      assert.deepEqual(
        invalid.map(({ reasons }) => reasons),
        [],
      );
      assert.equal(train.length + later.length, 30);
    }),
    { numRuns: 60 },
  );
});

test('the real tables: identifiers, leakage and classes are found', (t) => {
  const [ai4i, obesity, adult] = [
    'ai4i2020.csv',
    'ObesityDataSet_raw_and_data_sinthetic.csv',
    'adult_synth.csv',
  ].map((name) => realData(t, name));
  if (!ai4i || !obesity || !adult) return;
  const machine = propose(ai4i, 'Machine failure').schema;
  assert.deepEqual(
    Object.entries(machine)
      .filter(([, { role }]) => role === 'leakage')
      .map(([name]) => name),
    ['TWF', 'HDF', 'PWF', 'OSF'],
  );
  assert.deepEqual([machine.UDI!.role, machine['Product ID']!.role], ['id', 'id']);
  assert.equal(propose(obesity, 'NObeyesdad').classes.length, 7);
  assert.deepEqual(
    Object.entries(propose(adult, 'income_gt_50k').schema)
      .filter(([, { role }]) => role === 'sensitive')
      .map(([name]) => name),
    ['marital_status', 'race', 'sex', 'native_country'],
  );
});
