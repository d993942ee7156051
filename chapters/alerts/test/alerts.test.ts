/** Alerts: state changes alone, on record and sent on, whatever the webhook does. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../lib/config/parse.ts';
import { SIGNALS } from '../../../lib/config/schema.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { isBeyond, limitsFor, type Signals } from '../../../lib/watch/meaning.ts';
import { defaultConfig, livedProject, trainedProject } from '../../../test/support.ts';
import { type AlertChange, evaluateRules, type Rule, type RuleState } from '../rules.ts';

const QUIET = Object.fromEntries(
  SIGNALS.map((signal) => [signal, { value: null, beyond: undefined }]),
) as unknown as Signals;
const { limits } = parseConfig(defaultConfig, 'config.yaml').monitoring;
const rule: Rule = { name: 'errors', signal: 'error_rate', for_minutes: 10 };

const reading = (value: number | null) => ({ value, beyond: isBeyond('error_rate', value, limits) });

function run(values: readonly (number | null)[], minutes = 5) {
  let states: Record<string, RuleState> = {};
  return values.map((error_rate, i) => {
    const now = new Date(Date.UTC(2026, 0, 1, 0, i * minutes));
    const result = evaluateRules([rule], limits, { ...QUIET, error_rate: reading(error_rate) }, states, now);
    states = result.states;
    return result.changes.map(({ state }) => state).join();
  });
}

test('a rule fires after its duration, once, and is resolved once', () => {
  assert.deepEqual(run([0.1, 0.1, 0.1, 0.1, 0.01, 0.01]), ['', '', 'firing', '', 'resolved', '']);
  assert.deepEqual(run([0.1, 0.1, 0.05, 0.1, 0.1]), ['', '', '', '', ''], 'a dip begins the duration anew');
  assert.deepEqual(
    run([0.1, null, null, 0.1]),
    ['', '', '', 'firing'],
    'what is not known interrupts nothing',
  );
  assert.deepEqual(run([0.1, 0.1, 0.1, null, null]), ['', '', 'firing', '', ''], 'no data resolves nothing');
});

test('firing and resolved take turns, whatever the signals do', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.double({ min: 0, max: 0.1, noNaN: true })), { maxLength: 40 }),
      (values) => {
        const changes = run(values).filter((change) => change !== '');
        for (const [i, change] of changes.entries())
          assert.equal(change, i % 2 === 0 ? 'firing' : 'resolved');
      },
    ),
  );
});

const received: AlertChange[] = [];
let refusals = 2;
const webhook = createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => {
    body += piece;
  });
  request.on('end', () => {
    if (refusals-- > 0) {
      response.writeHead(503).end();
      return;
    }
    received.push(JSON.parse(body) as AlertChange);
    response.end('ok');
  });
});
await new Promise<void>((listening) => webhook.listen(0, '127.0.0.1', listening));
after(() => webhook.close());
const url = `http://127.0.0.1:${(webhook.address() as { port: number }).port}/hook`;

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !condition(); i++) await sleep(100);
  assert.ok(condition(), 'in time');
}

test('make monitor raises alerts, records them, and the webhook gets them though it refuses at first', async () => {
  const project = trainedProject();
  project.configure(['url: ""', `url: "${url}"`], ['for_minutes: 5', 'for_minutes: 0']);
  assert.equal(project.make('start').status, 0);
  const calm = project.make('monitor');
  assert.doesNotMatch(calm.out, /alert/, 'nothing is known yet');
  assert.equal(project.make('replay', 'DAY=bad').status, 0);
  const bad = project.make('monitor');
  assert.match(bad.out, /^alert {6}drift is firing: max_psi \d\.\d+ above 0\.25 since \d{4}-/m, bad.err);
  assert.match(bad.out, /errors is firing: error_rate 0\.\d+ above 0\.05/);
  const again = project.make('monitor');
  assert.doesNotMatch(again.out, /alert/, 'only a change is said');
  const ledger = () =>
    project
      .read('models/alerts.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AlertChange);
  assert.deepEqual(
    ledger().map(({ rule: name, state }) => [name, state]),
    [
      ['drift', 'firing'],
      ['errors', 'firing'],
    ],
  );
  await until(() => received.length === 2);
  assert.deepEqual(
    received.map(({ rule: name }) => name),
    ['drift', 'errors'],
  );
  // Another version answers, of which nothing is known, and then the one before again: what its window shows is known.
  project.set({ max_depth: 3 });
  assert.equal(project.make('train').status, 0);
  for (const version of ['v2', 'v1']) {
    assert.equal(project.make('promote', `VERSION=${version}`, 'REASON=back').status, 0);
    assert.doesNotMatch(project.make('monitor').out, /alert/, version);
  }
  assert.match((received[0] as AlertChange & { text: string }).text, /^drift is firing/);
  await until(
    () =>
      existsSync(project.path('models/alerts_delivered.json')) &&
      project.read('models/alerts_delivered.json').includes('2'),
  );

  project.configure(['error_rate: 0.05', 'error_rate: 0.9']);
  webhook.close();
  webhook.closeAllConnections();
  assert.doesNotMatch(project.make('monitor').out, /resolved/, 'nothing new shows that it is over');
  assert.equal(project.make('replay', 'DAY=bad').status, 0);
  const start = performance.now();
  const resolved = project.make('monitor');
  assert.match(resolved.out, /errors is resolved: error_rate 0\.\d+, not above 0\.9 any more/);
  assert.ok(performance.now() - start < 10_000, 'a webhook that is gone holds nobody up');
  assert.equal(ledger().length, 3);
  const audited = project.make('audit');
  assert.equal(audited.status, 0, 'the ledger is chained');
});

test('a cut tail of the ledger, a state that it does not tell of, and a state that is none are found', () => {
  const project = livedProject();
  const ledger = project.read('models/alerts.jsonl');
  const damaged = (path: string, change: (text: string) => string) => {
    const before = project.read(path);
    writeFileSync(project.path(path), change(before));
    const { err } = project.make('audit');
    writeFileSync(project.path(path), before);
    return err;
  };
  assert.match(
    damaged('models/alerts.jsonl', () => `${ledger.split('\n')[0]}\n`),
    /alerts\.jsonl {2}its tail was cut or rewritten/,
  );
  assert.match(
    damaged('models/alerts.json', (text) => text.replace('"firing": true', '"firing": false')),
    /alerts\.json does not say of ".*" what alerts\.jsonl says/,
  );
  assert.match(
    damaged('models/alerts.json', (text) => text.replace('firing', 'firinh')),
    /models\/alerts\.json {2}cannot be read: /,
  );
  assert.equal(project.make('audit').status, 0);
});

test('an error rate that training had already rings nothing', () => {
  const training = { value: 0.2, low: 0.18, high: 0.22 };
  const states = (error_rate: number) =>
    evaluateRules(
      [{ ...rule, for_minutes: 0 }],
      limitsFor(limits, training),
      {
        ...QUIET,
        error_rate: {
          value: error_rate,
          beyond: isBeyond('error_rate', error_rate, limitsFor(limits, training)),
        },
      },
      {},
      new Date(),
    ).states;
  assert.equal(states(0.21).errors!.firing, false);
  assert.equal(states(0.23).errors!.firing, true);
});
