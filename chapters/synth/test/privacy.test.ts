/** The promise of privacy: noise that is what it is said to be, accounting that adds up, a budget that refuses, and domains that are public. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { NamedColumn } from '../../../lib/config/roles.ts';
import type { Table } from '../../../lib/data/table.ts';
import { chiSquaredTail } from '../../../lib/measure/intervals.ts';
import { random } from '../../../lib/numbers/random.ts';
import { assertClose, trainedProject } from '../../../test/support.ts';
import { deltaOf, epsilonOf, rhoOf } from '../accounting.ts';
import { domainOf, fitMst, sigmaOf } from '../mst.ts';
import { type Bits, bitsFrom, discreteGaussian } from '../noise.ts';
import { type Edge, estimateTree, type Measurement, sampleTree } from '../tree-model.ts';

/** Bits by a seed, for tests alone. */
function seeded(seed: string): Bits {
  let [block, at, counter] = [Buffer.alloc(0), 0, 0];
  return bitsFrom((count) => {
    if (at + count > block.length) {
      block = Buffer.concat(
        Array.from({ length: 64 }, () => createHash('sha256').update(`${seed} ${counter++}`).digest()),
      );
      at = 0;
    }
    at += count;
    return block.subarray(at - count, at);
  });
}

const { opendp } = JSON.parse(readFileSync('chapters/synth/test/noise.json', 'utf8')) as {
  opendp: { scale: number; counts: Record<string, number> };
};

test('noise is a discrete Gaussian: by its probabilities, and beside that of OpenDP', () => {
  const bits = seeded('gaussian');
  const draws = 20_000;
  for (const sigma of [0.7, opendp.scale, 11.3]) {
    const counts = new Map<number, number>();
    for (let i = 0; i < draws; i++) {
      const noise = discreteGaussian(bits, sigma ** 2);
      counts.set(noise, (counts.get(noise) ?? 0) + 1);
    }
    const most = Math.ceil(3 * sigma);
    let total = 0;
    for (let x = -20 * Math.ceil(sigma); x <= 20 * Math.ceil(sigma); x++)
      total += Math.exp(-(x * x) / (2 * sigma * sigma));
    let [chi, expectedRest, rest] = [0, draws, draws];
    for (let x = -most; x <= most; x++) {
      const expected = (draws * Math.exp(-(x * x) / (2 * sigma * sigma))) / total;
      const seen = counts.get(x) ?? 0;
      chi += (seen - expected) ** 2 / expected;
      expectedRest -= expected;
      rest -= seen;
    }
    if (expectedRest > 5) chi += (rest - expectedRest) ** 2 / expectedRest;
    assert.ok(chiSquaredTail(chi, 2 * most) > 0.001, `σ ${sigma}: χ² ${chi} of ${2 * most}`);
    if (sigma !== opendp.scale) continue;
    // Two samples of one distribution, the tails together.
    let both = 0;
    let cells = 0;
    const theirs = new Map(Object.entries(opendp.counts).map(([x, count]) => [Number(x), count]));
    for (let x = -most; x <= most; x++) {
      const [a, b] = [counts.get(x) ?? 0, theirs.get(x) ?? 0];
      if (a + b < 10) continue;
      both += (a - b) ** 2 / (a + b);
      cells++;
    }
    assert.ok(chiSquaredTail(both, cells - 1) > 0.001, `beside OpenDP: χ² ${both} of ${cells - 1}`);
  }
});

test('accounting is that of the authors of the mechanism', () => {
  // cdp2adp of Canonne, Kamath and Steinke, as dpmm 0.1.9 ships it.
  for (const [epsilon, delta, rho] of [
    [1, 1e-9, 0.014973057673588523],
    [3, 1e-9, 0.12058242891101999],
    [0.5, 1e-6, 0.006641524356660502],
    [10, 1e-5, 1.7826956163289516],
  ] as const) {
    assertClose(rhoOf(epsilon, delta), rho, 1e-6 * rho, `ρ of ε ${epsilon}, δ ${delta}`);
    assertClose(epsilonOf(rhoOf(epsilon, delta), delta), epsilon, 1e-6);
  }
  assertClose(epsilonOf(0.1, 1e-6), 2.141938928385474, 1e-6);
  assertClose(deltaOf(0.1, 0.5), 0.07706229246326071, 1e-6);
  // What is measured adds up to what was given: each of so many counts by Gaussian noise of σ costs 1 / (2 σ²).
  assertClose(1 / (2 * sigmaOf(0.25) ** 2), 0.25, 1e-12);
});

