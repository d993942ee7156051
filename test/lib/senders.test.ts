/** Who may send labels, and how many. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkSecret, isSecret, keptSecret } from '../../lib/files/secret.ts';
import { createSenders, parseSenders } from '../../lib/serve/senders.ts';
import { temporaryFolder } from '../support.ts';

const lab = { name: 'lab', key: 'a-key-of-the-lab-1' };
const ward = { name: 'ward', key: 'a-key-of-the-ward' };

test('keys are read with the mistake named, and never said', () => {
  assert.deepEqual(parseSenders(`lab:${lab.key}  ward:${ward.key}`), [lab, ward]);
  assert.deepEqual(parseSenders(''), []);
  for (const [text, problem] of [
    ['lab', /part 1 is not name:key/],
    [`lab:${lab.key} Ward:${ward.key}`, /part 2 has a name that is not small letters/],
    [`replay:${lab.key}`, /part 1 has the name replay, which is reserved/],
    ['lab:short', /part 1 has a key of fewer than 16 characters/],
    [`lab:${lab.key} lab:${ward.key}`, /names lab, or its key, twice/],
    [`lab:${lab.key} ward:${lab.key}`, /names ward, or its key, twice/],
    [`__proto__:${lab.key}`, /a name that is not small letters/],
  ] as const)
    assert.throws(
      () => parseSenders(text),
      (error: Error) => problem.test(error.message) && !error.message.includes(lab.key),
      text,
    );
});

test('a sender is known by its key alone, and may send so many labels in an hour', () => {
  let now = Date.UTC(2026, 0, 1);
  const senders = createSenders({ senders: 'keys', per_hour: 100 }, [lab, ward], 1 / 2, () => now);
  assert.equal(senders.nameOf(`Bearer ${lab.key}`), 'lab');
  assert.equal(senders.nameOf(`Bearer ${lab.key} `), undefined);
  assert.equal(senders.nameOf('Bearer '), undefined);
  assert.equal(senders.nameOf(undefined), undefined);
  assert.ok(senders.mayAdd('lab', 50), 'the half of two processes');
  assert.ok(!senders.mayAdd('lab', 1));
  assert.ok(senders.mayAdd('ward', 50), 'each for itself');
  now += 3_600_000;
  assert.ok(senders.mayAdd('lab', 20));
  assert.ok(!senders.mayAdd('lab', 31), 'more at once than is left');
  assert.ok(senders.mayAdd('lab', 30));
  const open = createSenders({ senders: 'open', per_hour: 100 }, [lab], 1);
  assert.equal(open.nameOf(undefined), 'anyone');
  assert.equal(open.nameOf('Bearer wrong'), undefined, 'who sends a key means it');
});

test('a secret is drawn once, its user alone reads it, and what is none is said', () => {
  const path = join(temporaryFolder(), 'deep', 'key');
  const secret = keptSecret(path);
  assert.equal(keptSecret(path), secret);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, 'utf8').trim(), secret);
  assert.ok(!existsSync(`${path}.clockwork-tmp-${process.pid}`));
  assert.ok(isSecret(secret, secret) && !isSecret(undefined, secret) && !isSecret(`${secret}0`, secret));
  writeFileSync(path, 'garbage');
  assert.throws(() => keptSecret(path), /key {2}is not 32 hexadecimal digits: restore it, or remove it/);
  assert.throws(() => checkSecret('x', 'THE_VARIABLE'), /THE_VARIABLE/);
});
