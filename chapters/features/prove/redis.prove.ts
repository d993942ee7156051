/** A real Redis: filled, read, behind a password, and gone while requests come. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { sleep } from '../../../lib/serve/client.ts';
import { endBeforeRemoval, temporaryFolder, temporaryProject } from '../../../test/support.ts';
import { type OnlineStore, REDIS_URL, STORES } from '../store.ts';

const PASSWORD = 'a-password';
const missing = spawnSync('redis-server', ['--version']).error !== undefined;

function freePort(): Promise<number> {
  return new Promise((settle) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => settle(port));
    });
  });
}

if (missing) {
  test('Redis', (t) => t.skip('redis-server is not here'));
} else {
  const folder = temporaryFolder();
  let server: ChildProcess | undefined;
  const start = async (port: number) => {
    // One that runs keeps this process from ending.
    server?.kill('SIGKILL');
    server = spawn(
      'redis-server',
      [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        folder,
        '--requirepass',
        PASSWORD,
      ],
      { stdio: 'ignore' },
    );
    await sleep(500);
  };

  endBeforeRemoval(folder, () => server?.kill('SIGKILL'));

  test('values come back as they were put, a wrong password is refused, and a server that is gone is said at once', {
    timeout: 60_000,
  }, async () => {
    assert.equal(spawnSync('make', ['.make/packages/features/node_modules/.package-lock.json']).status, 0);
    const port = await freePort();
    await start(port);
    process.env[REDIS_URL] = `redis://:${PASSWORD}@127.0.0.1:${port}`;
    const store: OnlineStore = await STORES.redis('');
    const values = Array.from(
      { length: 2500 },
      (_, i) => [`v:m-${i}`, Uint8Array.from({ length: 40 }, (__, k) => (i * 7 + k) % 256)] as const,
    );
    await store.put(values);
    const found = await store.get(['v:m-0', 'v:nobody', 'v:m-2499']);
    assert.deepEqual(
      found.map((value) => value && [...value]),
      [[...values[0]![1]], undefined, [...values[2499]![1]]],
    );

    process.env[REDIS_URL] = `redis://:another@127.0.0.1:${port}`;
    const stranger = await STORES.redis('');
    await assert.rejects(async () => stranger.get(['v:m-0']), /Redis does not answer/);
    await stranger.close();

    server!.kill('SIGKILL');
    await sleep(200);
    const began = performance.now();
    await assert.rejects(async () => store.get(['v:m-0']), /Redis does not answer/);
    assert.ok(performance.now() - began < 3000, 'it is said at once');
    // It comes back empty: nothing is known, and nothing is made up.
    await start(port);
    let again: (Uint8Array | undefined)[] | undefined;
    for (let tries = 0; again === undefined && tries < 100; tries++) {
      again = await Promise.resolve(store.get(['v:m-0'])).catch(() => undefined);
      await sleep(100);
    }
    assert.deepEqual(again, [undefined]);
    await store.close();
    delete process.env[REDIS_URL];
    await assert.rejects(STORES.redis(''), /CLOCKWORK_REDIS_URL says where it is/);
  });

  test('a server whose Redis is gone marks what it answers or refuses, and serves again what is filled again', {
    timeout: 120_000,
  }, async () => {
    const project = temporaryProject();
    cpSync('examples/fleet/config.yaml', project.path('config.yaml'));
    cpSync('.make/packages/features', project.path('.make/packages/features'), { recursive: true });
    project.set({ n_estimators: 20, rows: 2000, online: 'redis', stale: 'mark' });
    assert.equal(project.make('fleet').status, 0);
    assert.equal(project.make('train').status, 0);
    assert.equal(project.make('promote', 'VERSION=v1', 'REASON=prove').status, 0);
    // Known until now, so that it is young.
    const events = project.read('data/incoming/events.csv').trimEnd().split('\n');
    const now = new Date().toISOString();
    const young = Array.from(
      { length: 12 },
      (_, i) => `m-${String(i).padStart(4, '0')},${now},${now},3,70,0`,
    );
    writeFileSync(project.path('data/incoming/events.csv'), `${[...events, ...young].join('\n')}\n`);
    const port = await freePort();
    await start(port);
    process.env[REDIS_URL] = `redis://:${PASSWORD}@127.0.0.1:${port}`;
    const begun = project.make('start');
    assert.equal(begun.status, 0, begun.err);
    const post = async (path: string, body: object) => {
      const response = await fetch(`${project.server().url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(body),
      });
      return {
        status: response.status,
        body: (await response.json()) as { stale?: string[]; error?: string },
      };
    };
    const entity = { machine: 'm-0001' };
    const ask = () => post('/predict/entity', { entity, row: { load: 0.6, vibration_now: 4, row: 1 } });
    const until = async (isSo: () => Promise<boolean>) => {
      for (let tries = 0; tries < 100; tries++) {
        if (await isSo()) return;
        await sleep(200);
      }
      assert.fail('it never was so');
    };
    const isKnown = async () => {
      const { status, body } = await ask();
      assert.equal(status, 200);
      return body.stale === undefined;
    };
    await until(isKnown);
    server!.kill('SIGKILL');
    await until(async () => !(await isKnown()));
    assert.deepEqual((await ask()).body.stale, ['wear']);
    assert.deepEqual(await post('/features', { entity }), {
      status: 503,
      body: { error: 'the features cannot be read now' },
    });
    // It comes back empty, and what is beside the server fills it.
    await start(port);
    await until(isKnown);
    project.make('stop');
    project.set({ stale: 'refuse' });
    server!.kill('SIGKILL');
    const again = project.make('start');
    assert.equal(again.status, 0, again.err);
    assert.equal((await ask()).status, 503);
    project.make('stop');
    assert.equal(project.make('audit').status, 0);
    delete process.env[REDIS_URL];
  });
}
