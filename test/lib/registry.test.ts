/** Pointers and who answers: the pure part of the registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  applyMove,
  checkAliasName,
  describeMove,
  describeTraffic,
  type Move,
  NO_POINTERS,
  parseMove,
  parseTraffic,
  replayMoves,
  STAGES,
} from '../../lib/registry/pointers.ts';
import { chooseVersion, describeWeights, parseWeights, weightsOf } from '../../lib/registry/split.ts';
import { assertClose } from '../support.ts';

const version = fc.integer({ min: 1, max: 6 }).map((n) => `v${n}`);
const split = fc
  .uniqueArray(version, { maxLength: 3 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), fc.integer({ min: 1, max: 33 })))),
  )
  .map((pairs) => Object.fromEntries(pairs as [string, number][]));
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ event: fc.constant('promotion' as const), version }),
  fc.record({ event: fc.constant('rollback' as const), version }),
  fc.record({
    event: fc.constant('alias' as const),
    name: fc.constantFrom('challenger', 'baseline'),
    version: fc.option(version, { nil: undefined }),
  }),
  fc.record({ event: fc.constant('stage' as const), version, stage: fc.constantFrom(...STAGES) }),
  fc.record({
    event: fc.constant('traffic' as const),
    traffic: fc.record({ split, shadow: fc.uniqueArray(version, { maxLength: 2 }) }),
  }),
);

test('the lines of the deployment log, replayed, give the pointers again', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 20 }), (moves) => {
      let pointers = NO_POINTERS;
      const lines: [string, string][] = [];
      for (const each of moves) {
        try {
          const after = applyMove(pointers, each);
          lines.push([each.event, describeMove(pointers, each)]);
          pointers = after;
        } catch {}
      }
      const read = lines.map(([event, change]) => parseMove(event, change)!);
      assert.equal(JSON.stringify(replayMoves(read)), JSON.stringify(pointers));
    }),
  );
});

test('a promotion moves the stages along and ends the canary of the new champion', () => {
  const before = replayMoves([
    { event: 'promotion', version: 'v1' },
    { event: 'traffic', traffic: { split: { v2: 10 }, shadow: ['v3'] } },
  ]);
  const after = applyMove(before, { event: 'promotion', version: 'v2' });
  assert.deepEqual(after, {
    aliases: { champion: 'v2', previous: 'v1' },
    stages: { v1: 'Staging', v2: 'Production' },
    traffic: { split: {}, shadow: ['v3'] },
  });
  for (const used of ['v1', 'v2', 'v3'])
    assert.throws(
      () => applyMove(after, { event: 'stage', version: used, stage: 'Archived' }),
      new RegExp(`${used} is in use`),
    );
});

test('names that mean something already are reserved', () => {
  for (const [name, problem] of [
    ['latest', /reserved/],
    ['v3', /reserved/],
    ['champion', /moves by make promote/],
    ['previous', /follows champion/],
    ['Baseline', /is no alias/],
    ['../x', /is no alias/],
    ['', /is no alias/],
    ['a b', /is no alias/],
  ] as const)
    assert.throws(() => checkAliasName(name), problem, name);
  assert.equal(checkAliasName('baseline-2026'), 'baseline-2026');
});

test('shares of traffic as text, and what is none', () => {
  assert.deepEqual(parseTraffic('v2=20 v3=12.5 shadow:v4'), { split: { v2: 20, v3: 12.5 }, shadow: ['v4'] });
  assert.equal(describeTraffic(parseTraffic('none')), 'none');
  for (const [text, problem] of [
    ['v2=0', /above 0/],
    ['v2=60 v3=41', /more than 100/],
    ['v2=1 v2=2', /v2 has two shares of the traffic/],
    ['champion=10', /no share/],
    ['v2=-1', /no share/],
    ['v2=1e1', /no share/],
  ] as const)
    assert.throws(() => parseTraffic(text), problem, text);
});

const keys = Array.from({ length: 4000 }, (_, i) => `customer-${i}`);

test('each version gets its share of the keys, another salt draws anew', () => {
  const weights = weightsOf('v1', { v2: 20, v3: 10 });
  const count = (name: string, salt: string) =>
    keys.filter((key) => chooseVersion(key, salt, weights) === name).length / keys.length;
  for (const salt of ['a', 'b', 'clockwork']) {
    assertClose(count('v1', salt), 0.7, 0.03, 'v1');
    assertClose(count('v2', salt), 0.2, 0.03, 'v2');
    assertClose(count('v3', salt), 0.1, 0.02, 'v3');
  }
  const moved = keys.filter((key) => chooseVersion(key, 'a', weights) !== chooseVersion(key, 'b', weights));
  assert.ok(moved.length > 1000);
});

test('a key stays with its version while no other weight grows by more', () => {
  const weight = fc.integer({ min: 1, max: 100 });
  let kept = 0;
  fc.assert(
    fc.property(
      fc.string(),
      weight,
      weight,
      weight,
      fc.integer({ min: 1, max: 5 }),
      (key, a, b, c, factor) => {
        const before = chooseVersion(key, 's', [
          ['v1', a],
          ['v2', b],
          ['v3', c],
        ]);
        const grown = (name: string, x: number) => (name === before ? x * factor : x);
        const after = [
          ['v3', grown('v3', c)],
          ['v1', grown('v1', a)],
          ['v2', grown('v2', b)],
        ] as const;
        assert.equal(chooseVersion(key, 's', after), before, 'whatever order they come in');
        kept++;
      },
    ),
  );
  assert.ok(kept > 50);
  let canaried = new Set<string>();
  for (const percent of [1, 5, 25, 50, 99, 100]) {
    const now = new Set(
      keys.filter((key) => chooseVersion(key, 's', weightsOf('v1', { v2: percent })) === 'v2'),
    );
    assert.ok(
      [...canaried].every((key) => now.has(key)),
      `${percent} %: nobody goes back`,
    );
    canaried = now;
  }
  assert.equal(canaried.size, keys.length, '100 % is everybody');
});

test('weights as the log writes them are read back', () => {
  const weights = weightsOf('v1', { v2: 12.5, v1: 3 });
  assert.deepEqual(parseWeights(describeWeights(weights)), weights);
  assert.deepEqual(weights, [
    ['v1', 87.5],
    ['v2', 12.5],
  ]);
});
