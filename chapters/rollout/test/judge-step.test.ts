/** What a step of a rollout is judged by. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig, sectionOf } from '../../../lib/config/parse.ts';
import { newcombe } from '../../../lib/measure/intervals.ts';
import { random } from '../../../lib/numbers/random.ts';
import type { Observed } from '../../../lib/watch/window.ts';
import { assertClose, defaultConfig } from '../../../test/support.ts';
import { judgeStep, type Side } from '../judge-step.ts';
import { rolloutSection } from '../settings.ts';

const settings = sectionOf(parseConfig(defaultConfig, 'config.yaml'), rolloutSection);

interface Make {
  readonly n?: number;
  readonly latency?: number;
  readonly shift?: number;
  /** Share of wrong classes; undefined leaves the truth unknown. */
  readonly wrong?: number;
  readonly failures?: number;
  readonly rowsPerRequest?: number;
}

function side(
  name: string,
  { n = 1000, latency = 1, shift = 0, wrong, failures = 0, rowsPerRequest = 1 }: Make,
): Side {
  const rng = random(7, name);
  const predictions = Array.from({ length: n }, (_, i) => {
    const probability = Math.min(1, Math.max(0, rng.float() * 0.5 + shift));
    return {
      id: `${name}${i}`,
      ...(rowsPerRequest === 1 ? {} : { list: `${name}${i - (i % rowsPerRequest)}` }),
      probability,
      class: '0',
      latency_ms: latency * (0.5 + rng.float()),
      label: wrong === undefined ? undefined : rng.float() < wrong ? '1' : '0',
    } as Observed;
  });
  return { predictions, failures };
}

const judge = (model: Make, next: Make, changes: Partial<typeof settings> = {}) =>
  judgeStep({ ...settings, ...changes }, side('model', model), side('next', next), 1);
const checkOf = (verdict: ReturnType<typeof judge>, name: string) =>
  verdict.checks.find((check) => check.name === name)?.verdict;

test('the interval of a difference of shares is that of Newcombe (1998), table II', () => {
  const { value, low, high } = newcombe({ events: 48, trials: 80 }, { events: 56, trials: 70 }, 0.95);
  assertClose(value, 0.2, 1e-12);
  assertClose(low, 0.0524, 5e-5);
  assertClose(high, 0.3339, 5e-5);
  const none = newcombe({ events: 0, trials: 10 }, { events: 0, trials: 20 }, 0.95);
  assertClose(none.low, -0.2775, 5e-5);
  assertClose(none.high, 0.1611, 5e-5);
});

test('the same behaviour passes, with the truth and without it', () => {
  const plain = judge({}, {});
  assert.equal(plain.verdict, 'pass');
  assert.match(plain.reasons.join(), /no truth has arrived: quality is not judged/);
  const labelled = judge({ wrong: 0.02 }, { wrong: 0.02 });
  assert.equal(labelled.verdict, 'pass');
  assert.equal(checkOf(labelled, 'errors'), 'pass');
});

test('no data is never a pass', () => {
  for (const [model, next] of [
    [0, 0],
    [1000, 0],
    [1000, settings.min_requests - 1],
    [settings.min_requests - 1, 1000],
  ] as const)
    assert.equal(judge({ n: model }, { n: next }).verdict, 'inconclusive', `${model}, ${next}`);
  assert.equal(judge({}, {}, { min_labels: 50 }).verdict, 'inconclusive', 'where labels are asked for');
});

test('each way of being worse is found by its own check', () => {
  for (const [name, next] of [
    ['failures', { failures: 100 }],
    ['latency_ratio', { latency: 4 }],
    ['score_psi', { shift: 0.4 }],
  ] as const) {
    const verdict = judge({}, next);
    assert.equal(verdict.verdict, 'fail', name);
    assert.deepEqual(
      verdict.checks.filter((check) => check.verdict === 'fail').map((check) => check.name),
      [name],
    );
  }
  assert.equal(checkOf(judge({ wrong: 0.01 }, { wrong: 0.2 }), 'errors'), 'fail');
});

test('a version that fails every request fails, though it has no answer to judge', () => {
  assert.equal(judge({}, { n: 0, failures: 600 }).verdict, 'fail');
});

test('what the margin cuts through is inconclusive', () => {
  const verdict = judge({ n: 600, wrong: 0.05 }, { n: 600, wrong: 0.11 });
  assert.equal(checkOf(verdict, 'errors'), 'inconclusive');
  assert.equal(verdict.verdict, 'inconclusive');
});

test('requests are counted, not their rows', () => {
  const few = { n: 300, rowsPerRequest: 60 };
  assert.equal(judge(few, few).verdict, 'inconclusive', 'five requests of 60 rows are five');
  const lists = { n: 6_000, rowsPerRequest: 10 };
  assert.equal(judge(lists, lists).verdict, 'pass');
  assert.equal(
    checkOf(judge(lists, { ...lists, failures: 120 }), 'failures'),
    'fail',
    'a sixth of the lists failed',
  );
});
