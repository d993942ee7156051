/** The stream of events: whoever wrote it and however it is read, the same comes out, and what was changed shows. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvLine } from '../../lib/files/csv.ts';
import { appendLedger, jsonLedger, openLedger } from '../../lib/files/ledger.ts';
import { readLedger } from '../../lib/files/ledger-reader.ts';
import { random } from '../../lib/numbers/random.ts';
import type { Ledgers } from '../../lib/record/catalogue.ts';
import { areDrawn, idSource, secondOf } from '../../lib/record/event-id.ts';
import { type LogLine, predictionsIn } from '../../lib/record/events.ts';
import { findPrediction, predictionsById, recentPredictions } from '../../lib/record/predictions.ts';
import { sealEnded, segmentsOf } from '../../lib/record/segments.ts';
import { positionBefore, readStream, STREAM_START, type StreamPosition } from '../../lib/record/stream.ts';
import { followTruth, truthOf } from '../../lib/record/truth.ts';
import { readTaught } from '../../lib/watch/taught.ts';
import { readWindow } from '../../lib/watch/window.ts';
import { alive, gone, KEY, OTHER, type Row, SHAPE, START, streamIn } from '../stream-fixture.ts';

function everything(ledgers: Ledgers, after: StreamPosition = STREAM_START) {
  const events: LogLine[] = [];
  const stream = readStream(ledgers, after, (event) => events.push(event));
  return { events, stream };
}

test('ids say their second, none comes twice, and none can be made up', () => {
  let now = START;
  const newId = idSource(KEY, () => now);
  const ids = Array.from({ length: 3000 }, (_, i) => {
    if (i % 700 === 0) now += 1000;
    return newId();
  });
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual([...ids].sort((a, b) => secondOf(a)! - secondOf(b)!).length, ids.length);
  assert.equal(secondOf(ids[0]!), START / 1000 + 1);
  assert.ok(areDrawn(ids, KEY).every(Boolean));
  const made = ids.slice(0, 500).map((id, i) => {
    const at = i % id.length;
    return `${id.slice(0, at)}${((Number.parseInt(id[at]!, 16) + 1) % 16).toString(16)}${id.slice(at + 1)}`;
  });
  assert.ok(!areDrawn(made, KEY).some(Boolean));
  assert.ok(!areDrawn(ids, Buffer.alloc(16, 4)).some(Boolean));
  assert.deepEqual(areDrawn(['ab'.repeat(10), ids[0]!], KEY), [false, true]);
});

test('what is written is read back, with what the first line says of all', () => {
  const { ledgers, writer, predict } = streamIn();
  const { append } = writer(gone(1));
  const [one, list] = [predict(), predict(SHAPE, 3)];
  append([one.line, list.line]);
  const { events } = everything(ledgers);
  const lines = events.flatMap(predictionsIn);
  assert.deepEqual(
    lines.map(({ id, sha256, input, ids }) => [id, sha256, input, ids]),
    [...one.rows, ...list.rows].map(({ id }, i) => {
      const k = i === 0 ? 0 : i - 1;
      return [id, SHAPE.sha256, { a: k, b: null }, k % 2 === 0 ? { unit: `u${k}` } : {}];
    }),
  );
});

test('read in any pieces, by any number of writers, killed anywhere, each event comes once', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.boolean()),
        { minLength: 1, maxLength: 25 },
      ),
      (steps) => {
        const { ledgers, writer, predict } = streamIn();
        const names = [gone(1), gone(2, 999_999_991), alive, gone(3)];
        const writers = names.map((name) => writer(name));
        const written: string[] = [];
        const seen: string[] = [];
        let position = STREAM_START;
        let wasRead = false;
        for (const [w, lines, reads, keeps] of steps) {
          // A writer that is gone writes no more once it was read.
          const each = Array.from({ length: lines }, () => predict());
          const { append } = wasRead ? writers[2]! : writers[w]!;
          append(each.map(({ line }) => line));
          written.push(...each.flatMap(({ rows }) => rows.map(({ id }) => id)));
          if (!reads) continue;
          wasRead = true;
          const { events, stream } = everything(ledgers, position);
          // Killed before state and position are kept together, nothing of the reading counts.
          if (!keeps) continue;
          position = stream.position;
          seen.push(...events.flatMap(predictionsIn).map(({ id }) => id));
        }
        const { events } = everything(ledgers, position);
        seen.push(...events.flatMap(predictionsIn).map(({ id }) => id));
        assert.deepEqual([...seen].sort(), [...written].sort());
      },
    ),
    { numRuns: 25 },
  );
});

test('the latest predictions are those that a look at every one finds', () => {
  const { ledgers, writer, predict } = streamIn();
  const rows: Row[] = [];
  const names = [gone(1), gone(2, 999_999_991), alive, gone(3)];
  const rng = random(5, 'latest');
  for (const [i, name] of names.entries()) {
    const { append } = writer(name, i === 3 ? [SHAPE, OTHER] : [SHAPE]);
    for (let group = 0; group < 30; group++) {
      const each = Array.from({ length: 1 + rng.int(3) }, () =>
        predict(i === 3 && rng.float() < 0.3 ? OTHER : SHAPE, 1 + rng.int(3)),
      );
      append(each.map(({ line }) => line));
      rows.push(...each.flatMap((one) => one.rows));
    }
  }
  const { stream } = everything(ledgers);
  const truth = (version: string) =>
    rows.filter(({ model }) => model === version).sort((a, b) => Number(a.time) - Number(b.time));
  for (const version of ['v1', 'v2', 'v3'])
    for (const size of [1, 7, 60, 100_000]) {
      const { predictions } = recentPredictions(stream, { versions: [version], size });
      assert.deepEqual(
        predictions.map(({ id }) => id),
        truth(version)
          .slice(-size)
          .map(({ id }) => id),
        `${version} ${size}`,
      );
    }
  const middle = truth('v1')[100]!.time.toISOString();
  const until = recentPredictions(stream, { versions: ['v1'], size: 10, until: middle }).predictions;
  const old = truth('v1').filter(({ time }) => time.toISOString() <= middle);
  assert.deepEqual(
    until.map(({ id }) => id),
    old.slice(-10).map(({ id }) => id),
  );
  const wanted = [0, 50, 51, 200, rows.length - 1].map((i) => rows[i]!.id);
  assert.deepEqual([...predictionsById(stream, wanted).keys()].sort(), [...wanted].sort());
  assert.equal(findPrediction(ledgers, wanted[2]!).line.id, wanted[2]);
});

test('sealed once it ended: what it holds, and a byte that is changed later', () => {
  const { ledgers, writer, predict } = streamIn();
  const [ended, open] = [writer(gone(1)), writer(alive)];
  for (let i = 0; i < 40; i++) ended.append([predict().line]);
  open.append([predict().line]);
  const { stream } = everything(ledgers);
  const [first, second] = segmentsOf(ledgers);
  assert.equal(second!.seal, undefined);
  const { events, models, bytes, head } = first!.seal!;
  assert.deepEqual([events, models, bytes], [40, ['v1'], readFileSync(ended.path).length]);
  assert.equal(head, readLedger(ended.path, jsonLedger).head);
  const text = readFileSync(ended.path, 'utf8');
  const lines = text.split('\n');
  const damage = {
    'a class at its end': () => lines.with(-2, lines.at(-2)!.replace('"class":"0"', '"class":"1"')),
    'a class before': () => lines.with(20, lines[20]!.replace('"class":"0"', '"class":"1"')),
    'its first line': () => lines.with(0, lines[0]!.replace('["a","b"]', '["b","a"]')),
  };
  for (const [what, change] of Object.entries(damage)) {
    writeFileSync(ended.path, change().join('\n'));
    assert.throws(() => everything(ledgers), /is not what/, what);
    const back = () => recentPredictions(stream, { versions: ['v1'] });
    assert.throws(back, /chain breaks|is not what it was/, `${what}, from the end back`);
  }
  writeFileSync(ended.path, text);
  assert.equal(everything(ledgers).events.length, 41);
  // The chain repaired after an edit: the head is another than that of the seal.
  rmSync(ended.path);
  const forged = openLedger(ended.path, jsonLedger);
  for (const { body } of readBodies(text)) forged.append([body.replace('"class":"0"', '"class":"1"')]);
  forged.close();
  assert.throws(
    () => recentPredictions(stream, { versions: ['v1'], size: 3 }),
    /chain breaks|is not what it was/,
  );
});

function readBodies(text: string) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => jsonLedger.split(line)!);
}

test('an open segment that lost its tail, or was changed where it was read before, is refused', () => {
  const { ledgers, writer, predict } = streamIn();
  const { path, append } = writer(alive);
  for (let i = 0; i < 20; i++) append([predict().line, predict().line]);
  const { stream } = everything(ledgers);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, `${text.split('\n').slice(0, 20).join('\n')}\n`);
  assert.throws(() => everything(ledgers, stream.position), /its tail was cut/);
  writeFileSync(path, text.replace('"class":"0"', '"class":"1"'));
  assert.throws(() => recentPredictions(stream, { versions: ['v1'] }), /chain breaks/);
  writeFileSync(path, text);
  append([predict().line]);
  const after = everything(ledgers, stream.position);
  assert.equal(after.events.length, 1);
  // A torn group was never confirmed to anyone: it comes once it is whole, and not before.
  const whole = predict().line;
  appendFileSync(path, `${whole}\n`);
  assert.equal(everything(ledgers, after.stream.position).events.length, 0);
  append([whole]);
  assert.equal(everything(ledgers, after.stream.position).events.length, 1);
});

test('the first label of a prediction counts, then a correction, whenever they come', () => {
  const { ledgers, writer, predict, label, at } = streamIn();
  const [server, lab] = [writer(alive), writer(gone(5))];
  const [a, b, c] = [predict(), predict(), predict()];
  server.append([a.line, b.line, c.line]);
  const [idA, idB, idC] = [a, b, c].map(({ rows }) => rows[0]!.id) as [string, string, string];
  server.append([label(idA, '1'), label(idA, '0')]);
  followTruth(ledgers);
  const said = () => [...truthOf(ledgers, [idA, idB, idC])].map(([id, { label }]) => [id, label]).sort();
  assert.deepEqual(said(), [[idA, '1']], 'a second label is none');
  at(START + 30 * 86_400_000);
  lab.append([label(idB, '0'), label(idA, '0', true)]);
  const { lastLabel } = followTruth(ledgers);
  assert.deepEqual(
    said(),
    [
      [idA, '0'],
      [idB, '0'],
    ].sort(),
  );
  assert.equal(lastLabel, new Date(START + 30 * 86_400_000 + 2000).toISOString());
  // Killed between the labels and the position: they are taken in again, and nothing changes.
  const state = readFileSync(join(ledgers.truth, 'position.json'), 'utf8');
  server.append([label(idC, '1')]);
  followTruth(ledgers);
  writeFileSync(join(ledgers.truth, 'position.json'), state);
  followTruth(ledgers);
  const before = said();
  rmSync(ledgers.truth, { recursive: true });
  followTruth(ledgers);
  assert.deepEqual(said(), before, 'and made anew it is the same');
});

test('segments and labels of before are read', () => {
  const { ledgers } = streamIn();
  const old = (i: number, request = 'r1') =>
    JSON.stringify({
      id: String(i).padStart(20, '0'),
      time: new Date(START + i * 1000).toISOString(),
      model: 'v1',
      sha256: 'ab'.repeat(32),
      route: 'champion',
      ids: { unit: 'u' },
      input: { a: i },
      probability: 0.5,
      class: '0',
      latency_ms: 1,
      request,
    });
  const ledger = openLedger(join(ledgers.predictions, `${gone(1)}.jsonl`), jsonLedger);
  for (let i = 0; i < 9; i++) ledger.append([old(i, i === 4 ? 'smoke' : 'r1')]);
  ledger.close();
  mkdirSync(dirname(ledgers.labels.path), { recursive: true });
  const labels = openLedger(ledgers.labels.path, ledgers.labels.format);
  labels.append([`${'0'.repeat(19)}2,1,t1`, `${'0'.repeat(19)}2,0,t2`]);
  labels.close();
  const stream = followTruth(ledgers);
  const { predictions } = recentPredictions(stream, { versions: ['v1'], size: 100 });
  assert.equal(predictions.length, 8, 'without that of the smoke test');
  assert.equal(truthOf(ledgers, [`${'0'.repeat(19)}2`]).get(`${'0'.repeat(19)}2`)!.label, '0');
  // An id of before may be any text.
  const odd = 'a"of":"b\\"';
  appendLedger(ledgers.labels.path, ledgers.labels.format, [
    csvLine([odd, '1', new Date(START).toISOString()]),
  ]);
  followTruth(ledgers);
  assert.equal(truthOf(ledgers, [odd]).get(odd)!.label, '1');
  assert.equal(findPrediction(ledgers, `${'0'.repeat(19)}7`).line.input.a, 7);
});

test('errors are measured on predictions that are old enough for their truth', () => {
  const { ledgers, writer, predict, label, at } = streamIn();
  const { append } = writer(alive);
  const ids = Array.from({ length: 9 }, (_, day) => {
    at(Date.UTC(2026, 0, 1 + day) - 1000);
    const { line, rows } = predict();
    append([line]);
    return rows[0]!.id;
  });
  append([label(ids[2]!, '1'), label(ids[4]!, '0'), label(ids[8]!, '1')]);
  const stream = followTruth(ledgers);
  const now = new Date('2026-01-10T00:00:00Z');
  const window = (delayHours: number) => readWindow(ledgers, stream, 'v1', { size: 4, delayHours }, now);
  assert.deepEqual(
    window(72).predictions.map(({ id }) => ids.indexOf(id)),
    [5, 6, 7, 8],
  );
  assert.deepEqual(
    window(72).judged.map(({ id, label }) => [ids.indexOf(id), label]),
    [
      [3, undefined],
      [4, '0'],
      [5, undefined],
      [6, undefined],
    ],
  );
  assert.equal(window(0).judged.length, 4);
  assert.deepEqual(window(9999).judged, []);
  assert.ok(readdirSync(ledgers.truth).length > 1);
});

test('rows of one request are taught in its order, whatever their ids', () => {
  const { ledgers, writer, predict, label } = streamIn();
  const log = writer(alive);
  // Ids are drawn some hundred at a time, each time from anywhere on.
  const requests = Array.from({ length: 3 }, () => predict(SHAPE, 700));
  log.append(requests.map(({ line }) => line));
  const ids = requests.flatMap(({ rows }) => rows.map(({ id }) => id));
  log.append(ids.toReversed().map((id) => label(id, '1')));
  assert.deepEqual(
    readTaught(ledgers, new Set()).taught.map(({ id }) => id),
    ids,
  );
});

test('what was taught is found without a look at segments that hold none of it', () => {
  const { ledgers, writer, predict, label, at } = streamIn();
  const [old, fresh] = [writer(gone(1)), writer(alive)];
  const before = Array.from({ length: 50 }, () => predict());
  old.append(before.map(({ line }) => line));
  at(START + 40_000_000);
  const after = Array.from({ length: 50 }, () => predict(SHAPE, 2));
  fresh.append(after.map(({ line }) => line));
  const ids = after.flatMap(({ rows }) => rows.map(({ id }) => id));
  fresh.append(ids.slice(1).map((id, i) => label(id, String(i % 2))));
  fresh.append([label(ids[3]!, '1', true), label(ids[0]!, '1').replace('"by":"lab"', '"by":"anyone"')]);
  const joined = new Set([ids[1]!]);
  const { taught, strangers } = readTaught(ledgers, joined);
  assert.deepEqual(
    taught.map(({ id }) => id),
    ids.slice(2),
  );
  assert.deepEqual(
    [strangers, taught.find(({ id }) => id === ids[3])!.label, taught[0]!.by],
    [1, '1', 'lab'],
  );
  const bytes = readFileSync(old.path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(old.path, bytes);
  assert.deepEqual(readTaught(ledgers, joined).taught, taught, 'a segment of others is not read');
  fresh.append([label(before[3]!.rows[0]!.id, '0')]);
  assert.throws(() => readTaught(ledgers, joined), /it was changed|the chain breaks/);
});

test('a consumer that writes to the stream begins where nothing is missing', () => {
  const { ledgers, writer, predict, at } = streamIn();
  for (const [i, second] of [1, 20_000, 40_000].entries()) {
    at(START + second * 1000);
    writer(gone(second, 999_999_980 + i)).append([predict().line, predict().line]);
  }
  const segments = sealEnded(ledgers);
  const sealedBefore = (second: number) =>
    positionBefore(segments, new Date(START + second * 1000).toISOString()).sealed;
  assert.deepEqual([0, 2, 3, 4, 20_002, 20_003, 40_001, 40_009].map(sealedBefore), [0, 0, 0, 1, 1, 2, 2, 3]);
});

test('of segments that a process began in one second the last is the one that grows', () => {
  const { ledgers, writer, predict } = streamIn();
  const names = [alive, `${alive}.2`, `${alive}.10`];
  for (const name of names) writer(name).append([predict().line]);
  const sealed = () =>
    sealEnded(ledgers).map(({ path, seal }) => [basename(path, '.jsonl'), seal !== undefined]);
  assert.deepEqual(sealed(), [
    [names[0], true],
    [names[1], true],
    [names[2], false],
  ]);
});
