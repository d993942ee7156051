/** What is answered is on record: batches, rotation, retention, and disks that fail. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonLedger } from '../../lib/files/ledger.ts';
import { readLedger } from '../../lib/files/ledger-reader.ts';
import { loadProject } from '../../lib/project.ts';
import { headsOf } from '../../lib/record/catalogue.ts';
import { type EventLogOptions, isBeingWritten, openEventLog } from '../../lib/record/event-log.ts';
import { answeredLine, HEADER_BEGIN, headerLine, predictionsIn, readerOf } from '../../lib/record/events.ts';
import { dropOldLogs } from '../../lib/record/retention.ts';
import { audit } from '../../lib/registry/audit.ts';
import { defaultConfig, temporaryFolder } from '../support.ts';

function open(changes: Partial<EventLogOptions> = {}) {
  const folder = temporaryFolder();
  const broken: Error[] = [];
  const log = openEventLog({
    folder: join(folder, 'predictions'),
    sensitiveFolder: join(folder, 'sensitive'),
    durability: 'process',
    maxBytes: 1e9,
    shapes: () => [],
    onBroken: (error) => broken.push(error),
    ...changes,
  });
  const read = (kind = 'predictions') =>
    readdirSync(join(folder, kind))
      .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
      .map((name) => {
        const { lines, ...reading } = readLedger(join(folder, kind, name), jsonLedger);
        return { name, ...reading, lines: lines.filter(({ body }) => !body.startsWith(HEADER_BEGIN)) };
      });
  return { folder, log, read, broken };
}

for (const durability of ['process', 'disk'] as const) {
  test(`lines that arrive together are written in their order, in one chain (${durability})`, async () => {
    const { log, read } = open({ durability });
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => log.append([`{"id":"${i}a"}`, `{"id":"${i}b"}`])),
    );
    await log.append(['{"id":"last"}']);
    await log.close();
    const [file] = read();
    assert.deepEqual(file!.problems, []);
    assert.deepEqual(
      file!.lines.map(({ body }) => (JSON.parse(body) as { id: string }).id),
      [...Array.from({ length: 300 }, (_, i) => [`${i}a`, `${i}b`]).flat(), 'last'],
    );
  });
}

test('whatever was answered is read back as it was, at its millisecond', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constant(null),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  );
  const shape = { version: 'v1', sha256: 'f'.repeat(64), ids: ['number'], input: ['x', 'y'] };
  const read = readerOf(headerLine(new Date(0), 'here-1', [shape]), 'segment');
  fc.assert(
    fc.property(
      value,
      value,
      fc.option(value, { nil: undefined }),
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0, max: 4e12 }),
      (id, x, y, label, ms) => {
        const rows = [{ ids: { number: id }, input: y === undefined ? { x } : { x, y } }];
        const given = { id: '0a', model: 'v1', sha256: shape.sha256, probability: 0.25, class: label };
        for (const time of [new Date(ms), new Date(ms), new Date(ms + 1)]) {
          const about = {
            time,
            route: 'champion' as const,
            shape,
            split: undefined,
            latency: 0.5,
            request: undefined,
            smoke: false,
          };
          const [line] = predictionsIn(read(answeredLine([given], rows, about)));
          assert.deepEqual(
            { ...line },
            { ...rows[0]!, ...given, time: time.toISOString(), route: 'champion', latency_ms: 0.5 },
          );
        }
      },
    ),
  );
});

test('a line is in the file when its promise is kept', async () => {
  const { log, read } = open();
  for (let i = 0; i < 20; i++) {
    await log.append([`{"id":"${i}"}`]);
    assert.equal(read()[0]!.lines.length, i + 1);
  }
  await log.close();
});

test('sensitive columns lie in a file of their own', async () => {
  const { log, read } = open();
  await log.append(['{"id":"a"}'], ['{"id":"a","sensitive":{"sex":"F"}}']);
  await log.close();
  assert.doesNotMatch(read()[0]!.lines[0]!.body, /sex/);
  assert.equal(read('sensitive')[0]!.lines[0]!.body, '{"id":"a","sensitive":{"sex":"F"}}');
});

test('a new file begins at a size and with a day, and a clock that steps back changes nothing', async () => {
  let now = new Date('2026-01-01T23:59:59Z');
  let rotated = 0;
  const { log, read } = open({ maxBytes: 1000, now: () => now, onRotate: () => rotated++ });
  const line = `{"id":"${'x'.repeat(300)}"}`;
  for (let i = 0; i < 6; i++) await log.append([line]);
  assert.equal(read().length, 2, 'by size, in the same second');
  now = new Date('2026-01-02T00:00:00Z');
  await log.append([line]);
  assert.equal(read().length, 3, 'by day');
  now = new Date('2026-01-01T12:00:00Z');
  await log.append([line]);
  await log.close();
  assert.equal(read().length, 3);
  assert.equal(rotated, 2);
  assert.equal(
    read().reduce((sum, { lines }) => sum + lines.length, 0),
    8,
  );
  assert.deepEqual(
    read().flatMap(({ problems }) => problems),
    [],
  );
});

function project(keepDays: number) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.yaml'), defaultConfig.replace('keep_days: 0', `keep_days: ${keepDays}`));
  return loadProject([], join(folder, 'config.yaml'));
}

test('old logs are dropped on record, and the audit still holds', async () => {
  const made = project(30);
  const folder = made.path('data/production/predictions');
  const names = ['20250101T000000-elsewhere-1.jsonl', '20260101T000000-elsewhere-2.jsonl'];
  for (const name of names) {
    const { log, folder: at, read } = open();
    await log.append([`{"id":"${name}"}`]);
    await log.close();
    const text = readFileSync(join(at, 'predictions', read()[0]!.name), 'utf8');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const old = new Date(Date.now() - 40 * 86_400_000);
  utimesSync(join(folder, names[0]!), old, old);
  assert.match(headsOf(made.ledgers, ''), /predictions\/20250101T000000-elsewhere-1\.jsonl=[0-9a-f]{32}/);
  assert.deepEqual(
    dropOldLogs(made.ledgers, 30, () => true),
    [],
    'not while it is being written',
  );
  assert.deepEqual(
    dropOldLogs(made.ledgers, 30, () => false),
    [`predictions/${names[0]}`],
  );
  assert.deepEqual(readdirSync(folder), [names[1]]);
  const dropped = readFileSync(made.path('data/production/dropped.csv'), 'utf8');
  assert.match(dropped, /,predictions\/20250101T000000-elsewhere-1\.jsonl,2,\d+,[0-9a-f]{64},[0-9a-f]{32},/);
  assert.deepEqual(
    dropOldLogs(made.ledgers, 30, () => false),
    [],
    'and once',
  );
  assert.deepEqual(audit(made).problems, []);
});

test('keep_days: 0 keeps everything', () => {
  assert.deepEqual(
    dropOldLogs(project(0).ledgers, 0, () => false),
    [],
  );
});

test('who writes a file is known on its own machine alone', async () => {
  const { log, read } = open();
  assert.equal(isBeingWritten(read()[0]!.name), true);
  await log.close();
  assert.equal(isBeingWritten(read()[0]!.name.replace(String(process.pid), '999999999')), false);
  assert.equal(isBeingWritten('20250101T000000-elsewhere-1.jsonl'), undefined);
  assert.equal(isBeingWritten('labels.csv'), false);
});
