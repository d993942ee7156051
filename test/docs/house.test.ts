/** The house stands as lib/README.md says: imports lead down, there are no circles, and chapters know nothing of one another. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const plan = readFileSync('lib/README.md', 'utf8');
const floors = new Map(
  [...plan.matchAll(/^\| (\d+) \| `([\w.-]+)\/?` \|/gm)].map(([, floor, room]) => [room!, Number(floor)]),
);
const sourcesIn = (folder: string) =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { recursive: true, encoding: 'utf8' })
        // Tests and benchmarks look from outside.
        .filter(
          (name) => /\.(ts|mjs)$/.test(name) && !/(^|\/)(test|prove)\/|(^|\/)(bench|claims)\.ts$/.test(name),
        )
        .map((name) => join(folder, name));
/** What a file imports of this repository, as paths from its top. */
const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g)].map(([, path]) =>
    join(file, '..', path!),
  );
/** Files that it starts as threads. */
const threadsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/startThread\('([^']+)'/g)].map(([, path]) => `lib/${path}.ts`);
const roomOf = (file: string) => file.split('/')[1]!;
/** The door, which is the only way up; no room goes through it. */
const DOOR = ['door.ts', 'chapters.d.ts', 'no-chapters.ts'];

test('every room stands in the table, with what it knows, and nothing else does', () => {
  const rooms = readdirSync('lib').filter((name) => ![...DOOR, 'README.md'].includes(name));
  assert.deepEqual([...floors.keys()].sort(), rooms.sort());
  assert.ok(Math.max(...floors.values()) <= 9);
});

test('every import between rooms leads down', () => {
  const files = sourcesIn('lib').filter((file) => !DOOR.includes(roomOf(file)));
  assert.ok(files.length > 100);
  for (const file of files)
    for (const imported of [...importsOf(file), ...threadsOf(file)]) {
      assert.match(imported, /^lib\//, `${file} imports ${imported}`);
      assert.notEqual(roomOf(imported), 'door.ts', `${file} goes through the door`);
      const [from, to] = [roomOf(file), roomOf(imported)];
      if (from !== to)
        assert.ok(
          floors.get(to)! < floors.get(from)!,
          `${file} (floor ${floors.get(from)}) imports ${imported}`,
        );
    }
});

test('no file imports what imports it, however far around', () => {
  const files = [...sourcesIn('lib'), ...sourcesIn('chapters'), ...sourcesIn('scripts')];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    assert.ok(!way.includes(file), `a circle: ${[...way.slice(way.indexOf(file)), file].join(' → ')}`);
    if (done.has(file)) return;
    for (const imported of importsOf(file)) walk(imported, [...way, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
});

test('nobody imports a script, and chapters import the house alone', () => {
  for (const file of sourcesIn('scripts'))
    for (const imported of importsOf(file)) assert.match(imported, /^lib\//, `${file} imports ${imported}`);
  const folders = existsSync('chapters') ? readdirSync('chapters', { withFileTypes: true }) : [];
  for (const name of folders.filter((entry) => entry.isDirectory()))
    for (const file of sourcesIn(join('chapters', name.name)))
      for (const imported of importsOf(file)) {
        const [top, room] = imported.split('/');
        assert.ok(top === 'lib' || (top === 'chapters' && room === name.name), `${file} imports ${imported}`);
      }
});

test('the walks name files that are there, each once', () => {
  for (const walk of plan.split(/^## /m).slice(1)) {
    const named = [...walk.matchAll(/`((?:scripts|\w+)\/[\w-]+\.ts)`/g)].map(([, file]) => file!);
    assert.ok(named.length > 6);
    assert.equal(new Set(named).size, named.length);
    for (const file of named) assert.ok(existsSync(file.startsWith('scripts/') ? file : `lib/${file}`), file);
  }
});

test('the names of scripts and rooms fit a screen together', () => {
  assert.ok(readdirSync('scripts').length + readdirSync('lib').length < 60);
});
