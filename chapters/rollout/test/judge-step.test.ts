/** What a step of a rollout is judged by. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig, sectionOf } from '../../../lib/config/parse.ts';
import { bet, evidence, NO_STAKES, valuesMore } from '../../../lib/measure/betting.ts';
import { random } from '../../../lib/numbers/random.ts';
import type { Observed } from '../../../lib/watch/window.ts';
import { assertClose, defaultConfig, fixture } from '../../../test/support.ts';
import { pairUp, type Request, type Side } from '../evidence.ts';
import { judgeStep } from '../judge-step.ts';
import { rolloutSection } from '../settings.ts';

const settings = sectionOf(parseConfig(defaultConfig, 'config.yaml'), rolloutSection);

interface Make {
  readonly n?: number;
  readonly latency?: number;
  readonly shift?: number;
  /** Share of wrong classes, by the request's place in time; undefined leaves the truth unknown. */
  readonly wrong?: number | ((at: number) => number);
  readonly failures?: number;
  readonly rowsPerRequest?: number;
}

const timeOf = (at: number) => new Date(1e12 + 1000 * at).toISOString();

function side(
  name: string,
  { n = 2000, latency = 1, shift = 0, wrong, failures = 0, rowsPerRequest = 1 }: Make,
  seed = 7,
): Side {
  const rng = random(seed, name);
  const predictions = Array.from({ length: n }, (_, i) => {
    const probability = Math.min(1, Math.max(0, rng.float() * 0.5 + shift));
    const share = typeof wrong === 'function' ? wrong(i) : wrong;
    return {
      id: `${name}${i}`,
      time: timeOf(i - (i % rowsPerRequest)),
      ...(rowsPerRequest === 1 ? {} : { list: `${name}${i - (i % rowsPerRequest)}` }),
      probability,
      class: '0',
      latency_ms: latency * (0.5 + rng.float()),
      label: share === undefined ? undefined : rng.float() < share ? '1' : '0',
    } as Observed;
  });
  return { predictions, failures: Array.from({ length: failures }, (_, i) => timeOf((i * n) / failures)) };
}

function judge(model: Make, next: Make, changes: Partial<typeof settings> = {}, seed = 7) {
  const [a, b] = [side('model', model, seed), side('next', next, seed)];
  const count = ({ rowsPerRequest = 1, n = 2000, failures = 0 }: Make) => n / rowsPerRequest + failures;
  return judgeStep({ ...settings, ...changes }, a, b, { model: count(model), next: count(next) });
}
const checkOf = (verdict: ReturnType<typeof judge>, name: string) =>
  verdict.checks.find((check) => check.name === name)?.verdict;
const right = { wrong: 0.02 };

test('the same behaviour passes; without the truth its quality is unjudged, which alone a choice lets pass', () => {
  const labelled = judge(right, right);
  assert.equal(labelled.verdict, 'pass', labelled.reasons.join());
  const plain = judge({}, {});
  assert.equal(plain.verdict, 'inconclusive');
  assert.match(plain.reasons.join(), /quality is unjudged: no truth of either has arrived/);
  const chosen = judge({}, {}, { unjudged_quality: 'pass' });
  assert.equal(chosen.verdict, 'pass', chosen.reasons.join());
  assert.match(chosen.reasons.join(), /quality is unjudged: .* lets it pass/);
});

test('no data is never a pass', () => {
  for (const [model, next] of [
    [0, 0],
    [1000, 0],
    [1000, settings.min_requests - 1],
    [settings.min_requests - 1, 1000],
  ] as const)
    assert.equal(judge({ n: model }, { n: next }).verdict, 'inconclusive', `${model}, ${next}`);
});

test('each way of being worse is found by its own check', () => {
  for (const [name, next] of [
    ['failures', { failures: 200 }],
    ['latency', { latency: 4 }],
    ['score_psi', { shift: 0.4 }],
    ['errors', { wrong: 0.2 }],
  ] as const) {
    const verdict = judge(right, { ...right, ...next });
    assert.equal(verdict.verdict, 'fail', name);
    assert.deepEqual(
      verdict.checks.filter((check) => check.verdict === 'fail').map((check) => check.name),
      [name],
    );
  }
});

test('a version that fails every request fails, though it has no answer to judge', () => {
  assert.equal(judge({}, { n: 0, failures: 600 }).verdict, 'fail');
});

