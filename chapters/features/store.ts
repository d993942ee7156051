/** Where the state of each entity lies for serving: lmdb beside the server, or Redis for several machines. One value an entity and view. */

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { badInput, failed } from '../../lib/fault.ts';

export interface OnlineStore {
  /** The value of each key, undefined where there is none. */
  get(keys: readonly string[]): (Uint8Array | undefined)[] | Promise<(Uint8Array | undefined)[]>;
  /** Puts them in place together. */
  put(values: readonly (readonly [key: string, value: Uint8Array])[]): Promise<void>;
  close(): Promise<void>;
}

export const STORES: Readonly<Record<'lmdb' | 'redis', (path: string) => Promise<OnlineStore>>> = {
  lmdb: openLmdb,
  redis: openRedis,
};

/** Where Redis is, with its password. */
export const REDIS_URL = 'CLOCKWORK_REDIS_URL';

/** Packages that no other chapter needs: features.mk installs them. */
async function loaded(name: string): Promise<Record<string, unknown>> {
  try {
    const here = createRequire(resolve('.make/packages/features/package.json'));
    return (await import(pathToFileURL(here.resolve(name)).href)) as Record<string, unknown>;
  } catch (error) {
    throw failed(`${name} is not installed in .make/packages/features: ${(error as Error).message}`);
  }
}

interface Lmdb {
  getBinary(key: string): Buffer | undefined;
  put(key: string, value: Uint8Array): Promise<boolean>;
  batch(work: () => void): Promise<boolean>;
  close(): Promise<void>;
}

async function openLmdb(path: string): Promise<OnlineStore> {
  const { open } = (await loaded('lmdb')) as { open: (options: object) => Lmdb };
  mkdirSync(dirname(path), { recursive: true });
  const database = open({ path, encoding: 'binary', noSubdir: true });
  return {
    get: (keys) => keys.map((key) => database.getBinary(key)),
    async put(values) {
      await database.batch(() => {
        for (const [key, value] of values) void database.put(key, value);
      });
    },
    close: () => database.close(),
  };
}

interface Redis {
  mgetBuffer(...keys: string[]): Promise<(Buffer | null)[]>;
  mset(values: Map<string, Buffer>): Promise<unknown>;
  connect(): Promise<void>;
  quit(): Promise<unknown>;
  disconnect(): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

const PREFIX = 'clockwork:features:';
const TOGETHER = 1000;

async function openRedis(): Promise<OnlineStore> {
  const url = process.env[REDIS_URL];
  if (!url)
    throw badInput(
      `chapters.features.online is redis: ${REDIS_URL} says where it is, such as redis://127.0.0.1:6379`,
    );
  const { Redis } = (await loaded('ioredis')) as { Redis: new (url: string, options: object) => Redis };
  // A request is told at once that it is gone; the client goes on trying by itself.
  const client = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    connectTimeout: 2000,
    commandTimeout: 1000,
  });
  let trouble: Error | undefined;
  client.on('error', (error) => {
    trouble = error;
  });
  await client.connect().catch(() => {});
  const gone = (error: unknown) => failed(`Redis does not answer: ${(trouble ?? (error as Error)).message}`);
  return {
    async get(keys) {
      const found = await client.mgetBuffer(...keys.map((key) => PREFIX + key)).catch((error) => {
        throw gone(error);
      });
      return found.map((value) => value ?? undefined);
    },
    async put(values) {
      for (let from = 0; from < values.length; from += TOGETHER)
        await client
          .mset(
            new Map(
              values
                .slice(from, from + TOGETHER)
                .map(([key, value]) => [
                  PREFIX + key,
                  Buffer.from(value.buffer, value.byteOffset, value.byteLength),
                ]),
            ),
          )
          .catch((error) => {
            throw gone(error);
          });
    },
    async close() {
      await client.quit().catch(() => client.disconnect());
    },
  };
}