test('a tree model has the marginals that it was given, and rows drawn from it have them too', () => {
  const sizes = [3, 2, 4];
  const edges: Edge[] = [
    { a: 0, b: 1 },
    { a: 1, b: 2 },
  ];
  const rng = random(1, 'tree model');
  // Counts of a real distribution that is such a tree.
  const first = Float64Array.of(500, 300, 200);
  const given = [
    [0.9, 0.1],
    [0.5, 0.5],
    [0.2, 0.8],
  ];
  const second = [
    [0.1, 0.2, 0.3, 0.4],
    [0.7, 0.1, 0.1, 0.1],
  ];
  const pair = Float64Array.from({ length: 6 }, (_, i) => first[i >> 1]! * given[i >> 1]![i % 2]!);
  const middle = [0, 1].map((k) => pair.reduce((sum, count, i) => sum + (i % 2 === k ? count : 0), 0));
  const last = Float64Array.from({ length: 8 }, (_, i) => middle[i >> 2]! * second[i >> 2]![i % 4]!);
  const measured: Measurement[] = [
    { columns: [0], counts: first, sigma: 1 },
    { columns: [0, 1], counts: pair, sigma: 1 },
    { columns: [1, 2], counts: last, sigma: 2 },
  ];
  const model = estimateTree(sizes, edges, measured);
  assertClose(model.total, 1000, 1e-6);
  for (const [i, share] of model.edge(0).entries()) assertClose(share, pair[i]! / 1000, 1e-4);
  for (const [i, share] of model.edge(1).entries()) assertClose(share, last[i]! / 1000, 1e-4);
  const [a, b, c] = sampleTree(model, sizes, edges, 40_000, rng.float) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const together = a.reduce((n, cell, i) => n + Number(cell === 0 && b[i] === 0 && c[i] === 3), 0) / 40_000;
  assertClose(together, 0.5 * 0.9 * 0.4, 0.01, 'a path that was never measured');
});

const COLUMNS: NamedColumn[] = [
  { name: 'x', type: 'number', role: 'input', range: [0, 10], missing: 'keep' },
  { name: 'k', type: 'category', role: 'input', categories: ['a', 'b', 'c'], missing: 'refuse' },
  { name: 'n', type: 'integer', role: 'input', range: [0, 7], missing: 'refuse' },
  { name: 'y', type: 'category', role: 'target', categories: ['no', 'yes'], missing: 'refuse' },
];

function drawn(rows: number): Table {
  const rng = random(4, 'mst');
  const values = COLUMNS.map(() => new Float64Array(rows));
  for (let row = 0; row < rows; row++) {
    const y = Number(rng.float() < 0.4);
    values[0]![row] =
      rng.float() < 0.1 ? Number.NaN : Math.min(10, Math.max(0, (y === 1 ? 7 : 3) + rng.normal()));
    values[1]![row] = rng.float() < 0.7 ? y : 2;
    values[2]![row] = rng.int(8);
    values[3]![row] = y;
  }
  return { columns: COLUMNS, rows, values, texts: COLUMNS.map(() => undefined) };
}

