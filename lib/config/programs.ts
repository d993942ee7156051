/** Which files a program is made of: itself and every file of the project that it imports, directly or not. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { sha256File } from '../files/hash.ts';

const IMPORT = /(?:from|import)\s+'(\.[^']+)'|new URL\('(\.[^']+)'/g;

export function programFiles(script: string): string[] {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file) || !existsSync(file)) return;
    found.add(file);
    for (const [, from, url] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      visit(normalize(join(dirname(file), (from ?? url)!)));
    }
  };
  visit(script);
  return [...found].sort();
}

/** sha256 of each file of a program. */
export function programHashes(script: string): Record<string, string> {
  return Object.fromEntries(programFiles(script).map((file) => [file, sha256File(file)]));
}
