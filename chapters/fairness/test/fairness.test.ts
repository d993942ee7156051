/** Fairness: against fairlearn, against counting by hand, and that each mitigation does what it is for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../lib/config/parse.ts';
import { type Grouping, groupNames } from '../../../lib/data/groups.ts';
import { classify } from '../../../lib/numbers/outputs.ts';
import { random } from '../../../lib/numbers/random.ts';
import { serveModel } from '../../../lib/predict/served-model.ts';
import { row, served } from '../../../test/contract/served.ts';
import { assertClose, defaultConfig, fixture } from '../../../test/support.ts';
import { type FairnessRows, measureFairness, worstIntersection } from '../measure.ts';
import { groupThresholds, reweighedRows } from '../mitigate.ts';
import { adviceOf, fairnessRows } from '../report.ts';
import { fairnessSection } from '../settings.ts';

const options = { confidence: 0.95, reference: {}, minRows: 10, maxGap: 0.1 };

function grouped(names: readonly string[], groups: readonly string[], column = 'group'): Grouping {
  return { column, groups, groupOf: Int16Array.from(names, (name) => groups.indexOf(name)) };
}

test('groups and gaps are those of fairlearn', () => {
  const known = fixture<{
    groups: string[];
    truth: number[];
    scores: number[];
    given: number[];
    by_group: Record<'selection_rate' | 'tpr' | 'fpr' | 'precision', Record<string, number>>;
    roc_auc: Record<string, number>;
    demographic_parity: number;
    equal_opportunity: number;
    equalized_odds: number;
  }>('fairness');
  const rows: FairnessRows = {
    truth: Int8Array.from(known.truth),
    given: Uint8Array.from(known.given),
    scores: Float64Array.from(known.scores),
  };
  const [column] = measureFairness(rows, [grouped(known.groups, ['a', 'b', 'c'])], options);
  for (const { group, statistics } of column!.groups) {
    for (const name of ['selection_rate', 'tpr', 'fpr', 'precision'] as const)
      assertClose(statistics[name]!.value, known.by_group[name][group]!, 1e-12, `${name} of ${group}`);
    assertClose(statistics.roc_auc!.value, known.roc_auc[group]!, 1e-12, `ROC-AUC of ${group}`);
  }
  for (const { criterion, spread } of column!.gaps)
    assertClose(spread!.value, known[criterion], 1e-12, criterion);
  assert.equal(column!.reference, 'a', 'the largest group, where none is named');
  const { to_reference } = column!.gaps[0]!;
  assertClose(
    to_reference.b!.value,
    known.by_group.selection_rate.b! - known.by_group.selection_rate.a!,
    1e-12,
    'b against a',
  );
});

test('an interval holds its value, and a wide gap is beyond the limit', () => {
  const rng = random(2, 'fair');
  const names = Array.from({ length: 400 }, () => (rng.float() < 0.5 ? 'x' : 'y'));
  const rows: FairnessRows = {
    truth: Int8Array.from({ length: 400 }, () => rng.int(2)),
    given: Uint8Array.from(names, (name) => (rng.float() < (name === 'x' ? 0.6 : 0.3) ? 1 : 0)),
    scores: Float64Array.from({ length: 400 }, () => rng.float()),
  };
  const [column] = measureFairness(rows, [grouped(names, ['x', 'y'])], options);
  for (const { statistics } of column!.groups)
    for (const estimate of Object.values(statistics))
      assert.ok(estimate!.low <= estimate!.value && estimate!.value <= estimate!.high);
  assert.equal(column!.gaps[0]!.verdict, 'fail', '0.6 against 0.3 is beyond 0.1');
  assert.deepEqual(column!.gaps[0]!.between, ['x', 'y']);
});

test('too few rows, an unknown truth and an absent group conclude nothing', () => {
  const names = [...new Array(200).fill('many'), ...new Array(5).fill('few')];
  const rows: FairnessRows = {
    truth: new Int8Array(205).fill(-1),
    given: Uint8Array.from(names, (name) => (name === 'few' ? 1 : 0)),
    scores: new Float64Array(205).fill(0.5),
  };
  const [column] = measureFairness(rows, [grouped(names, ['many', 'few', 'none'])], options);
  assert.deepEqual(
    column!.groups.map(({ group, tiny, labelled }) => [group, tiny, labelled]),
    [
      ['many', false, 0],
      ['few', true, 0],
    ],
  );
  assert.equal(column!.groups[0]!.statistics.tpr, null);
  assert.equal(column!.groups[1]!.statistics.selection_rate!.value, 1, 'shown all the same');
  for (const { verdict, spread } of column!.gaps) assert.deepEqual([verdict, spread], ['inconclusive', null]);
  assert.deepEqual(adviceOf([column!], [], 0.1), []);
});

test('ROC-AUC within groups counts ties half, whatever order they come in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(1), fc.nat(4), fc.nat(1)), { minLength: 4, maxLength: 40 }),
      (cells) => {
        const rows: FairnessRows = {
          truth: Int8Array.from(cells, ([y]) => y),
          given: new Uint8Array(cells.length),
          scores: Float64Array.from(cells, ([, s]) => s / 4),
        };
        const names = cells.map(([, , g]) => `g${g}`);
        const [column] = measureFairness(rows, [grouped(names, ['g0', 'g1'])], {
          ...options,
          minRows: 1,
        });
        for (const { group, statistics } of column!.groups) {
          const own = cells.filter((_, i) => names[i] === group);
          const pairs = own.flatMap(([y, s]) =>
            y === 1 ? own.filter(([z]) => z === 0).map(([, t]) => (s > t ? 1 : s === t ? 0.5 : 0)) : [],
          );
          if (pairs.length === 0 || statistics.roc_auc === null) continue;
          assertClose(
            statistics.roc_auc.value,
            pairs.reduce((a, b) => a + b, 0 as number) / pairs.length,
            1e-12,
            group,
          );
        }
      },
    ),
    { numRuns: 50 },
  );
});

/** Ten groups whose favourable rows are found at these rates. */
function tenGroups(trial: number, size: number, rates: (group: number) => number) {
  const rng = random(7, 'groups', trial);
  const groupOf = Int16Array.from({ length: 10 * size }, (_, row) => row % 10);
  const truth = Int8Array.from({ length: 10 * size }, (_, row) => (row < 5 * size ? 1 : 0));
  const given = Uint8Array.from(groupOf, (g) => (rng.float() < rates(g) ? 1 : 0));
  const rows = { truth, given, scores: Float64Array.from(given) };
  return { rows, grouping: { column: 'group', groups: [...'abcdefghij'], groupOf } };
}