test('private rows keep dependence and domains, with pairs that are declared and with pairs that are chosen', () => {
  const table = drawn(4000);
  for (const target of [3, undefined]) {
    const model = fitMst(
      table,
      { rho: rhoOf(3, 1e-9), bins: 16, edges: {}, target },
      seeded(`mst ${target}`),
    );
    assertClose(model.rows, 4000, 120);
    assert.equal(model.pairs.length, 3);
    const [x, k, n, y] = model.sample(4000, random(1, 'draw').float) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    assert.ok(x.every((value) => Number.isNaN(value) || (value >= 0 && value <= 10)));
    assert.ok(n.every((value) => Number.isInteger(value) && value >= 0 && value <= 7));
    assert.ok(k.every((value) => [0, 1, 2].includes(value)));
    const meanOf = (wanted: number) => {
      const own = [...x].filter((value, row) => y[row] === wanted && !Number.isNaN(value));
      return own.reduce((sum, value) => sum + value, 0) / own.length;
    };
    assertClose(meanOf(0), 3, 0.5);
    assertClose(meanOf(1), 7, 0.5);
    assertClose(y.reduce((sum, value) => sum + value, 0) / 4000, 0.4, 0.05);
    assertClose(x.reduce((sum, value) => sum + Number(Number.isNaN(value)), 0) / 4000, 0.1, 0.04);
  }
});

test('a domain is of the schema or declared, and never of the data', () => {
  assert.throws(
    () => domainOf({ name: 'free', type: 'number', role: 'input', missing: 'keep' }, { bins: 10, edges: {} }),
    /"free" has no range .*private rows are refused/,
  );
  const declared = domainOf(
    { name: 'free', type: 'number', role: 'input', missing: 'refuse' },
    { bins: 10, edges: { free: [0, 1, 10] } },
  );
  assert.deepEqual([-5, 0, 0.5, 1, 9, 10, 99].map(declared.cellOf), [0, 0, 0, 1, 1, 1, 1]);
  const whole = domainOf(COLUMNS[2]!, { bins: 32, edges: {} });
  assert.equal(whole.size, 8);
  for (let value = 0; value < 8; value++)
    assert.equal(
      whole.valueOf(whole.cellOf(value), () => 0.999),
      value,
    );
});

test('what is spent is on record before it is had, and the budget refuses more', () => {
  const project = trainedProject();
  const made = project.make('synthesize', 'METHOD=mst', 'EPSILON=2', 'ROWS=300');
  assert.equal(made.status, 0, made.err);
  assert.match(made.out, /ε 2 at δ 1e-9 \(ρ 0\.0\d+\); on these rows ε 2\.00 of 3 is spent now/);
  assert.match(project.read('models/privacy.csv'), /,2,1e-9,0\.0\d+,"?mst, 12 columns"?,/);
  assert.match(
    project.read('manifest.txt'),
    /version=synthetic path=data\/synthetic\/mst_2\.csv .*epsilon=2/,
  );
  // ρ adds up, and ε less than that.
  const total = epsilonOf(2 * rhoOf(2, 1e-9), 1e-9);
  const again = project.make('synthesize', 'METHOD=mst', 'EPSILON=2.5', 'ROWS=300');
  assert.ok(total < 4);
  assert.equal(again.status, 2);
  assert.match(
    again.err,
    /budget is ε 3 for this raw file: ε 2\.00 was spent, and with ε 2\.5 more it would be 3\.\d+ .*Refused/,
  );
  assert.equal(project.read('models/privacy.csv').trim().split('\n').length, 2);
  assert.equal(project.make('synthesize', 'METHOD=mst', 'EPSILON=1', 'ROWS=300').status, 0);
  mkdirSync(project.path('folder'));
  assert.match(
    project.make('synthesize', 'METHOD=mst', 'EPSILON=0.1', 'OUT=folder').err,
    /folder {2}is a folder, where a file is to be/,
  );
  project.configure(['range: [0, 100], missing: median', 'missing: median']);
  const refused = project.make('synthesize', 'METHOD=mst', 'EPSILON=0.1');
  assert.match(refused.err, /"Torque \[Nm\]" has no range in the schema/);
  assert.equal(
    project.read('models/privacy.csv').trim().split('\n').length,
    3,
    'nothing is spent on what is refused',
  );
  assert.equal(project.make('audit').status, 0);
  assert.match(project.make('synthesize', 'METHOD=tree', 'EPSILON=1').err, /promises no privacy/);
  assert.match(project.make('synthesize', 'METHOD=mst', 'EPSILON=none').err, /is no number above 0/);
});
