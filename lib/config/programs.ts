/** Which files a program is made of: itself and every file of the project that it imports, directly or not. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { sha256File } from '../files/hash.ts';

/** Imports, and threads that are started by name; what is imported when it is asked for, or for its types alone, does not run. */
const IMPORT = /^(?:import|export)(?! type\b)(?:[^';]*\bfrom)?\s+'(\.[^']+)'|startThread\('([^']+)'\)/gm;

/** The files of these programs together, in order. What a file imports is read once, however many programs ask. */
export function programFiles(entries: readonly string[], known = new Map<string, string[]>()): string[] {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file)) return;
    const imports = known.get(file) ?? (existsSync(file) ? importsOf(file) : undefined);
    if (imports === undefined) return;
    known.set(file, imports);
    found.add(file);
    imports.forEach(visit);
  };
  entries.forEach(visit);
  return [...found].sort();
}

function importsOf(file: string): string[] {
  return Array.from(readFileSync(file, 'utf8').matchAll(IMPORT), ([, from, thread]) =>
    thread === undefined ? normalize(join(dirname(file), from!)) : `lib/${thread}.ts`,
  );
}

/** sha256 of each of those files. */
export function programHashes(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(programFiles(entries).map((file) => [file, sha256File(file)]));
}
