/** A project: its config, and where its files lie. */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { badInput } from '../fault.ts';
import { sha256 } from '../files/hash.ts';
import type { LedgerFormat } from '../files/ledger.ts';
import { json, readIfThere, writeIfChanged } from '../files/write.ts';
import { parseConfig, type Section } from './parse.ts';
import type { Config } from './schema.ts';

export interface Project {
  readonly config: Config;
  /** The config file as it was named. */
  readonly configPath: string;
  /** The text of the config file. */
  readonly text: string;
  /** The config's folder, absolute. */
  readonly root: string;
  /** A path of the config as one that the current folder understands. */
  path(...parts: string[]): string;
  /** A path in the folder where make keeps what it remembers of this config. */
  state(...parts: string[]): string;
  /** Ledgers that chapters keep beside the core's (record/ledgers.ts). */
  readonly ledgers: readonly Ledger[];
}

/** An append-only file: the name under which other ledgers record its head, where it lies, how its lines look. */
export interface Ledger {
  readonly name: string;
  readonly path: string;
  readonly format: LedgerFormat;
}

/** What a chapter adds to a project: a section of the config, and ledgers by name and path inside the project. */
export interface Addition {
  readonly section?: Section;
  ledgers?(config: Config): readonly Ledger[];
}

export const DEFAULT_CONFIG = 'config.yaml';

/** Reads and checks a config, with what chapters add to it; fails with exit code 2. */
export function loadProject(
  additions: readonly Addition[] = [],
  configPath = process.env.CONFIG || DEFAULT_CONFIG,
): Project {
  const text = readConfigText(configPath);
  const root = resolve(dirname(configPath));
  const here = relative(process.cwd(), root);
  const name = basename(configPath, extname(configPath));
  const path = (...parts: string[]) => join(here, ...parts);
  const state = (...parts: string[]) => path('.make', name, ...parts);
  const sections = additions.flatMap(({ section }) => section ?? []);
  const config = parseConfig(text, configPath, sections, rememberedParse(state('parsed.json'), text));
  return {
    config,
    configPath,
    text,
    root,
    path,
    state,
    ledgers: additions
      .flatMap(({ ledgers }) => ledgers?.(config) ?? [])
      .map((ledger) => ({ ...ledger, path: path(ledger.path) })),
  };
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
export function rememberParse({ text, state }: Pick<Project, 'text' | 'state'>): void {
  if (rememberedParse(state('parsed.json'), text) !== undefined) return;
  const held: unknown = parseDocument(text).toJS();
  writeIfChanged(state('parsed.json'), json({ sha256: sha256(text), held }));
}

function rememberedParse(path: string, text: string): unknown {
  try {
    const { sha256: of, held } = JSON.parse(readIfThere(path) ?? '{}') as { sha256?: string; held?: unknown };
    return of === sha256(text) ? held : undefined;
  } catch {
    return undefined;
  }
}
