/**
 * Ids of events: the second they were drawn in, a number that no other event of that second has, and a tag that only who holds
 * the key can make. So an event is found by its id among the segments of that second alone, and whether an id was ever given
 * out is known without looking anywhere.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import { checkSecret, keptSecret } from '../files/secret.ts';

/** 14 bytes; ids of before, which had neither second nor tag, were 10. */
export const EVENT_ID = /^(?:[0-9a-f]{28}|[0-9a-f]{20})$/;

const SECOND = 4;
const UNIQUE = 6;
const TAG = 4;
const BYTES = SECOND + UNIQUE + TAG;
const BLOCK = 16;
/** Ids drawn at a time: one call of the cipher for all of them. */
const POOL = 256;

/** The tags of ids: the first bytes of what AES-128 makes of second and number, a block for each. */
function tagsOf(heads: Buffer, key: Buffer): Buffer {
  const count = heads.length / (SECOND + UNIQUE);
  const blocks = Buffer.alloc(count * BLOCK);
  for (let i = 0; i < count; i++)
    heads.copy(blocks, i * BLOCK, i * (SECOND + UNIQUE), (i + 1) * (SECOND + UNIQUE));
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(blocks), cipher.final()]);
}

/** Draws ids, many at a time. */
export function idSource(key: Buffer, now: () => number = Date.now): () => string {
  let pool = '';
  let at = 0;
  let second = -1;
  const draw = () => {
    const heads = Buffer.alloc(POOL * (SECOND + UNIQUE));
    const start = randomBytes(UNIQUE).readUIntBE(0, UNIQUE);
    for (let i = 0; i < POOL; i++) {
      heads.writeUInt32BE(second, i * (SECOND + UNIQUE));
      heads.writeUIntBE((start + i) % 2 ** (8 * UNIQUE), i * (SECOND + UNIQUE) + SECOND, UNIQUE);
    }
    const tags = tagsOf(heads, key);
    const ids = Buffer.alloc(POOL * BYTES);
    for (let i = 0; i < POOL; i++) {
      heads.copy(ids, i * BYTES, i * (SECOND + UNIQUE), (i + 1) * (SECOND + UNIQUE));
      tags.copy(ids, i * BYTES + SECOND + UNIQUE, i * BLOCK, i * BLOCK + TAG);
    }
    pool = ids.toString('hex');
    at = 0;
  };
  return () => {
    const current = Math.floor(now() / 1000);
    if (current !== second || at === pool.length) {
      second = current;
      draw();
    }
    at += BYTES * 2;
    return pool.slice(at - BYTES * 2, at);
  };
}

/** Which of these ids were drawn with the key. */
export function areDrawn(ids: readonly string[], key: Buffer): boolean[] {
  const bytes = ids.map((id) => Buffer.from(id, 'hex'));
  const isLong = bytes.map(({ length }) => length === BYTES);
  const heads = Buffer.concat(bytes.filter((_, i) => isLong[i]).map((id) => id.subarray(0, SECOND + UNIQUE)));
  const tags = heads.length === 0 ? heads : tagsOf(heads, key);
  let block = 0;
  return bytes.map((id, i) => {
    if (!isLong[i]) return false;
    const tag = tags.subarray(block * BLOCK, block * BLOCK + TAG);
    block++;
    return tag.equals(id.subarray(SECOND + UNIQUE));
  });
}

/** When an id was drawn, in whole seconds of the epoch; undefined of ids of before. */
export function secondOf(id: string): number | undefined {
  return id.length === BYTES * 2 ? Number.parseInt(id.slice(0, SECOND * 2), 16) : undefined;
}

/** For servers on several machines, whose ids must be one another's: 32 hexadecimal digits. */
const KEY_VARIABLE = 'CLOCKWORK_ID_KEY';

/** The key that is kept there; made where there is none. */
export function idKey(path: string): Buffer {
  return sharedIdKey() ?? Buffer.from(keptSecret(path), 'hex');
}

/** That of the environment; undefined where every machine has its own. */
export function sharedIdKey(): Buffer | undefined {
  const given = process.env[KEY_VARIABLE] || undefined;
  return given === undefined ? undefined : Buffer.from(checkSecret(given, KEY_VARIABLE), 'hex');
}
