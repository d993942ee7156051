/** A first look: what was planted in a table strikes the eye, and nothing does where nothing was. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { NamedColumn } from '../../../lib/config/roles.ts';
import type { Table } from '../../../lib/data/table.ts';
import { random } from '../../../lib/numbers/random.ts';
import { assertClose, trainedProject } from '../../../test/support.ts';
import { centred, correlation, cramersV, entropy, explained, mutualInformation } from '../association.ts';
import { compareTables } from '../compare.ts';
import { explore, stability } from '../explored.ts';

test('associations are those of the references', () => {
  const counts = Float64Array.of(30, 10, 5, 8, 25, 12, 2, 9, 40);
  // scikit-learn's mutual_info_score less Miller's correction, and Cramér's V by Bergsma's formulas on scipy's chi-squared.
  assertClose(mutualInformation(counts, 3), 0.26163639920426035, 1e-12);
  assertClose(explained(counts, 3), 0.2407041826816223, 1e-12);
  assertClose(cramersV(counts, 3), 0.5172668727750313, 1e-12);
  assertClose(entropy([1, 1, 1, 1]), Math.log(4), 1e-12);
  assert.equal(cramersV(Float64Array.of(5, 0, 9, 0), 2), 0);
  assert.equal(explained(Float64Array.of(0, 0, 0, 0), 2), 0);
  const [x, y] = [Float64Array.of(1, 2, 3, Number.NaN, 5), Float64Array.of(2, 1, 4, 9, 6)];
  // numpy.corrcoef of the four whole pairs.
  const rows = Int32Array.from([0, 1, 2, 3, 4]);
  assertClose(correlation(centred(x, rows), centred(y, rows)), 0.9022436386781061, 1e-12);
  assert.equal(correlation(centred(new Float64Array(5).fill(0.1), rows), centred(y, rows)), 0);
  assertClose(stability([100, 300], [300, 100]), 2 * (200 / 401) * Math.log(300.5 / 100.5), 1e-12);
});

const category = (name: string, role: NamedColumn['role'], categories: string[]): NamedColumn => ({
  name,
  type: 'category',
  role,
  categories,
  missing: 'keep',
});
const number = (name: string, role: NamedColumn['role'] = 'input'): NamedColumn => ({
  name,
  type: 'number',
  role,
  missing: 'keep',
});

/** A table of these columns, drawn row by row. */
function drawn(
  columns: NamedColumn[],
  rows: number,
  row: (i: number, rng: ReturnType<typeof random>) => number[],
  seed = 3,
): Table {
  const rng = random(seed, 'explore test');
  const values = columns.map(() => new Float64Array(rows));
  for (let i = 0; i < rows; i++) for (const [c, value] of row(i, rng).entries()) values[c]![i] = value;
  return { columns, rows, values, texts: columns.map(() => undefined) };
}

const COLUMNS = [
  number('a'),
  number('b'),
  number('leak'),
  number('same'),
  { ...number('serial'), type: 'integer' as const },
  category('sex', 'sensitive', ['f', 'm']),
  category('job', 'input', ['x', 'y', 'z']),
  category('y', 'target', ['no', 'yes']),
];

test('leaks, identifiers, constants, proxies, drift, repeated and contradicting rows strike the eye', () => {
  const table = drawn(COLUMNS, 4000, (i, rng) => {
    const y = Number(rng.float() < 0.3);
    const sex = Number(rng.float() < 0.5);
    return [
      rng.normal() + (i >= 2000 ? 1 : 0),
      i % 7 === 0 ? Number.NaN : rng.normal(),
      y * 10 + rng.float(),
      4,
      i,
      sex,
      rng.float() < 0.9 ? sex : 2,
      y,
    ];
  });
  // Two rows that are another's, one of them with the other class.
  for (const [c, column] of table.values.entries()) {
    column[10] = column[11]!;
    column[20] = column[21]!;
    if (c === 7) column[20] = 1 - column[21]!;
  }
  const found = explore(table, 1);
  const suspects = new Map(found.suspects.map(({ column, of }) => [column, of]));
  assert.deepEqual(
    suspects,
    new Map([
      ['leak', 'leakage'],
      ['same', 'constant'],
      ['serial', 'identifier'],
    ]),
  );
  assert.deepEqual(found.duplicates, { whole: 1, inputs: 2, contradicting: 1 });
  assert.deepEqual(
    found.sensitive.map(({ column, proxies }) => [column, proxies.map((each) => each.column)]),
    [['sex', ['job']]],
  );
  const drifts = found.columns
    .filter(({ drift }) => drift !== null && !drift.byChance)
    .map(({ name }) => name);
  assert.deepEqual(drifts, ['a', 'serial']);
  assert.deepEqual(
    found.missingness.map(({ columns }) => columns),
    [['b']],
  );
  assert.equal(
    found.missingness[0]!.rows,
    table.values[1]!.reduce((n, x) => n + Number(Number.isNaN(x)), 0),
  );
  assert.deepEqual(
    found.classes.map(([name]) => name),
    ['no', 'yes'],
  );
  assert.equal(
    found.classes.reduce((sum, [, count]) => sum + count, 0),
    4000,
  );
});

