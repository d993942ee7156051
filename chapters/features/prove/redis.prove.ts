/** A real Redis: filled, read, behind a password, and gone while requests come. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { sleep } from '../../../lib/serve/client.ts';
import { endBeforeRemoval, temporaryFolder } from '../../../test/support.ts';
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
  endBeforeRemoval(folder, () => server?.kill('SIGKILL'));
  const start = async (port: number) => {
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
}
