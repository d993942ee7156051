/** Slices: what is planted is found, what is not there is not, and changes add up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../../../lib/numbers/random.ts';
import { assertClose, livedProject } from '../../../test/support.ts';
import { splitChange } from '../change.ts';
import { cutNumbers, type Parted, partCategories, partNumbers, worstSlices } from '../slice.ts';

const options = { confidence: 0.95, minRows: 30, shown: 5 };

function table(name: string, rows: number) {
  const rng = random(1, name);
  const [a, b] = [0, 1].map(() => Float64Array.from({ length: rows }, () => rng.normal())) as [
    Float64Array,
    Float64Array,
  ];
  const kind = Float64Array.from({ length: rows }, () => rng.int(3));
  const cuts: Parted[] = [
    partNumbers(cutNumbers('a', a), a),
    partNumbers(cutNumbers('b', b), b),
    partCategories('kind', ['x', 'y', 'z'], kind),
  ];
  return { rng, a, b, kind, cuts };
}

test('rows are in one part each: quarters of what training had, categories, and what is missing', () => {
  const cut = cutNumbers('n', Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  assert.deepEqual(cut.parts, ['≤ 2', '2 to 4', '4 to 6', '> 6', 'missing']);
  assert.deepEqual([...partNumbers(cut, Float64Array.of(0, 2, 2.5, 99, Number.NaN)).of], [0, 0, 1, 3, 4]);
  assert.deepEqual(cutNumbers('c', Float64Array.of(3, 3, 3)).parts, ['any', 'missing']);
  assert.deepEqual(
    [...partCategories('k', ['x', 'y'], Float64Array.of(0, 1, -1, Number.NaN)).of],
    [0, 1, 2, 2],
  );
});

test('a pair of inputs under which a model fails is the worst slice, and is shown', () => {
  const { rng, a, kind, cuts } = table('planted', 4000);
  const wrong = Uint8Array.from(a, (x, row) =>
    Number(rng.float() < (x > 0.7 && kind[row] === 1 ? 0.4 : 0.05)),
  );
  const { slices, looked } = worstSlices(cuts, wrong, options);
  assert.match(slices[0]!.name, /^a > 0\.\d+ · kind = y$/);
  assert.ok(slices[0]!.beyond.low > 0.2 && slices[0]!.errors.value > 0.3);
  assert.equal(looked, 4 + 4 + 3 + 16 + 12 + 12);
});

test('where errors are the same everywhere hardly ever a slice is shown', () => {
  const trials = 100;
  let shown = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { rng, a, cuts } = table(`equal ${trial}`, 1500);
    const wrong = Uint8Array.from(a, () => Number(rng.float() < 0.1));
    if (worstSlices(cuts, wrong, options).slices.some(({ beyond }) => beyond.low > 0)) shown++;
  }
  assert.ok(shown / trials <= 0.08, String(shown / trials));
});

test('rows of few entities show less', () => {
  const { rng, a, cuts } = table('entities', 3000);
  const entities = Int32Array.from(a, (_, row) => Math.floor(row / 100));
  const prone = Float64Array.from({ length: 30 }, () => (rng.float() < 0.2 ? 0.6 : 0.05));
  const wrong = Uint8Array.from(entities, (entity) => Number(rng.float() < prone[entity]!));
  const width = (of: Int32Array | undefined) => {
    const { errors } = worstSlices(cuts, wrong, { ...options, entities: of });
    return errors.high - errors.low;
  };
  assert.ok(width(entities) > 2 * width(undefined));
});

test('a change is split into mix and within, which add up to it', () => {
  const { rng, a, cuts } = table('before', 5000);
  const errorsOf = (column: Float64Array, rate: (x: number) => number) =>
    Uint8Array.from(column, (x) => Number(rng.float() < rate(x)));
  const before = { cuts, wrong: errorsOf(a, (x) => (x > 0.7 ? 0.4 : 0.05)) };
  const moved = a.map((x) => x + 1);
  const cutMoved = [partNumbers(cutNumbers('a', a), moved), ...cuts.slice(1)];
  const mean = (of: Uint8Array) => of.reduce((sum, x) => sum + x, 0) / of.length;
  const other = { cuts: cutMoved, wrong: errorsOf(moved, (x) => (x > 0.7 ? 0.4 : 0.05)) };
  const worse = { cuts, wrong: errorsOf(a, (x) => (x > 0.7 ? 0.6 : 0.25)) };
  for (const after of [other, worse])
    for (const { change, mix, within } of splitChange(before, after)) {
      assertClose(change, mean(after.wrong) - mean(before.wrong), 1e-12, 'change');
      assertClose(mix + within, change, 1e-12, 'sum');
    }
  const [first] = splitChange(before, other);
  assert.equal(first!.name, 'a');
  assert.ok(first!.mix > 0.1 && Math.abs(first!.within) < 0.03, 'other rows, the same errors');
  const same = splitChange(before, worse).find(({ name }) => name === 'a')!;
  assert.ok(Math.abs(same.mix) < 0.01 && same.within > 0.15, 'the same rows, other errors');
});

test('make slices says where a version fails in training and in production, and what the change comes from', () => {
  const project = livedProject();
  const { status, out, err } = project.make('slices', 'VERSION=v1');
  assert.equal(status, 0, err);
  assert.match(out, /^slices +v1 {2}training, out of fold: 5,600 rows, error rate 0\.\d+/m);
  assert.match(out, /^ +production: |^slices +production: /m);
  assert.match(
    out,
    /^change +errors \+\d+\.\d+ points from training to production; by .*: .* from other rows/m,
  );
  assert.match(project.read('reports/slices_v1.html'), /What the change comes from/);
  const { change } = JSON.parse(project.read('reports/slices_v1.json')) as { change: { by: unknown[] } };
  assert.equal(change.by.length, 6);
  const wrong = project.make('slices', 'VERSION=v1', 'SINCE=yesterday');
  assert.equal(wrong.status, 2);
  assert.match(wrong.err, /SINCE=yesterday: no time such as/);
});
