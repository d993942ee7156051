/** Alerts: state changes alone, on record and sent on, whatever the webhook does. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import fc from 'fast-check';
import {
  type AlertChange,
  evaluateRules,
  type Rule,
  type RuleState,
  SIGNALS,
  type Signals,
} from '../../lib/alerts/rules.ts';
import { sleep } from '../../lib/serve/client.ts';
import { temporaryProject } from '../support.ts';

const QUIET = Object.fromEntries(SIGNALS.map((signal) => [signal, null])) as unknown as Signals;
const rule: Rule = { name: 'errors', signal: 'error_rate', above: 0.05, for_minutes: 10 };

function run(values: readonly (number | null)[], minutes = 5) {
  let states: Record<string, RuleState> = {};
  return values.map((error_rate, i) => {
    const now = new Date(Date.UTC(2026, 0, 1, 0, i * minutes));
    const result = evaluateRules([rule], { ...QUIET, error_rate }, states, now);
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
  const project = temporaryProject();
  project.configure(['url: ""', `url: "${url}"`], ['for_minutes: 5', 'for_minutes: 0']);
  assert.equal(project.make('prepare', 'train', 'start').status, 0);
  const calm = project.make('monitor');
  assert.doesNotMatch(calm.out, /alert/, 'nothing is known yet');
  assert.equal(project.make('replay', 'DAY=bad').status, 0);
  const bad = project.make('monitor');
  assert.match(bad.out, /^alert {6}drift is firing: max_psi \d\.\d+ above 1 since \d{4}-/m, bad.err);
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
  assert.match((received[0] as AlertChange & { text: string }).text, /^drift is firing/);
  await until(
    () =>
      existsSync(project.path('models/alerts_delivered.json')) &&
      project.read('models/alerts_delivered.json').includes('2'),
  );

  project.configure(['signal: error_rate, above: 0.05', 'signal: error_rate, above: 0.9']);
  webhook.close();
  webhook.closeAllConnections();
  const start = performance.now();
  const resolved = project.make('monitor');
  assert.match(resolved.out, /errors is resolved: error_rate 0\.\d+, not above 0\.9 any more/);
  assert.ok(performance.now() - start < 10_000, 'a webhook that is gone holds nobody up');
  assert.equal(ledger().length, 3);
  const audited = project.make('audit');
  assert.equal(audited.status, 0, 'the ledger is chained');
});
