/** What is stored while sources grow is what one reading of the whole source stores, however they grow and whoever is killed. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { chapters } from '../../../lib/door.ts';
import { loadProject } from '../../../lib/project.ts';
import { temporaryProject } from '../../../test/support.ts';
import { openMaterializer } from '../materialize.ts';
import { rowsIn } from '../state.ts';
import type { OnlineStore } from '../store.ts';

const HEADER = 'machine,at,known_at,vibration,temperature,repaired\n';
const HOUR = 3_600_000;

function storeOf(values: Map<string, Uint8Array>, failsAfter = Number.POSITIVE_INFINITY): OnlineStore {
  let puts = 0;
  return {
    get: (keys) => keys.map((key) => values.get(key)),
    async put(all) {
      for (const [key, value] of all) {
        if (++puts > failsAfter) throw new Error('killed');
        values.set(key, value);
      }
    },
    async close() {},
  };
}

function contents(values: Map<string, Uint8Array>): [string, string][] {
  return [...values]
    .filter(([key]) => key !== 'whole')
    .map(([key, value]): [string, string] => [key, Buffer.from(rowsIn(value)).toString('hex')])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The fleet's project, and where its source of events is to be. */
function fleetWithoutRows() {
  const made = temporaryProject();
  cpSync('examples/fleet/config.yaml', made.path('config.yaml'));
  const project = loadProject(chapters, made.path('config.yaml'));
  const path = made.path('data/incoming/events.csv');
  mkdirSync(dirname(path), { recursive: true });
  return { project, path };
}

test('what is put while a source grows is what a reading of all of it puts', async () => {
  const { project, path } = fleetWithoutRows();
  const start = Date.now() - 100 * HOUR;
  const when = (hours: number) => new Date(start + hours * HOUR).toISOString();
  const row = fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 200 }))
    .map(([machine, at, late]) => `m-${machine},${when(at)},${when(at + late)},${at % 4},${late},0\n`);
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.record({ rows: fc.array(row, { maxLength: 6 }), cut: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ killedAfter: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 1, arbitrary: fc.constant({ isReplaced: true as const }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
      writeFileSync(path, HEADER);
      const values = new Map<string, Uint8Array>();
      const materializer = openMaterializer(project, storeOf(values));
      await materializer.more();
      for (const each of acts) {
        if ('rows' in each) {
          const text = each.rows.join('');
          // A line that is still being written counts once it has its end.
          const half = each.cut ? text.length >> 1 : 0;
          appendFileSync(path, text.slice(0, half));
          await materializer.more();
          appendFileSync(path, text.slice(half));
        } else if ('killedAfter' in each) {
          appendFileSync(path, `m-0,${when(1)},${when(1)},7,7,0\nm-1,${when(2)},${when(2)},7,7,0\n`);
          await openMaterializer(project, storeOf(values, each.killedAfter))
            .more()
            .catch(() => {});
        } else {
          writeFileSync(`${path}.new`, `${HEADER}m-2,${when(3)},${when(3)},1,1,1\n`);
          renameSync(`${path}.new`, path);
          // As a store that came back empty.
          values.clear();
          assert.equal(await materializer.isBehind(), true);
        }
        await materializer.more();
        assert.equal(await materializer.isBehind(), false);
      }
      const fresh = new Map<string, Uint8Array>();
      await openMaterializer(project, storeOf(fresh)).all();
      assert.deepEqual(contents(values), contents(fresh));
    }),
    { numRuns: 60 },
  );
});

test('of what is new only its entities are put, and nothing else is read', async () => {
  const { project, path } = fleetWithoutRows();
  const now = new Date().toISOString();
  const rows = Array.from({ length: 500 }, (_, i) => `m-${i},${now},${now},1,2,0\n`);
  writeFileSync(path, HEADER + rows.join(''));
  const values = new Map<string, Uint8Array>();
  const materializer = openMaterializer(project, storeOf(values));
  assert.deepEqual(await materializer.all(), { entities: 500, changed: 500 });
  assert.deepEqual(await materializer.all(), { entities: 500, changed: 0 });
  // What was read is not read again: it could not be, any more.
  writeFileSync(path, Buffer.alloc(Buffer.byteLength(HEADER + rows.join('')), 0xff));
  appendFileSync(path, `m-7,${now},${now},3,4,0\n`);
  assert.deepEqual(await materializer.more(), { entities: 1, changed: 1 });
  appendFileSync(path, `m-8,never,${now},3,4,0\n`);
  await assert.rejects(() => materializer.more(), /events\.csv:503 {2}column "at": "never" is no time/);
});
