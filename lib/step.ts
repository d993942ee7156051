/**
 * What every script is: its arguments, its lock, its work, in one call. Arguments come from make by the environment, which
 * gives them by name and empties those that nobody named on the command line; no shell reads them.
 */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseTime } from './data/time.ts';
import { badInput } from './fault.ts';
import { git } from './files/git.ts';
import { withLockHeld } from './files/lock.ts';
import type { Addition, Project } from './project.ts';
import { loadProject } from './project.ts';
import { catalogue } from './record/catalogue.ts';
import { readIncrements } from './record/increments.ts';
import { readManifest } from './record/manifest.ts';
import { resolveVersion } from './registry/pointer-files.ts';
import { lastTrained } from './registry/versions.ts';
import { run } from './terminal.ts';
import { didYouMean } from './words.ts';

/** Reads one argument: its text, or undefined where it was not given. */
export type Argument<T> = (given: string | undefined, project: Project) => T;

type Arguments = Readonly<Record<string, Argument<unknown>>>;
type Values<A extends Arguments> = { readonly [Name in keyof A]: ReturnType<A[Name]> };

export interface Step<A extends Arguments> {
  /** What chapters add to the project. */
  readonly chapters?: readonly Addition[];
  /** By their names in capitals. */
  readonly args?: A;
  /** A name: of two that hold the same lock of one project, the second fails with exit code 75. */
  readonly lock?: string;
}

/** Runs a script. What it throws becomes a message and an exit code. */
export function step<const A extends Arguments>(
  { chapters = [], args, lock }: Step<A>,
  work: (project: Project, values: Values<A>) => void | Promise<void>,
): void {
  run(async () => {
    const project = loadProject(chapters);
    const values = Object.fromEntries(
      Object.entries(args ?? {}).map(([name, read]) => [name, read(process.env[name] || undefined, project)]),
    ) as Values<A>;
    if (lock === undefined) await work(project, values);
    else {
      const path = project.path(project.config.paths.models, `.${lock}.lock`);
      await withLockHeld(path, async () => work(project, values));
    }
    const { writeContents } = await import('./page/contents.ts');
    await writeContents(project.reports, project.config.project_name);
  });
}

export const optional: Argument<string | undefined> = (given) => given;

/** Any text, or this one. */
export function text(otherwise: string): Argument<string> {
  return (given) => given ?? otherwise;
}

/** A time as 2026-11-20T10:00Z, in milliseconds of the epoch; undefined where none is given. */
export function time(name: string): Argument<number | undefined> {
  return (given) => {
    if (given === undefined) return undefined;
    const parsed = parseTime(given, 'iso');
    if (parsed === undefined) throw badInput(`${name}=${given}  is no time: write 2026-11-20T10:00Z`);
    return parsed;
  };
}

/** Any text; without one the question is the error. */
export function required(question: string): Argument<string> {
  return (given) => {
    if (given === undefined) throw badInput(question);
    return given;
  };
}

/** What the repository itself keeps, and a project that lies in it as it was cloned. */
const CODE = [
  ...['.git', '.ci', 'Makefile', 'make', 'lib', 'scripts', 'chapters', 'package.json', 'package-lock.json'],
  ...['config.yaml', 'manifest.txt', 'deployment_log.csv', 'models', 'node_modules', '.make'],
  ...['raw', 'processed', 'production', 'quarantine'].map((folder) => `data/${folder}`),
];

/** Where a path leads, though its last part is not there yet: by links as they are followed when it is written. */
function leadsTo(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(resolve(path));
    return parent === resolve(path) ? parent : join(leadsTo(parent), basename(path));
  }
}

/** Where to write, if anywhere; not over what the project keeps, nor among it, nor over what git or the manifest knows. */
export const output: Argument<string | undefined> = (given, project) => {
  if (given === undefined) return undefined;
  const { paths, data } = project.config;
  const folders = [paths.models, data.processed_dir, data.production_dir, data.quarantine_dir, data.raw_path];
  const made = [...readManifest(project.ledgers), ...readIncrements(project.ledgers)];
  const kept = [
    ...CODE,
    project.configPath,
    ...folders.map((folder) => project.path(folder)),
    project.path(dirname(data.raw_path), 'increments'),
    ...made.flatMap(({ path }) => (path === undefined ? [] : [project.path(path)])),
    ...catalogue(project.ledgers).map(({ path }) => path),
  ];
  const to = leadsTo(given);
  const isKept = kept.some((path) => `${to}/`.startsWith(`${leadsTo(path)}/`));
  if (isKept || given.startsWith('-') || git('ls-files', '--error-unmatch', '--', given) !== undefined)
    throw badInput(`${given}  is kept by the project: write to another place`);
  // A file takes its place by a rename, which would do away with a device or a pipe.
  const there = statSync(given, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile() && !there.isDirectory()) throw badInput(`${given}  is no file`);
  return given;
};

export function oneOf<const T extends string>(name: string, choices: readonly T[]): Argument<T | undefined> {
  return (given) => {
    if (given === undefined || choices.includes(given as T)) return given as T | undefined;
    throw badInput(`${name}=${given}${didYouMean(given, choices)}: ${choices.join(' or ')}`);
  };
}

/** A model version, by its name, an alias, a stage or latest; without one the question is the error. */
export function version(question: string): Argument<string> {
  return (given, project) => resolveVersion(project, required(question)(given, project));
}

/** The same; without one the version that make train gave last. */
export const versionOrTrained: Argument<string> = (given, project) =>
  given === undefined ? lastTrained(project) : resolveVersion(project, given);
