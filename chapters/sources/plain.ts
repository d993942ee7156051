/** A text file as UTF-8 without packing: gzip is unpacked and other encodings are read on the way, piece by piece. */
import { closeSync, createReadStream, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { badInput } from '../../lib/fault.ts';
import { temporaryName } from '../../lib/files/write.ts';
import type { SourceTable } from './settings.ts';

/** More than this no packed file may become. */
const MOST_BYTES = 16 * 2 ** 30;

/** Whether the file can be read as it lies there. */
function isPlain(path: string, encoding: SourceTable['encoding']): boolean {
  if (path.endsWith('.gz')) return false;
  return encodingOf(startOf(path), encoding) === 'utf-8';
}

function startOf(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    const start = Buffer.alloc(3);
    return start.subarray(0, readSync(fd, start, 0, 3, 0));
  } finally {
    closeSync(fd);
  }
}

/** The byte order mark decides, then what is declared. */
function encodingOf(start: Buffer, declared: SourceTable['encoding']): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 'utf-8';
  return declared === 'utf-16' ? 'utf-16le' : (declared ?? 'utf-8');
}

/** The path of a plain file: the given one, or a copy of it at `aside`. */
export async function plainFile(
  path: string,
  encoding: SourceTable['encoding'],
  aside: string,
): Promise<string> {
  if (isPlain(path, encoding)) return path;
  mkdirSync(dirname(aside), { recursive: true });
  const temporary = temporaryName(aside);
  const to = await open(temporary, 'w');
  let decoder: TextDecoder | undefined;
  let bytes = 0;
  try {
    const write = async (text: string) => {
      await to.write(text);
    };
    const decode = async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) {
        bytes += piece.length;
        if (bytes > MOST_BYTES) throw badInput(`${path}  unpacks to more than 16 GB: refused`);
        decoder ??= new TextDecoder(encodingOf(piece, encoding), { fatal: true });
        await write(decoder.decode(piece, { stream: true }));
      }
      await write(decoder?.decode() ?? '');
    };
    const from = createReadStream(path);
    if (path.endsWith('.gz')) await pipeline(from, createGunzip(), decode);
    else await pipeline(from, decode);
    await to.close();
    renameSync(temporary, aside);
    return aside;
  } catch (error) {
    await to.close().catch(() => {});
    rmSync(temporary, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw badInput(
        `${path}  is not a text in ${decoder?.encoding}: say its encoding (chapters.sources.tables)`,
      );
    if (code?.startsWith('Z_') === true) throw badInput(`${path}  is no gzip file: ${message}`);
    throw error;
  }
}
