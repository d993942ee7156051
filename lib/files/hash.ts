import * as crypto from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** SHA-256 as 64 hexadecimal digits. Node has hashed in one call since 20.12, in half the time. */
export const sha256: (data: string | Uint8Array) => string =
  'hash' in crypto
    ? (data) => (crypto as unknown as OneShot).hash('sha256', data)
    : (data) => (crypto as typeof import('node:crypto')).createHash('sha256').update(data).digest('hex');

interface OneShot {
  hash(algorithm: string, data: string | Uint8Array): string;
}

/** SHA-256 of a file, read in pieces. */
export function sha256File(path: string): string {
  const hash = crypto.createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, 'r');
  try {
    for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece))
      hash.update(piece.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
