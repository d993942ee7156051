/** The watch: what rings for ever rings truly, keeps its state, and does not flutter. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse.ts';
import { numericReference } from '../../lib/measure/drift-reference.ts';
import { type Random, random, shuffled } from '../../lib/numbers/random.ts';
import type { MonitorRun } from '../../lib/record/monitoring.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import {
  alarmsOf,
  type Block,
  beginVigil,
  keepVigil,
  type Vigil,
  type WatchedSignal,
} from '../../lib/watch/vigil.ts';
import { keptHash, readKept, writeKept } from '../../lib/watch/vigil-file.ts';
import type { Observed } from '../../lib/watch/window.ts';
import { defaultConfig, temporaryFolder } from '../support.ts';

const { limits } = parseConfig(defaultConfig, 'config.yaml').monitoring;
const ALPHA = 0.05;
const inputs = Array.from({ length: 6 }, (_, f) => ({ name: `x${f}`, type: 'number', nullable: false }));
const loaded = {
  signature: { inputs, output: { outputs: ['1'], classes: ['0', '1'] } },
} as unknown as LoadedVersion;
const references = (rng: Random) => ({
  inputs: inputs.map(({ name }) =>
    numericReference(
      name,
      Float64Array.from({ length: 3000 }, () => rng.normal()),
    ),
  ),
});

interface Make {
  readonly rows: number;
  readonly errors?: number;
  readonly probability?: number;
  readonly refusals?: number;
  readonly latency?: number;
  readonly shift?: number;
}

function block(
  rng: Random,
  { rows, errors = 0.02, probability = 0.3, refusals = 0, latency = 5, shift = 0 }: Make,
): Block {
  const predictions = Array.from({ length: rows }, (_, i) => {
    const label = rng.float() < probability ? '1' : '0';
    const given = rng.float() < errors ? (label === '1' ? '0' : '1') : label;
    return {
      id: String(i),
      input: Object.fromEntries(inputs.map(({ name }, f) => [name, rng.normal() + (f === 2 ? shift : 0)])),
      probability: 0.3,
      class: given,
      latency_ms: latency,
      label,
    } as unknown as Observed;
  });
  const refused = [...predictions.map(() => false), ...new Array<boolean>(refusals).fill(true)];
  const order = shuffled(refused.length, rng);
  return {
    predictions,
    labelled: predictions,
    refused: Array.from(order, (at) => refused[at]!),
    time: '2026-01-01T00:00:00.000Z',
  };
}

function looks(
  name: string,
  count: number,
  make: (look: number) => Make,
): { changes: Record<string, number>; vigil: Vigil } {
  const rng = random(1, name);
  const reference = references(rng);
  let vigil = beginVigil('v1');
  const changes: Record<string, number> = {};
  for (let look = 0; look < count; look++) {
    const after = keepVigil(vigil, block(rng, make(look)), loaded, reference, limits, ALPHA);
    for (const [signal, { rings }] of Object.entries(after.signals))
      if (rings !== vigil.signals[signal as WatchedSignal].rings)
        changes[signal] = (changes[signal] ?? 0) + 1;
    vigil = JSON.parse(JSON.stringify(after)) as Vigil;
  }
  return { changes, vigil };
}

test('over a hundred looks at a rate exactly at its limit hardly ever an alarm rings', () => {
  const trials = 60;
  const rang: Record<string, number> = {};
  for (let trial = 0; trial < trials; trial++) {
    const { changes } = looks(`limit ${trial}`, 100, () => ({ rows: 30, errors: limits.error_rate }));
    for (const signal of Object.keys(changes)) rang[signal] = (rang[signal] ?? 0) + 1;
  }
  for (const [signal, count] of Object.entries(rang)) assert.ok(count / trials <= 0.1, `${signal} ${count}`);
});

test('each signal rings for its own trouble, once, also after long good times, and is calm when it is over', () => {
  for (const [signal, trouble] of [
    ['error_rate', { errors: 0.2 }],
    ['calibration', { probability: 0.6 }],
    ['refused_share', { refusals: 60 }],
    ['latency_p95_ms', { latency: 900 }],
    ['max_psi', { shift: 2 }],
  ] as const) {
    const { changes, vigil } = looks(signal, 90, (look) => ({
      rows: 200,
      ...(look >= 40 && look < 50 ? trouble : {}),
    }));
    assert.equal(changes[signal], 2, `${signal} rings and is calm again`);
    assert.ok(alarmsOf(vigil).every(({ rings }) => !rings));
    if (signal !== 'error_rate') assert.equal(changes.error_rate, undefined);
  }
});

test('a steady rate just above its limit is announced once', () => {
  const { changes } = looks('steady', 200, () => ({ rows: 100, errors: limits.error_rate * 1.5 }));
  assert.deepEqual(changes, { error_rate: 1 });
});

test('few new rows wait for more before drift is looked at', () => {
  const { changes, vigil } = looks('few', 12, () => ({ rows: 9, shift: 3 }));
  assert.equal(changes.max_psi, 1);
  assert.equal(vigil.pending[0]?.length === undefined, true, 'the block was just looked at');
});

test('what is kept is what was written, by a run that was killed too, and anything else is said', () => {
  const folder = temporaryFolder();
  const kept = (sealed: number) => ({ vigil: beginVigil('v1'), position: { sealed, open: {} } });
  const run = (labels: number) => ({ watch: keptHash(kept(labels)) }) as MonitorRun;
  assert.equal(readKept(folder, undefined), undefined);
  assert.deepEqual(readKept(folder, run(1)), { problem: `${join(folder, 'watch.json')} is missing` });
  writeKept(folder, kept(1), undefined);
  assert.deepEqual(readKept(folder, run(1)), kept(1));
  writeKept(folder, kept(2), kept(1));
  assert.deepEqual(readKept(folder, run(1)), kept(1), 'the ledger does not know of the run that was killed');
  assert.deepEqual(readKept(folder, run(2)), kept(2));
  for (const text of ['', '{}', '[1', JSON.stringify({ now: { ...kept(2), position: 7 }, before: null })]) {
    writeFileSync(join(folder, 'watch.json'), text);
    assert.match(
      (readKept(folder, run(2)) as { problem: string }).problem,
      /is not what make monitor wrote/,
      text,
    );
  }
});
