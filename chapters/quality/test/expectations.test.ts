/** Expectations against Great Expectations on the same table, and that no way of cutting a table into pieces changes what is said. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../lib/config/parse.ts';
import type { NamedColumn } from '../../../lib/config/roles.ts';
import { defaultConfig, temporaryFolder } from '../../../test/support.ts';
import { type Block, readBlocks, UNREADABLE } from '../block.ts';
import { profiler } from '../profile.ts';
import { EXPECTATIONS, qualitySection, type Rule, ruleProblem } from '../settings.ts';
import { openSuite, type RuleResult } from '../suite.ts';

interface Answer extends Record<string, unknown> {
  readonly expect: string;
  readonly success: boolean;
  readonly unexpected_count: number | null;
  readonly observed_value: number | null;
}

const { table, answers } = JSON.parse(readFileSync('chapters/quality/test/expectations.json', 'utf8')) as {
  table: { columns: string[]; data: (string | number | null)[][] };
  answers: Answer[];
};

const COLUMNS: NamedColumn[] = [
  { name: 'id', type: 'integer', role: 'id', missing: 'keep' },
  { name: 'x', type: 'number', role: 'input', missing: 'keep' },
  { name: 'y', type: 'number', role: 'input', missing: 'keep' },
  { name: 'cat', type: 'category', role: 'input', missing: 'keep', categories: ['A', 'B', 'C'] },
  { name: 'word', type: 'text', role: 'id', missing: 'keep' },
  { name: 'seq', type: 'integer', role: 'input', missing: 'keep' },
];

function blocksOf(rows: readonly (readonly (string | number | null)[])[], cuts: readonly number[]): Block[] {
  const bounds = [0, ...cuts, rows.length];
  return bounds.slice(1).flatMap((to, i) => {
    const some = rows.slice(bounds[i], to);
    if (some.length === 0) return [];
    return [
      {
        columns: COLUMNS,
        rows: some.length,
        places: Float64Array.from(some, (_, row) => bounds[i]! + row + 2),
        values: COLUMNS.map(({ categories, type }, c) =>
          Float64Array.from(some, (row) => {
            const cell = row[c]!;
            if (cell === null) return Number.NaN;
            if (type === 'text') return 0;
            return categories === undefined ? Number(cell) : categories.indexOf(String(cell));
          }),
        ),
        texts: COLUMNS.map(({ type }, c) =>
          type === 'text' ? some.map((row) => String(row[c] ?? '')) : undefined,
        ),
        problems: [],
      },
    ];
  });
}

function judge(
  rules: readonly Rule[],
  blocks: readonly Block[],
  before?: ReturnType<ReturnType<typeof profiler>['profile']>,
  onFailure = (_: { place: number; value: string }) => {},
) {
  const suite = openSuite(rules, {
    columns: COLUMNS,
    all: COLUMNS,
    before,
    now: new Date('2026-11-27'),
    onFailure,
  });
  for (const block of blocks) suite.take(block);
  return suite.results();
}

function ruleOf({
  expect,
  success: _,
  unexpected_count: __,
  observed_value: ___,
  mostly = 1,
  ...params
}: Answer): Rule {
  return { expect, severity: 'stop', mostly: mostly as number, params };
}

test('each expectation says what Great Expectations says', () => {
  const blocks = blocksOf(table.data, []);
  for (const answer of answers) {
    const rule = ruleOf(answer);
    const [result] = judge([rule], blocks) as [RuleResult];
    const what = `${answer.expect} ${JSON.stringify(rule.params)}`;
    assert.equal(ruleProblem(EXPECTATIONS[answer.expect]!, rule.params, undefined, COLUMNS), undefined, what);
    assert.equal(result.verdict, answer.success ? 'pass' : 'fail', what);
    if (answer.unexpected_count !== null && result.kind !== 'aggregate')
      assert.equal(result.failing, answer.unexpected_count, what);
    if (typeof answer.observed_value === 'number' && result.observed !== null)
      assert.equal(
        Number(result.observed.replaceAll(',', '')),
        Number(answer.observed_value.toPrecision(6)),
        what,
      );
  }
  const covered = new Set(answers.map(({ expect }) => expect));
  const own = [
    'rows_to_satisfy',
    'column_values_to_be_of_type',
    'column_values_to_be_increasing',
    'column_values_to_be_decreasing',
    'column_max_to_be_fresh',
    'column_categories_to_be_known',
    'column_mean_to_change_by_at_most',
    'column_nulls_to_change_by_at_most',
    'table_row_count_to_change_by_at_most',
  ];
  assert.deepEqual(
    Object.keys(EXPECTATIONS)
      .filter((name) => !covered.has(name))
      .sort(),
    own.sort(),
  );
});

const OWN: Rule[] = [
  ['rows_to_satisfy', { condition: "x < y + 20 and cat in ('A', 'B')" }],
  ['column_values_to_be_of_type', { column: 'word', type_: 'integer' }],
  ['column_values_to_be_increasing', { column: 'seq' }],
  ['column_values_to_be_increasing', { column: 'seq', strictly: true }],
  ['column_values_to_be_decreasing', { column: 'x' }],
].map(([expect, params]) => ({ expect: expect as string, severity: 'stop', mostly: 1, params }));

test('what is our own holds against a plain reading of the rows', () => {
  const of = (name: string) => table.columns.indexOf(name);
  const counts = judge(OWN, blocksOf(table.data, [])).map(({ failing }) => failing);
  const [x, y, cat, word, seq] = ['x', 'y', 'cat', 'word', 'seq'].map(of) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const values = (c: number) =>
    table.data.map((row) => row[c]!).filter((cell): cell is number => cell !== null);
  const steps = (c: number, isWrong: (a: number, b: number) => boolean) =>
    values(c).filter((v, i, all) => i > 0 && isWrong(all[i - 1]!, v)).length;
  const unknown = table.data.filter(
    (row) => row[cat] === null && (row[x] === null || row[y] === null),
  ).length;
  assert.ok(unknown >= 0);
  assert.deepEqual(counts, [
    table.data.filter(
      (row) =>
        (row[x] !== null && row[y] !== null && !((row[x] as number) < (row[y] as number) + 20)) ||
        row[cat] === 'C',
    ).length,
    table.data.filter((row) => row[word] !== null).length,
    steps(seq, (a, b) => b < a),
    steps(seq, (a, b) => b <= a),
    steps(x, (a, b) => b > a),
  ]);
});

test('a table says the same however it is cut into pieces', () => {
  const rules = [
    ...answers.map(ruleOf),
    ...OWN,
    {
      expect: 'column_values_to_not_be_null',
      severity: 'warn',
      mostly: 0.95,
      by: 'cat',
      params: { column: 'x' },
    } as Rule,
  ];
  const failuresOf = (cuts: readonly number[]) => {
    const places: string[] = [];
    const results = judge(rules, blocksOf(table.data, cuts), undefined, ({ place, value }) =>
      places.push(`${place} ${value}`),
    );
    return { results, places: places.sort() };
  };
  const whole = failuresOf([]);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: table.data.length - 1 }), { maxLength: 6 }),
      (cuts) => {
        assert.deepEqual(failuresOf(cuts.sort((a, b) => a - b)), whole);
      },
    ),
    { numRuns: 25 },
  );
});

test('a group is judged apart, nothing is no pass, and a rule that cannot be judged stops no other', () => {
  const rule = (expect: string, params: object, more: Partial<Rule> = {}): Rule => ({
    expect,
    severity: 'stop',
    mostly: 1,
    params,
    ...more,
  });
  const blocks = blocksOf(table.data, []);
  const byGroup = judge(
    [rule('column_mean_to_be_between', { column: 'seq', min_value: 0 }, { by: 'cat' })],
    blocks,
  );
  assert.deepEqual(
    byGroup.map((each) => each.rule.split(': ').at(-1)),
    ['A', 'B', 'C'],
  );
  const at = table.columns.indexOf('cat');
  assert.deepEqual(
    byGroup.map(({ judged }) => judged),
    ['A', 'B', 'C'].map((name) => table.data.filter((row) => row[at] === name).length),
  );
  const nothing = judge(
    [
      rule('column_values_to_be_between', { column: 'x', min_value: 0 }),
      rule('column_max_to_be_between', { column: 'x', max_value: 0 }),
    ],
    blocksOf(
      table.data.map((row) => row.map(() => null)),
      [],
    ),
  );
  assert.deepEqual(
    nothing.map(({ verdict }) => verdict),
    ['inconclusive', 'inconclusive'],
  );
  const broken = { ...rule('column_values_to_not_be_null', { column: 'x' }), params: { column: 'gone' } };
  const [missing, sound] = judge([broken, rule('table_row_count_to_be_between', { min_value: 1 })], blocks);
  assert.deepEqual(
    [missing!.verdict, missing!.observed, sound!.verdict],
    ['inconclusive', '"gone" is not in the file', 'pass'],
  );
});

test('a change is held against the version before', () => {
  const profile = profiler(COLUMNS);
  for (const block of blocksOf(table.data, [])) profile.take(block);
  const before = profile.profile();
  const rules: Rule[] = [
    ['table_row_count_to_change_by_at_most', { share: 0.1 }],
    ['column_mean_to_change_by_at_most', { column: 'seq', stdevs: 0.1 }],
    ['column_nulls_to_change_by_at_most', { column: 'x', share: 0.01 }],
    ['column_categories_to_be_known', { column: 'cat' }],
  ].map(([expect, params]) => ({ expect: expect as string, severity: 'stop', mostly: 1, params }));
  const verdicts = (rows: typeof table.data, of: typeof before | undefined) =>
    judge(rules, blocksOf(rows, []), of).map(({ verdict }) => verdict);
  assert.deepEqual(verdicts(table.data, before), ['pass', 'pass', 'pass', 'pass']);
  assert.deepEqual(verdicts(table.data, undefined), Array(4).fill('inconclusive'));
  const changed = table.data
    .slice(0, 200)
    .map((row) =>
      row.map((cell, c) =>
        c === 5 ? Number(cell) + 500 : c === 1 && Number(row[0]) % 3 === 0 ? null : cell,
      ),
    );
  const known = {
    ...before,
    columns: { ...before.columns, cat: { nulls: 0, categories: { A: 300, B: 100, C: 0 } } },
  };
  assert.deepEqual(verdicts(changed, known), Array(4).fill('fail'));
});

test('what is wrong with a rule is said by its place and its name', () => {
  const refused = (rule: string) => {
    const text = defaultConfig.replace(/expectations:\n(?: {6}- .*\n)+/, `expectations:\n      - ${rule}\n`);
    assert.notEqual(text, defaultConfig);
    try {
      parseConfig(text, 'config.yaml', [qualitySection]);
    } catch (error) {
      return (error as Error).message;
    }
    return 'taken';
  };
  const cases: [string, RegExp][] = [
    ['{ expect: column_value_to_be_unique, column: UDI }', /did you mean column_values_to_be_unique/],
    [
      '{ expect: column_values_to_be_unique, column: UDX }',
      /"UDX" is no column of the schema: did you mean UDI/,
    ],
    ['{ expect: column_values_to_be_unique }', /of column_values_to_be_unique column \(is missing\)/],
    ['{ expect: column_values_to_be_unique, column: UDI, mostlly: 1 }', /nothing else: did you mean mostly/],
    ['{ expect: column_mean_to_be_between, column: Type, min_value: 1 }', /"Type" is no number/],
    ['{ expect: column_mean_to_be_between, column: UDI }', /min_value or max_value says how much/],
    ['{ expect: column_values_to_match_regex, column: Type, regex: "(" }', /a regular expression/],
    [
      '{ expect: rows_to_satisfy, condition: \'"Torque" > 1\' }',
      /at 1: "Torque" is no column: |at 1: "Torque" is no column/,
    ],
    [
      '{ expect: rows_to_satisfy, condition: \'"Torque [Nm]" + 1\' }',
      /is a number, and nothing that is true or false/,
    ],
    ['{ expect: column_values_to_not_be_null, column: UDI, by: UDI }', /by: "UDI" is no category/],
    ['{ expect: __proto__ }', /an expectation that is known/],
    ['{ expect: column_values_to_not_be_null, column: UDI, mostly: 0 }', /a number above 0/],
  ];
  for (const [rule, said] of cases) {
    const message = refused(rule);
    assert.match(message, said, rule);
    assert.match(message, /^config\.yaml:\d+ {2}chapters\.quality\.expectations\.0/, rule);
  }
  assert.equal(
    refused('{ expect: column_values_to_not_be_null, column: UDI, mostly: 0.9, severity: warn, by: Type }'),
    'taken',
  );
});

test('a file is read whatever is wrong with its rows', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'rows.csv');
  const config = parseConfig(defaultConfig, 'config.yaml');
  writeFileSync(path, 'Torque [Nm],Type,more\n40,L,1\n"1,5",Q,1\n,M,1\n40\n1e9,,1\n');
  const seen: { values: number[][]; problems: string[]; malformed: number[]; extra: readonly string[] } = {
    values: [],
    problems: [],
    malformed: [],
    extra: [],
  };
  readBlocks(path, config.schema, config.data.csv, ({ columns, extra }) => {
    seen.extra = extra;
    assert.deepEqual(
      columns.map(({ name }) => name),
      ['Type', 'Torque [Nm]'],
    );
    return {
      block({ rows, values, problems }) {
        for (let i = 0; i < rows; i++) seen.values.push(values.map((column) => column[i]!));
        seen.problems.push(...problems.map(({ row, cell }) => `${row} ${cell}`));
      },
      malformed: (place) => seen.malformed.push(place),
    };
  });
  assert.deepEqual(seen, {
    values: [
      [0, 40],
      [UNREADABLE, UNREADABLE],
      [1, Number.NaN],
      [Number.NaN, UNREADABLE],
    ],
    problems: ['1 Q', '1 1,5', '3 1e9'],
    malformed: [5],
    extra: ['more'],
  });
});
