/** A project: its config, and where its files lie. */
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { readConfig } from './config/load.ts';
import type { Section } from './config/parse.ts';
import type { Config } from './config/schema.ts';
import { currentCommit, describeCommit } from './files/git.ts';
import { type Ledger, type Ledgers, ledgersOf } from './record/catalogue.ts';

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
  /** The folder of model versions and pointers. */
  readonly models: string;
  readonly reports: string;
  readonly ledgers: Ledgers;
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
  const root = resolve(dirname(configPath));
  const here = relative(process.cwd(), root);
  const name = basename(configPath, extname(configPath));
  const path = (...parts: string[]) => join(here, ...parts);
  const state = (...parts: string[]) => path('.make', name, ...parts);
  const sections = additions.flatMap(({ section }) => section ?? []);
  const { text, config } = readConfig(configPath, sections, state('parsed.json'));
  const added = additions
    .flatMap(({ ledgers }) => ledgers?.(config) ?? [])
    .map((ledger) => ({ ...ledger, path: path(ledger.path) }));
  const [models, reports] = [path(config.paths.models), path(config.paths.reports)];
  return {
    config,
    configPath,
    text,
    root,
    path,
    state,
    models,
    reports,
    ledgers: ledgersOf(config, path, added),
  };
}

/** The commit of the running code, marked where the code or the config differs from it. */
export function commitOf({ configPath }: Pick<Project, 'configPath'>): string {
  return describeCommit(currentCommit(configPath));
}
