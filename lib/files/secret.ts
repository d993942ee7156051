/** Secrets that a program makes for itself: drawn once, readable by their user alone. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { failed } from '../fault.ts';
import { readIfThere, temporaryName } from './write.ts';

const SECRET = /^[0-9a-f]{32}$/;

export function drawSecret(): string {
  return randomBytes(16).toString('hex');
}

/** 32 hexadecimal digits that are kept there; drawn where there are none. Of two at once both get those of one. */
export function keptSecret(path: string): string {
  if (readIfThere(path) === undefined) {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = temporaryName(path);
    writeFileSync(temporary, `${drawSecret()}\n`, { mode: 0o600 });
    try {
      linkSync(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
  }
  return checkSecret(readIfThere(path)?.trim() ?? '', path);
}

/** Fails with what it is called by where it is no such secret. */
export function checkSecret(text: string, name: string): string {
  if (!SECRET.test(text)) throw failed(`${name}  is not 32 hexadecimal digits: restore it, or remove it`);
  return text;
}

/** Without telling by its time how much of it is right. */
export function isSecret(given: string | undefined, secret: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
