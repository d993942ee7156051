/** What tests share: fixtures, temporary projects, running programs. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, type TestContext } from 'node:test';
import fc from 'fast-check';
import { copyFolder, copyProject, plainEnvironment } from '../bench/project-copy.ts';

// Properties are tried on the same cases in every run.
fc.configureGlobal({ seed: 2020 });

/** config.yaml as it is shipped: the project's own moves on as its data and models do. */
export const defaultConfig = readFileSync('test/fixtures/config.yaml', 'utf8');

/** Projects that test/make-project.ts makes once: with a first version, and after `make all`. */
export const TRAINED = '.make/test-project/trained';
export const LIVED = '.make/test-project/lived';
/** With v1 champion, and v2 and v3 beside it. */
export const THREE = '.make/test-project/three';
/** What that `make all` said. */
export const LIVED_SAID = '.make/test-project/lived.txt';

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(`test/fixtures/${name}.json`, 'utf8')) as T;
}

export function assertClose(actual: number, expected: number, tolerance: number, what = 'value'): void {
  if (!(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`${what} is ${actual}, expected ${expected} within ${tolerance}`);
  }
}

/** A file of the real data sets beside the project; where there is none the test is skipped and says so. */
export function realData(t: TestContext, name: string): string | undefined {
  const path = resolve('..', 'shared', 'data', name);
  if (existsSync(path)) return path;
  t.skip(`${name} is not beside the project`);
  return undefined;
}

const endings = new Map<string, (() => unknown)[]>();

/** A folder that is removed after the tests, once what runs in it has ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-test-'));
  endings.set(folder, []);
  after(async () => {
    for (const end of endings.get(folder)!.reverse()) await end();
    // A program beside a server may write how it stands while it ends.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  return folder;
}

/** Ends what runs in a temporary folder before that is removed, the last begun first: hooks run the first begun first. */
export function endBeforeRemoval(folder: string, end: () => unknown): void {
  endings.get(folder)!.push(end);
}

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Arguments by name, as make gives them to scripts. */
type Arguments = Readonly<Record<string, string>>;

export interface TemporaryProject {
  readonly folder: string;
  path(...parts: string[]): string;
  read(...parts: string[]): string;
  /** Replaces text in config.yaml. */
  configure(...changes: readonly (readonly [string, string])[]): void;
  /** Sets each key, wherever it stands, to a value. */
  set(settings: Readonly<Record<string, string | number>>): void;
  make(...args: string[]): Ran;
  script(name: string, args?: Arguments): Ran;
  /** Runs TypeScript as it is. */
  typescript(path: string): Ran;
  /** Starts a program without waiting for it. */
  launch(name: string, args?: Arguments): { pid: number; done: Promise<Ran> };
  /** What the running server left for other programs. */
  server(): { url: string; pid: number; workers: number[] };
}

/** A copy of the project in an empty folder, on any free port, with a small forest so that tests are quick. */
export function temporaryProject(): TemporaryProject {
  return makeProject(servedFolder());
}

/** The same with rows and a first version. */
export const trainedProject = (): TemporaryProject => copyOf(TRAINED);

/** The same two days after deployment: promoted, served, monitored, retrained. */
export const livedProject = (): TemporaryProject => copyOf(LIVED);

export function copyOf(made: string): TemporaryProject {
  const folder = servedFolder();
  copyFolder(made, folder);
  return projectIn(folder);
}

/** A temporary folder whose server, where one runs, is stopped. */
function servedFolder(): string {
  const folder = temporaryFolder();
  endBeforeRemoval(folder, () => {
    if (existsSync(join(folder, '.make', 'config', 'server.json'))) projectIn(folder).script('serve-stop');
  });
  return folder;
}

/** Code and config without data or models in this folder. */
export function makeProject(folder: string): TemporaryProject {
  mkdirSync(folder, { recursive: true });
  copyProject(folder);
  writeFileSync(join(folder, 'config.yaml'), defaultConfig);
  const project = projectIn(folder);
  project.set({
    port: 0,
    rows: 3500,
    train_rows: 2600,
    window: 900,
    n_estimators: 10,
    threads: 1,
    folds: 3,
  });
  return project;
}

export function projectIn(folder: string): TemporaryProject {
  const environment = (args: Arguments = {}) => ({ ...plainEnvironment(), ...args });
  const path = (...parts: string[]) => join(folder, ...parts);
  const program = (name: string) => path('.make', 'programs', `${name}.mjs`);
  const ran = ({ status, stdout, stderr }: SpawnSyncReturns<string>): Ran => ({
    status,
    out: stdout,
    err: stderr,
  });
  const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv) =>
    ran(spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' }));
  const edit = (change: (text: string) => string) =>
    writeFileSync(path('config.yaml'), change(readFileSync(path('config.yaml'), 'utf8')));
  return {
    folder,
    path,
    read: (...parts) => readFileSync(path(...parts), 'utf8'),
    configure(...changes) {
      for (const [from, to] of changes)
        edit((text) => {
          if (!text.includes(from)) throw new Error(`config.yaml holds no "${from}"`);
          return text.replace(from, to);
        });
    },
    set(settings) {
      for (const [key, value] of Object.entries(settings))
        edit((text) => {
          const line = new RegExp(`^( +${key}): .*$`, 'm');
          if (!line.test(text)) throw new Error(`config.yaml holds no "${key}"`);
          return text.replace(line, `$1: ${value}`);
        });
    },
    make: (...args) => run('make', args, environment()),
    script: (name, args) => run(process.execPath, [program(name)], environment(args)),
    typescript: (name) => run(process.execPath, ['--import', 'tsx', path(name)], environment()),
    launch(name, args) {
      const child = spawn(process.execPath, [program(name)], { cwd: folder, env: environment(args) });
      let out = '';
      let err = '';
      child.stdout.on('data', (piece) => {
        out += piece;
      });
      child.stderr.on('data', (piece) => {
        err += piece;
      });
      endBeforeRemoval(folder, () => child.kill('SIGKILL'));
      return {
        pid: child.pid!,
        done: new Promise((settle) => child.once('close', (status) => settle({ status, out, err }))),
      };
    },
    server: () => JSON.parse(readFileSync(path('.make/config/server.json'), 'utf8')),
  };
}
