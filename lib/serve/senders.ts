/** Who may say what was true: each sender by a key of its own, so many labels in an hour. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { ANYONE, OPERATOR, REPLAY, SENDER, UNNAMED } from '../config/values.ts';
import { badInput } from '../fault.ts';

export const FEEDBACK_KEYS = 'CLOCKWORK_FEEDBACK_KEYS';
const RESERVED = new Set([ANYONE, UNNAMED, REPLAY, OPERATOR]);
const SHORTEST = 16;
const HOUR_MS = 3_600_000;

export interface Sender {
  readonly name: string;
  readonly key: string;
}

/** Reads "lab:key-of-the-lab ward:key-of-the-ward"; fails with exit code 2, and never says a key. */
export function parseSenders(text: string): Sender[] {
  const senders = text
    .split(/\s+/)
    .filter((part) => part !== '')
    .map((part, i) => {
      const [name = '', key = ''] = [part.slice(0, part.indexOf(':')), part.slice(part.indexOf(':') + 1)];
      const bad = (what: string) => badInput(`${FEEDBACK_KEYS}  part ${i + 1} ${what}`);
      if (!part.includes(':')) throw bad('is not name:key');
      if (!SENDER.test(name))
        throw bad('has a name that is not small letters, digits and . _ -, a letter first');
      if (RESERVED.has(name)) throw bad(`has the name ${name}, which is reserved`);
      if (key.length < SHORTEST) throw bad(`has a key of fewer than ${SHORTEST} characters`);
      return { name, key };
    });
  const twice = senders.find(({ name, key }, i) =>
    senders.some((other, j) => j < i && (other.name === name || other.key === key)),
  );
  if (twice !== undefined) throw badInput(`${FEEDBACK_KEYS}  names ${twice.name}, or its key, twice`);
  return senders;
}

export interface Senders {
  /** The name of who sends this header; undefined where nobody does. */
  nameOf(authorization: string | undefined): string | undefined;
  /** Whether so many labels more are within the hour's quota of a sender; if so they count. */
  mayAdd(name: string, labels: number): boolean;
}

/** `share` is the part of the quota that this process may give. */
export function createSenders(
  { senders, per_hour }: Config['deployment']['feedback'],
  known: readonly Sender[],
  share: number,
  now: () => number = Date.now,
): Senders {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const digests = known.map(({ name, key }) => ({ name, digest: digest(`Bearer ${key}`) }));
  const quota = Math.ceil(per_hour * share);
  const spent = new Map<string, { hour: number; labels: number }>();
  return {
    nameOf(authorization) {
      if (authorization === undefined) return senders === 'open' ? ANYONE : undefined;
      const given = digest(authorization);
      // Every key is compared, so that the time does not tell which is near.
      const named = digests.filter((each) => timingSafeEqual(each.digest, given));
      return named[0]?.name;
    },
    mayAdd(name, labels) {
      const hour = Math.floor(now() / HOUR_MS);
      const before = spent.get(name);
      const sum = (before?.hour === hour ? before.labels : 0) + labels;
      if (sum > quota) return false;
      spent.set(name, { hour, labels: sum });
      return true;
    },
  };
}
