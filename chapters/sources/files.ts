/** The files of a table: there already, or fetched once and checked. */
import { createHash } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { badInput, Fault, failed } from '../../lib/fault.ts';
import { sha256File } from '../../lib/files/hash.ts';
import { TEMPORARY, temporaryName } from '../../lib/files/write.ts';
import type { Project } from '../../lib/project.ts';
import type { SourceTable } from './settings.ts';

export interface SourceFile {
  /** As the config would name it. */
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
}

const MOST_BYTES = 8 * 2 ** 30;

/** Files of a table in the order of their names; fails where there is none, or where one is not what was declared. */
export async function filesOf(project: Project, called: string, table: SourceTable): Promise<SourceFile[]> {
  const path = project.path(table.path);
  if (!existsSync(path) && table.url !== undefined) await fetchFile(table.url, table.sha256!, path);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw badInput(`${path}  is missing: table ${called} of chapters.sources`);
  if (found.isFile()) {
    const sha256 = sha256File(path);
    if (table.sha256 !== undefined && sha256 !== table.sha256)
      throw failed(
        `${path} has sha256 ${sha256}, not the ${table.sha256} of chapters.sources.tables.${called}: refused`,
      );
    return [{ name: table.path, path, sha256 }];
  }
  if (!found.isDirectory())
    throw badInput(`${path}  is neither a file nor a folder: table ${called} of chapters.sources`);
  const names = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && !TEMPORARY.test(entry.name))
    .map((entry) => entry.name)
    .sort();
  if (names.length === 0) throw badInput(`${path}  holds no file: table ${called} of chapters.sources`);
  return names.map((name) => ({
    name: join(table.path, name),
    path: join(path, name),
    sha256: sha256File(join(path, name)),
  }));
}

/** By https, to a temporary name until its bytes are those that were declared. */
async function fetchFile(url: string, declared: string, to: string): Promise<void> {
  mkdirSync(dirname(to), { recursive: true });
  const temporary = temporaryName(to);
  try {
    const broken = (error: unknown) => {
      if (error instanceof Fault) throw error;
      const { cause, message } = error as Error;
      throw failed(`cannot fetch ${url}: ${(cause as Error | undefined)?.message ?? message}`);
    };
    const response = await fetch(url, { redirect: 'follow' }).catch(broken);
    if (!response.ok || response.body === null) throw failed(`cannot fetch ${url}: HTTP ${response.status}`);
    if (!response.url.startsWith('https:'))
      throw failed(`${url} leads to ${response.url}, which is no https: refused`);
    const hash = createHash('sha256');
    let bytes = 0;
    await pipeline(
      response.body as unknown as AsyncIterable<Uint8Array>,
      async function* (pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          bytes += piece.length;
          if (bytes > MOST_BYTES) throw failed(`${url} sends more than 8 GB: refused`);
          hash.update(piece);
          yield piece;
        }
      },
      // Opened now: a stream that opens when it comes to it might do so after the file was removed.
      createWriteStream(temporary, { fd: openSync(temporary, 'w') }),
    ).catch(broken);
    const actual = hash.digest('hex');
    if (actual !== declared)
      throw failed(`${url} has sha256 ${actual}, not the ${declared} that is declared: refused`);
    renameSync(temporary, to);
  } finally {
    rmSync(temporary, { force: true });
  }
}
