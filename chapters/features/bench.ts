/** Joins in time beside pandas and DuckDB, and features served beside Redis, by make bench. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Parts } from '../../bench/any-table.ts';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { note } from '../../bench/record.ts';
import { random } from '../../lib/numbers/random.ts';
import { sleep } from '../../lib/serve/client.ts';
import { asOf } from './order.ts';
import { type OnlineStore, REDIS_URL, STORES } from './store.ts';

const PYTHON = resolve('.venv-data/bin/python');
const ENTITIES = 50_000;

export const bench = (folder: string): Parts => ({
  asof: () => joins(folder),
  online: () => online(folder),
});

function joins(folder: string): void {
  for (const [name, right, isSorted] of [
    ['1 M × 1 M', 1_000_000, false],
    ['1 M × 10 M', 10_000_000, false],
    // merge_asof itself takes rows in time alone; above its sorting is in its figure.
    ['1 M × 1 M, both in time already', 1_000_000, true],
    ['1 M × 10 M, both in time already', 10_000_000, true],
  ] as const) {
    const at = join(folder, `asof-${right}-${isSorted}`);
    mkdirSync(at);
    const side = (rows: number, seed: string) => {
      const rng = random(3, 'asof', seed);
      const entities = Int32Array.from({ length: rows }, () => rng.int(ENTITIES));
      const times = Float64Array.from({ length: rows }, () => Math.floor(rng.float() * 1e9));
      if (isSorted) times.sort();
      writeFileSync(join(at, `${seed}.e`), new Uint8Array(entities.buffer));
      writeFileSync(join(at, `${seed}.t`), new Uint8Array(times.buffer));
      return { entities, times };
    };
    const [a, b] = [side(1_000_000, 'left'), side(right, 'right')];
    const times = [0, 1, 2].map(() => {
      const start = process.cpuUsage();
      asOf(a, b, ENTITIES);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1e6;
    });
    const cpu = Math.min(...times);
    const theirs = existsSync(PYTHON)
      ? (JSON.parse(
          execFileSync(PYTHON, ['bench/peers_data.py', 'asof', at], {
            encoding: 'utf8',
            env: plainEnvironment(),
          }),
        ) as { pandas: number; duckdb: number })
      : undefined;
    for (const [peer, of, goal] of [
      ['pandas merge_asof', theirs?.pandas, 0.5],
      ['DuckDB ASOF, one thread', theirs?.duckdb, 1],
    ] as const) {
      const ratio = of === undefined ? null : of / cpu;
      note(
        `point-in-time join ${name}: CPU s, beside ${peer}`,
        cpu,
        of ?? null,
        ratio,
        `≤ ${goal} ×`,
        ratio === null ? null : cpu <= goal * of!,
      );
    }
  }
}

const [FEATURES, READS] = [100, 20_000];

async function online(folder: string): Promise<void> {
  spawnSync('make', ['.make/packages/features/node_modules/.package-lock.json']);
  const lmdb = await p99(await STORES.lmdb(join(folder, 'online', 'store.mdb')));
  const redis = await beside();
  const ratio = redis === undefined ? null : redis / lmdb;
  note(
    'online get of 100 features: µs, p99, lmdb beside a packed GET of Redis',
    lmdb,
    redis ?? null,
    ratio,
    '≤ ⅓',
    ratio === null ? null : ratio >= 3,
  );
}

async function beside(): Promise<number | undefined> {
  if (spawnSync('redis-server', ['--version']).error !== undefined) {
    console.log('skipped: Redis, since redis-server is not here');
    return undefined;
  }
  const port = 46_379;
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  try {
    await sleep(500);
    process.env[REDIS_URL] = `redis://127.0.0.1:${port}`;
    return await p99(await STORES.redis(''));
  } finally {
    server.kill('SIGKILL');
  }
}

async function p99(store: OnlineStore): Promise<number> {
  const rng = random(5, 'online bench');
  await store.put(
    Array.from(
      { length: ENTITIES },
      (_, i) =>
        [
          `v:${i}`,
          new Uint8Array(Float64Array.from({ length: FEATURES }, () => rng.float()).buffer),
        ] as const,
    ),
  );
  const times = new Float64Array(READS);
  let sum = 0;
  for (let i = 0; i < READS; i++) {
    const key = `v:${rng.int(ENTITIES)}`;
    const start = performance.now();
    const [found] = await store.get([key]);
    sum += found!.length;
    times[i] = (performance.now() - start) * 1000;
  }
  if (sum !== READS * FEATURES * 8) throw new Error('what was read is not what was put');
  await store.close();
  return times
    .subarray(READS >> 1)
    .slice()
    .sort()[Math.floor(0.99 * (READS >> 1))]!;
}
