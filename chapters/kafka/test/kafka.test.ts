/** What the chapter does without a broker: rows into events or dead letters, who asks, how far was landed. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jsonLedger, openLedger } from '../../../lib/files/ledger.ts';
import { row, served } from '../../../test/contract/served.ts';
import { streamIn } from '../../../test/stream-fixture.ts';
import { type Outgoing, securityOf } from '../client.ts';
import { keepLanded, landedOffsets } from '../landed.ts';
import { predictRows } from '../predict-rows.ts';

/** A header of a dead letter. */
function said({ headers }: Outgoing, name: string): string {
  return [...headers!].find(([key]) => key.toString() === name)![1].toString();
}

const topics = { rows: 'rows', predictions: 'predictions', dead: 'dead' };

test('rows become predictions with their ids, and what is none a dead letter with the reason', async () => {
  const { models } = await served();
  const values = [
    Buffer.from(JSON.stringify(row)),
    Buffer.from('{'),
    Buffer.from([0xff]),
    Buffer.from(JSON.stringify({ ...row, Type: 'Z' })),
  ];
  const messages = values.map((value, i) => ({
    topic: 'rows',
    partition: 0,
    offset: BigInt(i),
    key: Buffer.from(`k${i}`),
    value,
  }));
  let next = 0;
  const {
    messages: out,
    predictions,
    dead,
  } = predictRows(messages, models[0]!, topics, () => String(next++), new Date(0));
  assert.deepEqual([predictions, dead], [1, 3]);
  const [prediction] = out.filter(({ topic }) => topic === 'predictions');
  const { id, model, input } = JSON.parse(prediction!.value.toString());
  assert.deepEqual([id, model, input, prediction!.key.toString()], ['0', 'v1', row, 'k0']);
  const letters = out.filter(({ topic }) => topic === 'dead');
  assert.deepEqual(
    letters.map((letter) => said(letter, 'reason').split(' must')[0]),
    ['is no JSON', 'is no UTF-8', 'Type'],
  );
  assert.deepEqual(
    letters.map(({ value }) => value),
    values.slice(1),
  );
  assert.equal(said(letters[2]!, 'from'), 'rows 0 3');
});

test('secrets come from the environment alone, and none is asked for where nobody needs one', () => {
  assert.deepEqual(securityOf({ tls: false, sasl: 'none' }, {}), {});
  assert.throws(
    () => securityOf({ tls: true, sasl: 'plain' }, {}),
    /sasl is plain: CLOCKWORK_KAFKA_USER and CLOCKWORK_KAFKA_PASSWORD say who asks/,
  );
  assert.deepEqual(
    securityOf(
      { tls: true, sasl: 'scram-sha-256' },
      { CLOCKWORK_KAFKA_USER: 'u', CLOCKWORK_KAFKA_PASSWORD: 'p' },
    ),
    { tls: {}, sasl: { mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p' } },
  );
});

test('how far was landed is said by the last group that is whole, or by what is kept beside', () => {
  const { ledgers } = streamIn();
  assert.equal(landedOffsets(ledgers, 'p').size, 0);
  mkdirSync(ledgers.predictions, { recursive: true });
  const line = (offsets: Record<string, string>, topic = 'p') => ({ id: 'x', time: 't', topic, offsets });
  const ledger = openLedger(join(ledgers.predictions, '20261101T000001-here-1.jsonl'), jsonLedger);
  ledger.append(['{"id":"a"}', JSON.stringify(line({ 0: '5', 1: '2' }))]);
  ledger.append(['{"id":"b"}', JSON.stringify(line({ 0: '9', 1: '2' }))]);
  ledger.close();
  assert.deepEqual(
    [...landedOffsets(ledgers, 'p')],
    [
      [0, 9n],
      [1, 2n],
    ],
  );
  assert.equal(landedOffsets(ledgers, 'other').size, 0);
  keepLanded(ledgers, line({ 0: '4', 1: '7' }));
  assert.deepEqual([...landedOffsets(ledgers, 'p')].sort(), [
    [0, 9n],
    [1, 7n],
  ]);
});
