/** A config file as it lies there. */
import { readFileSync, statSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { badInput } from '../fault.ts';
import { sha256 } from '../files/hash.ts';
import { json, readIfThere, writeIfChanged } from '../files/write.ts';
import { parseConfig, type Section } from './parse.ts';
import type { Config } from './schema.ts';

/** What the file says, by the schema and these sections; `parsed` is where rememberParse left what it holds. */
export function readConfig(
  configPath: string,
  sections: readonly Section[],
  parsed: string,
): { readonly text: string; readonly config: Config } {
  const text = readConfigText(configPath);
  return { text, config: parseConfig(text, configPath, sections, rememberedParse(parsed, text)) };
}

function readConfigText(configPath: string): string {
  try {
    if (!statSync(configPath).isFile()) throw new Error('is no file');
    return readFileSync(configPath, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw badInput(
      `${configPath}  ${missing ? 'is missing: everything is configured there' : String((error as Error).message)}`,
    );
  }
}

/** Reading YAML takes a third of a short program's time, so make keeps what this text of the config holds. */
export function rememberParse(text: string, path: string): void {
  if (rememberedParse(path, text) !== undefined) return;
  const held: unknown = parseDocument(text).toJS();
  writeIfChanged(path, json({ sha256: sha256(text), held }));
}

function rememberedParse(path: string, text: string): unknown {
  try {
    const { sha256: of, held } = JSON.parse(readIfThere(path) ?? '{}') as { sha256?: string; held?: unknown };
    return of === sha256(text) ? held : undefined;
  } catch {
    return undefined;
  }
}