test('what is not decided says how many requests would', () => {
  const verdict = judge({ n: 600, wrong: 0.05 }, { n: 600, wrong: 0.06 });
  assert.equal(checkOf(verdict, 'errors'), 'inconclusive');
  assert.match(
    verdict.reasons.join(),
    /errors .* not told apart from .*: about [\d,]+ requests more of each would/,
  );
});

test('requests are counted, not their rows', () => {
  const few = { n: 300, rowsPerRequest: 60 };
  assert.equal(judge(few, few).verdict, 'inconclusive', 'five requests of 60 rows are five');
  const lists = { n: 20_000, rowsPerRequest: 10, wrong: 0.02 };
  const same = judge(lists, lists);
  assert.equal(same.verdict, 'pass', same.reasons.join());
  assert.equal(
    checkOf(judge(lists, { ...lists, failures: 400 }), 'failures'),
    'fail',
    'a sixth of the lists failed',
  );
});

test('when everybody becomes worse the new version is not blamed, and twice the errors never pass', () => {
  let blamed = 0;
  let promoted = 0;
  const trials = 60;
  for (let trial = 0; trial < trials; trial++) {
    const rising = { n: 3000, wrong: (at: number) => (at < 1500 ? 0.02 : 0.2) };
    if (judge(rising, rising, {}, trial).verdict === 'fail') blamed++;
    if (judge({ n: 5000, wrong: 0.02 }, { n: 5000, wrong: 0.04 }, {}, trial).verdict === 'pass') promoted++;
  }
  assert.deepEqual([blamed, promoted], [0, 0]);
});

test('evidence is valid whenever it is looked at, and grows where there is something', () => {
  const trials = 400;
  let wrong = 0;
  for (let trial = 0; trial < trials; trial++) {
    const rng = random(8, 'bets', trial);
    let stakes = NO_STAKES;
    let highest = 0;
    for (let look = 0; look < 500; look++) {
      stakes = bet(stakes, [rng.float() < 0.1 ? 9 : -1]);
      highest = Math.max(highest, evidence(stakes));
    }
    if (highest >= Math.log(20)) wrong++;
  }
  assert.ok(wrong / trials <= 0.05 + 2 * Math.sqrt((0.05 * 0.95) / trials), String(wrong / trials));
  const sure = bet(NO_STAKES, new Array<number>(50).fill(0.5));
  assert.ok(evidence(sure) > Math.log(20));
  assert.equal(valuesMore(sure, 50, 0.05), 0);
  assert.equal(valuesMore(bet(NO_STAKES, [-0.5]), 1, 0.05), undefined);
  assertClose(evidence(NO_STAKES), 0, 1e-12);
  const half = bet(NO_STAKES, [0.3, -0.2]);
  assert.deepEqual(bet(half, [0.1]), bet(NO_STAKES, [0.3, -0.2, 0.1]), 'it goes on from where it was kept');
});

test('each request of the new version has one of the model beside it, in order, and none twice', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60)), fc.array(fc.nat(60)), (a, b) => {
      const requests = (at: number[]) =>
        [...at].sort((x, y) => x - y).map((s): Request => ({ time: timeOf(s), failed: false, rows: [] }));
      const [model, next] = [requests(a), requests(b)];
      const pairs = pairUp(model, next);
      assert.equal(pairs.length, Math.min(a.length, b.length));
      assert.equal(new Set(pairs.map(([of]) => of)).size, pairs.length);
      assert.deepEqual(
        pairs.map(([, request]) => request),
        next.slice(0, pairs.length),
      );
    }),
  );
  const near = pairUp(
    [0, 10, 20, 30].map((s): Request => ({ time: timeOf(s), failed: false, rows: [] })),
    [11, 29].map((s): Request => ({ time: timeOf(s), failed: false, rows: [] })),
  );
  assert.deepEqual(
    near.map(([of]) => of.time),
    [timeOf(10), timeOf(30)],
  );
});

test('stakes are those of confseq', () => {
  for (const { x, m, log_stakes } of fixture<{ x: number[]; m: number; log_stakes: number[] }[]>('betting')) {
    const stakes = bet(
      NO_STAKES,
      x.map((value) => (value - m) / m),
    );
    for (const [i, log] of log_stakes.entries()) assertClose(stakes[i]!, log, 1e-9, `share ${i}`);
  }
});