test('where nothing is nothing strikes the eye: false drifts are rare, and a pair that only together tells is found', () => {
  const quiet = [
    number('a'),
    number('b'),
    number('c'),
    category('k', 'input', ['x', 'y', 'z']),
    category('y', 'target', ['no', 'yes']),
  ];
  let drifts = 0;
  const TABLES = 200;
  for (let seed = 0; seed < TABLES; seed++) {
    const { columns, suspects, pairs } = explore(
      drawn(quiet, 400, (_, rng) => [rng.normal(), rng.normal(), rng.normal(), rng.int(3), rng.int(2)], seed),
      1,
    );
    drifts += columns.filter(({ drift }) => drift !== null && !drift.byChance).length;
    assert.deepEqual(suspects, []);
    // Every row is in some bar, those far out too.
    for (const { histogram } of columns)
      assert.equal(
        histogram!.byClass.flat().reduce((sum, count) => sum + count, 0),
        400,
      );
    assert.ok(pairs.length <= 3);
  }
  // Nominal .001 of each of five columns.
  assert.ok(drifts <= 5, `${drifts} of ${TABLES * 5} columns are said to drift`);
  const { pairs } = explore(
    drawn(quiet, 4000, (_, rng) => {
      const [a, b] = [rng.normal(), rng.normal()];
      return [a, b, rng.normal(), 0, Number(a * b > 0)];
    }),
    1,
  );
  assert.deepEqual([pairs[0]!.x, pairs[0]!.y], ['a', 'b']);
  assert.ok(pairs[0]!.explains > 0.5 && pairs[0]!.alone < 0.05);
});

test('two tables are compared column by column', () => {
  const columns = [number('a'), number('b'), category('k', 'input', ['x', 'y', 'z'])];
  const before = drawn(columns, 3000, (_, rng) => [rng.normal(), rng.normal(), rng.int(2)], 1);
  const after = drawn(columns, 2000, (_, rng) => [rng.normal(), rng.normal() + 1, 1 + rng.int(2)], 2);
  const { rows, columns: changes } = compareTables(before, after);
  assert.deepEqual(rows, [3000, 2000]);
  const of = new Map(changes.map((each) => [each.column, each]));
  assert.deepEqual(
    [of.get('a')!.byChance, of.get('b')!.byChance, of.get('k')!.byChance],
    [true, false, false],
  );
  assert.deepEqual(of.get('k')!.only, { before: ['x'], after: ['z'] });
  assertClose(of.get('b')!.means![1] - of.get('b')!.means![0], 1, 0.1);
});

test('of many categories the rarest are counted together, and none for another', () => {
  const names = Array.from({ length: 100 }, (_, i) => `k${i}`);
  const columns = [category('k', 'input', names), category('y', 'target', ['no', 'yes'])];
  const { columns: looks } = explore(
    drawn(columns, 5000, (_, rng) => [Math.floor(100 * rng.float() ** 2), rng.int(2)], 1),
    1,
  );
  const [look] = looks;
  assert.equal(look!.distinct, 100);
  const { bins, byClass } = look!.histogram!;
  assert.equal(bins.length, 60);
  assert.equal(bins.at(-1), '41 others');
  const most = look!.frequent!.map(([name]) => name);
  assert.equal(most[0], 'k0');
  assert.ok(look!.frequent!.every(([, count]) => count < 1000) && !most.includes('41 others'));
  assert.equal(
    byClass.flat().reduce((sum, count) => sum + count, 0),
    5000,
  );
});

test('make explore is a page for the raw rows, any file, and two versions', () => {
  const project = trainedProject();
  const own = project.make('explore');
  assert.equal(own.status, 0, own.err);
  assert.match(own.out, /explore +data\/raw\/ai4i2020\.csv .*14 columns, Machine failure: 0 9\d\.\d %/);
  const page = project.read('reports/explore.html');
  assert.ok(page.length < 300_000, `${page.length} bytes`);
  for (const svg of page.match(/<svg(?! class="swatch")[^>]*>/g)!)
    assert.match(svg, /aria-label="[^"]{20,}"/);
  assert.equal(
    (page.match(/<svg(?! class="swatch")/g) ?? []).length,
    (page.match(/role="img"/g) ?? []).length,
  );
  const raw = project.read('data/raw/ai4i2020.csv').split('\n');
  writeFileSync(project.path('some.csv'), [raw[0], ...raw.slice(1, 200), 'x,y'].join('\n'));
  const other = project.make('explore', 'CSV=some.csv');
  assert.equal(other.status, 0, other.err);
  assert.match(project.read('reports/explore.html'), /199 rows that fit the schema, and 1 that do not/);
  const compared = project.make('explore', 'A=v1', 'B=v1');
  assert.match(compared.out, /v1 beside v1: .*no column differs beyond chance/);
  assert.equal(project.make('explore', 'A=v1').status, 2);
  // A table of which columns are ignored, and none is known too late.
  writeFileSync(
    project.path('config.yaml'),
    project.read('config.yaml').replaceAll('role: leakage', 'role: ignored'),
  );
  const ignored = project.make('explore', 'A=v1', 'B=v1');
  assert.match(ignored.out, /v1 beside v1: /, ignored.err);
  assert.match(project.make('explore', 'A=v1', 'B=v9').err, /v9_train\.csv {2}is missing/);
  assert.equal(project.make('explore', 'CSV=gone.csv').status, 2);
});