test('where nothing differs nothing fails, and what differs is found', () => {
  const trials = 60;
  let failed = 0;
  let found = 0;
  for (let trial = 0; trial < trials; trial++) {
    const equal = tenGroups(trial, 200, () => 0.3);
    const [column] = measureFairness(equal.rows, [equal.grouping], options);
    if (column!.gaps.some(({ verdict }) => verdict === 'fail')) failed++;
    const unequal = tenGroups(trial, 80, (g) => (g === 3 ? 0.4 : 0.8));
    const [odd] = measureFairness(unequal.rows, [unequal.grouping], options);
    if (odd!.gaps[1]!.verdict === 'fail') found++;
  }
  assert.ok(failed / trials <= 0.05, `${failed} of ${trials} fail`);
  assert.ok(found / trials >= 0.6, `${found} of ${trials} found`);
});

test('a rate of few rows concludes nothing, however many rows the group has', () => {
  const { rows, grouping } = tenGroups(1, 200, () => 0.3);
  const truth = Int8Array.from(rows.truth, (y, row) => (row % 10 === 0 && row > 50 ? 0 : y));
  const [column] = measureFairness({ ...rows, truth }, [grouping], { ...options, minRows: 20 });
  const [parity, opportunity] = column!.gaps;
  assert.ok('b' in parity!.to_reference);
  assert.equal(column!.groups[0]!.favourable, 6);
  assert.deepEqual(opportunity!.to_reference, {}, 'the reference has six favourable rows');
});

test('groups that are alike by each column may not be where two columns meet', () => {
  const size = 4000;
  const of = (column: string, groups: string[], group: (row: number) => number) => ({
    column,
    groups,
    groupOf: Int16Array.from({ length: size }, (_, row) => group(row)),
  });
  const a = of('a', ['x', 'y'], (row) => row % 2);
  const b = of('b', ['p', 'q'], (row) => Math.floor(row / 2) % 2);
  const c = of('c', ['all'], () => 0);
  const given = Uint8Array.from({ length: size }, (_, row) => (a.groupOf[row] === b.groupOf[row] ? 1 : 0));
  const rows = { truth: new Int8Array(size).fill(-1), given, scores: Float64Array.from(given) };
  for (const { gaps } of measureFairness(rows, [a, b], options)) assert.equal(gaps[0]!.verdict, 'pass');
  const worst = worstIntersection(rows, [a, b, c], options)!;
  assert.equal(worst.column, 'a × b');
  assert.equal(worst.gaps[0]!.verdict, 'fail');
  assert.equal(worstIntersection(rows, [a], options), undefined);
});

test('reweighing makes group and class independent, to a row', () => {
  const rng = random(3, 'weigh');
  const names = Array.from({ length: 1000 }, () => (rng.float() < 0.3 ? 'f' : 'm'));
  const target = Uint8Array.from(names, (name) => (rng.float() < (name === 'f' ? 0.2 : 0.6) ? 1 : 0));
  const rows = reweighedRows(target, grouped(names, ['f', 'm']));
  const share = (group: string) => {
    const own = rows.filter((row) => names[row] === group);
    return own.filter((row) => target[row] === 1).length / own.length;
  };
  assertClose(share('f'), share('m'), 0.005, 'share of the positive class');
  assertClose(rows.length, 1000, 4, 'rows');
  assert.deepEqual(
    [...rows].sort((a, b) => a - b),
    rows,
    'in their order',
  );
  const unknown = reweighedRows(Uint8Array.of(1, 0, 1), grouped(['?', '?', '?'], ['f', 'm']));
  assert.deepEqual(unknown, [0, 1, 2]);
});

