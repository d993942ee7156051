import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  appendLedger,
  chainOf,
  csvLedger,
  jsonLedger,
  ledgerHead,
  logfmtLedger,
  openLedger,
} from '../../lib/files/ledger.ts';
import { readLedger, soundLines } from '../../lib/files/ledger-reader.ts';
import { takeLock } from '../../lib/files/lock.ts';
import { formatLogfmt, parseLogfmt } from '../../lib/files/logfmt.ts';
import { writeFolder, writeIfChanged, writeThrough } from '../../lib/files/write.ts';
import { temporaryFolder } from '../support.ts';

const folder = temporaryFolder();

test('logfmt fields come back', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      assert.deepEqual(parseLogfmt(formatLogfmt({ a, b, n: 3 })), { a, b, n: '3' });
    }),
  );
});

const formats = { logfmt: logfmtLedger('# header\n'), csv: csvLedger(['a', 'b']), json: jsonLedger };
const bodies = {
  logfmt: ['a=1', 'a=2', 'a=3', 'a=4'],
  csv: ['1,x', '2,y', '3,z', '4,w'],
  json: ['{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}'],
};

for (const kind of ['logfmt', 'csv', 'json'] as const) {
  test(`a ${kind} ledger shows every edited, removed, reordered or added line`, () => {
    const path = join(folder, `ledger.${kind}`);
    const format = formats[kind];
    appendLedger(path, format, bodies[kind].slice(0, 2));
    const head = appendLedger(path, format, bodies[kind].slice(2));
    const whole = readLedger(path, format);
    assert.deepEqual(whole.problems, []);
    assert.deepEqual(
      whole.lines.map(({ body }) => body),
      bodies[kind],
    );
    assert.equal(whole.head, head);
    assert.equal(ledgerHead(path, format), head);
    const text = readFileSync(path, 'utf8');
    const lines = text.trimEnd().split('\n');
    const first = lines.length - 4;
    const damages: Record<string, string[]> = {
      edited: lines.with(first + 1, lines[first + 1]!.replace('2', '7')),
      removed: lines.toSpliced(first + 1, 1),
      reordered: lines.with(first + 1, lines[first + 2]!).with(first + 2, lines[first + 1]!),
      added: lines.toSpliced(first + 1, 0, lines[first]!),
    };
    for (const [damage, damaged] of Object.entries(damages)) {
      writeFileSync(path, `${damaged.join('\n')}\n`);
      assert.notDeepEqual(readLedger(path, format).problems, [], damage);
    }
  });
}

test('a torn last line is taken back before the next one is written', () => {
  const path = join(folder, 'torn.jsonl');
  appendLedger(path, jsonLedger, ['{"a":1}']);
  appendFileSync(path, '{"a":2,"cha');
  assert.match(readLedger(path, jsonLedger).problems[0]!.text, /torn/);
  appendLedger(path, jsonLedger, ['{"a":3}']);
  const { lines, problems } = readLedger(path, jsonLedger);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    lines.map(({ body }) => body),
    ['{"a":1}', '{"a":3}'],
  );
});

test('a header that was not written whole is torn, and written by whoever comes next', () => {
  const format = csvLedger(['a']);
  for (const text of ['', 'a,ch']) {
    const path = join(folder, `header-${text.length}.csv`);
    writeFileSync(path, text);
    assert.deepEqual(
      readLedger(path, format).problems.map(({ kind }) => kind),
      ['torn'],
    );
    assert.deepEqual(soundLines(path, format), []);
    appendLedger(path, format, ['1']);
    assert.deepEqual(readLedger(path, format).problems, []);
  }
});

test('a ledger longer than its tail buffer finds its head', () => {
  const path = join(folder, 'long.jsonl');
  const ledger = openLedger(path, jsonLedger);
  const long = JSON.stringify({ text: 'x'.repeat(200_000) });
  ledger.append(['{"a":1}', long]);
  ledger.close();
  const again = openLedger(path, jsonLedger);
  assert.equal(again.head, chainOf('', `{"a":1}\n${long}`), 'of the group, which is one link');
  again.close();
});

test('a file is replaced whole or not at all', () => {
  const path = join(folder, 'whole.txt');
  writeIfChanged(path, 'before');
  assert.throws(
    () =>
      writeThrough(path, (sink) => {
        sink('half');
        throw new Error('interrupted');
      }),
    /interrupted/,
  );
  assert.equal(readFileSync(path, 'utf8'), 'before');
  assert.equal(writeIfChanged(path, 'before'), false);
  writeFolder(join(folder, 'v1'), { 'a.txt': 'a', 'b.txt': 'b' });
  assert.deepEqual(readdirSync(join(folder, 'v1')).sort(), ['a.txt', 'b.txt']);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('clockwork-tmp-')),
    [],
  );
});

test('a lock is held by one, released, and taken over from the dead', () => {
  const path = join(folder, 'one.lock');
  const release = takeLock(path);
  assert.throws(
    () => takeLock(path),
    (error: { code?: number; message: string }) =>
      error.code === 75 && error.message.includes(String(process.pid)),
  );
  release();
  takeLock(path)();
  writeFileSync(path, `999999999 ${readHost()}\n`);
  takeLock(path)();
  assert.equal(existsSync(path), false);
});

function readHost(): string {
  const release = takeLock(join(folder, 'host.lock'));
  const [, host] = readFileSync(join(folder, 'host.lock'), 'utf8').trim().split(' ');
  release();
  return host!;
}
