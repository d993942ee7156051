/** Writing so that a reader, a crash or a full disk never sees half a file. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { failed } from '../fault.ts';

/** Leftovers of interrupted writes match this; make doctor removes them. */
export const TEMPORARY = /\.clockwork-tmp-\d+$/;

/** The names in a folder, none where there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

export function temporaryName(path: string): string {
  return `${path}.clockwork-tmp-${process.pid}`;
}

/** Writes all of it: a nearly full disk makes writeSync stop short without an error. */
export function writeFully(fd: number, data: Uint8Array): void {
  for (let written = 0; written < data.length; ) {
    const count = writeSync(fd, data, written);
    if (count === 0)
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC', syscall: 'write' });
    written += count;
  }
}

/** A file written aside. */
export interface Staged {
  readonly path: string;
  /** Of its content. */
  readonly sha256: string;
  /** Puts it in its place, in one step. */
  keep(): void;
  /** Forgets it. */
  drop(): void;
}

/** A file that is written aside piece by piece. */
export interface OpenStaged {
  sink(content: string | Uint8Array): void;
  /** Has all of it on disk. */
  end(): Staged;
  /** Leaves nothing of it, because of what went wrong; gives back that error. */
  abort(error: unknown): unknown;
}

/** Calls `write` with a sink to a temporary file that is whole and on disk afterwards; a failure leaves nothing of it. */
export function stageFile(
  path: string,
  write: (sink: (content: string | Uint8Array) => void) => void,
): Staged {
  const open = openStaged(path);
  try {
    write(open.sink);
    return open.end();
  } catch (error) {
    throw open.abort(error);
  }
}

/** The same for what cannot be written in one go. */
export function openStaged(path: string): OpenStaged {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  const fd = openSync(temporary, 'w');
  const hash = createHash('sha256');
  let pending: string[] = [];
  let length = 0;
  const put = (bytes: Uint8Array) => {
    hash.update(bytes);
    writeFully(fd, bytes);
  };
  const flush = () => {
    put(Buffer.from(pending.join('')));
    pending = [];
    length = 0;
  };
  return {
    sink(content) {
      if (typeof content !== 'string') {
        flush();
        put(content);
        return;
      }
      pending.push(content);
      length += content.length;
      if (length > 1 << 20) flush();
    },
    end() {
      flush();
      fsyncSync(fd);
      closeSync(fd);
      return stagedAt(path, temporary, hash.digest('hex'));
    },
    abort(error) {
      try {
        closeSync(fd);
      } catch {}
      rmSync(temporary, { force: true });
      return withPath(error, path);
    },
  };
}

function stagedAt(path: string, temporary: string, sha256: string): Staged {
  return {
    path,
    sha256,
    keep() {
      try {
        renameSync(temporary, path);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw withPath(error, path);
      }
      syncFolder(dirname(path));
    },
    drop: () => rmSync(temporary, { force: true }),
  };
}

function withPath(error: unknown, path: string): unknown {
  return error instanceof Error && 'syscall' in error ? Object.assign(error, { path }) : error;
}

/** Calls `write` with a sink to a temporary file, which replaces `path` only when all is written and on disk. */
export function writeThrough(
  path: string,
  write: (sink: (content: string | Uint8Array) => void) => void,
): void {
  stageFile(path, write).keep();
}

export function writeAtomic(path: string, text: string): void {
  writeThrough(path, (sink) => sink(text));
}

/** JSON as files hold it: indented, for people and diffs. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Writes only what differs, so that unchanged content keeps its time; returns whether it did. */
export function writeIfChanged(path: string, text: string): boolean {
  if (readIfThere(path) === text) return false;
  writeAtomic(path, text);
  return true;
}

/** Marks a file as made now, for make. */
export function touch(path: string): void {
  const now = new Date();
  utimesSync(path, now, now);
}

/** Fails for what is no file: reading a pipe would wait for ever. */
export function readIfThere(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) throw failed(`${path}  is no file`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a folder of files that appears whole, by one rename; one that is there already is replaced. */
export function writeFolder(path: string, files: Record<string, string>): void {
  const temporary = temporaryName(path);
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  try {
    // Nobody sees them before the rename, so that they need none of their own.
    for (const [name, text] of Object.entries(files)) writeSynced(join(temporary, name), text);
    syncFolder(temporary);
    rmSync(path, { recursive: true, force: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

function writeSynced(path: string, text: string): void {
  try {
    const fd = openSync(path, 'wx');
    try {
      writeFully(fd, Buffer.from(text));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw withPath(error, path);
  }
}

/** Makes a rename survive a power cut. */
function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