test('thresholds by group equal out what they are chosen for', () => {
  const rng = random(4, 'cut');
  const names = Array.from({ length: 2000 }, () => (rng.float() < 0.4 ? 'f' : 'm'));
  const truth = Uint8Array.from(names, () => rng.int(2));
  const scores = Float64Array.from(names, (name, i) =>
    Math.min(1, rng.float() * 0.6 + 0.2 * truth[i]! + (name === 'm' ? 0.2 : 0)),
  );
  const grouping = grouped(names, ['f', 'm'], 'sex');
  for (const [criterion, counts] of [
    ['demographic_parity', () => true],
    ['equal_opportunity', (i: number) => truth[i] === 1],
  ] as const) {
    const by_group = groupThresholds(truth, scores, 0.5, grouping, criterion, 10);
    const given = classify(scores, { thresholds: [0.5], by_group }, groupNames([grouping], 'sex'));
    const rate = (group: string) => {
      const own = [...names.keys()].filter((i) => names[i] === group && counts(i));
      return own.filter((i) => given[i] === 1).length / own.length;
    };
    assertClose(rate('f'), rate('m'), 0.005, criterion);
  }
  const few = groupThresholds(truth, scores, 0.5, grouping, 'demographic_parity', 5000);
  assert.deepEqual(few.thresholds, {}, 'groups of few rows keep the threshold of all');
});

test('the favourable class may be any class', () => {
  const three = Float64Array.of(0.2, 0.3, 0.5, 0.6, 0.3, 0.1);
  const rows = fairnessRows(['a', 'b', 'c'], 'b', [1, 0], [2, 0], three);
  assert.deepEqual(
    [[...rows.truth], [...rows.given], [...rows.scores]],
    [
      [1, 0],
      [0, 0],
      [0.3, 0.3],
    ],
  );
  const two = fairnessRows(['0', '1'], '0', [1, 0], [0, 0], Float64Array.of(0.25, 0.75));
  assert.deepEqual(
    [[...two.truth], [...two.given], [...two.scores]],
    [
      [0, 1],
      [1, 1],
      [0.75, 0.25],
    ],
  );
});

test('a config names sensitive columns for fairness, never inputs', () => {
  const refused: [string, string, RegExp][] = [
    [
      'reference: {}',
      'reference: { Type: L }',
      /fairness\.reference\.Type: "Type" is an input of the model; a sensitive column is kept apart/,
    ],
    ['favourable: "1"', 'favourable: "2"', /fairness\.favourable: "2" is no class of the target: 0, 1/],
    [
      'method: none, criterion',
      'method: reweighing, criterion',
      /fairness\.mitigation: expected a column for a method/,
    ],
    [
      'method: none, criterion',
      'method: reweighing, column: Type, criterion',
      /fairness\.mitigation\.column: "Type" is an input/,
    ],
    [
      'method: none, criterion',
      'method: reweighing, column: sex, criterion',
      /"sex" is no column of the schema/,
    ],
  ];
  for (const [from, to, message] of refused)
    assert.throws(
      () => parseConfig(defaultConfig.replace(from, to), 'config.yaml', [fairnessSection]),
      message,
    );
});

test('a version with thresholds by group gives by them, where the group comes along', async () => {
  const text = defaultConfig
    .replace(
      'Product ID: { type: text, role: id, missing: refuse }',
      'Product ID: { type: category, role: sensitive, categories: [f, m], missing: keep }',
    )
    .replace('method: none, criterion', 'method: group_thresholds, column: Product ID, criterion');
  const api = await served({ configText: text });
  const { signature } = api;
  assert.equal(signature.sensitive[0]!.name, 'Product ID');
  const by_group = { column: 'Product ID', thresholds: { f: [0] } };
  const loaded = {
    ...api.models[0]!.loaded,
    signature: { ...signature, output: { ...signature.output, by_group } },
  };
  const model = serveModel(loaded, 'model', '');
  const classesOf = (rows: object[]) => {
    const parsed = model.parse(rows);
    assert.ok('rows' in parsed);
    const scores = model.score(parsed);
    return parsed.rows.map(({ sensitive }, i) => model.give(scores, i, sensitive).class);
  };
  const calm = { ...row, 'Torque [Nm]': 25 };
  assert.deepEqual(classesOf([calm, { ...calm, 'Product ID': 'f' }, { ...calm, 'Product ID': 'm' }]), [
    '0',
    '1',
    '0',
  ]);
});
