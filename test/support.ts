/** What tests share: fixtures, temporary projects, running programs. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import fc from 'fast-check';
import { copyProject, plainEnvironment } from '../bench/project-copy.ts';

// Properties are tried on the same cases in every run.
fc.configureGlobal({ seed: 2020 });

/** config.yaml as it is shipped: the project's own moves on as its data and models do. */
export const defaultConfig = readFileSync(new URL('./fixtures/config.yaml', import.meta.url), 'utf8');

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8')) as T;
}

export function assertClose(actual: number, expected: number, tolerance: number, what = 'value'): void {
  if (!(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`${what} is ${actual}, expected ${expected} within ${tolerance}`);
  }
}

/** A file of the real data sets beside the project; undefined where there are none. */
export function realData(name: string): string | undefined {
  const path = resolve('..', 'shared', 'data', name);
  return existsSync(path) ? path : undefined;
}

/** A folder that is removed after the tests, once what runs in it was ended. */
export function temporaryFolder(end = () => {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-test-'));
  after(() => {
    end();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface TemporaryProject {
  readonly folder: string;
  path(...parts: string[]): string;
  read(...parts: string[]): string;
  /** Replaces text in config.yaml. */
  configure(...changes: readonly (readonly [string, string])[]): void;
  make(...args: string[]): Ran;
  script(name: string, ...args: string[]): Ran;
  /** Starts a program without waiting for it. */
  launch(name: string, ...args: string[]): { pid: number; done: Promise<Ran> };
}

/** A copy of the project in an empty folder, on any free port, with a small forest so that tests are quick. */
export function temporaryProject(): TemporaryProject {
  const folder = temporaryFolder(() => void project.script('serve-stop'));
  copyProject(folder);
  writeFileSync(join(folder, 'config.yaml'), defaultConfig);
  const env = plainEnvironment();
  const options = { cwd: folder, env, encoding: 'utf8' as const };
  const path = (...parts: string[]) => join(folder, ...parts);
  const ran = (done: { status: number | null; stdout: string; stderr: string }): Ran => ({
    status: done.status,
    out: done.stdout,
    err: done.stderr,
  });
  const project: TemporaryProject = {
    folder,
    path,
    read: (...parts) => readFileSync(path(...parts), 'utf8'),
    configure(...changes) {
      let text = readFileSync(path('config.yaml'), 'utf8');
      for (const [from, to] of changes) {
        if (!text.includes(from)) throw new Error(`config.yaml holds no "${from}"`);
        text = text.replace(from, to);
      }
      writeFileSync(path('config.yaml'), text);
    },
    make: (...args) => ran(spawnSync('make', args, options)),
    script: (name, ...args) =>
      ran(spawnSync(process.execPath, ['--import', 'tsx', `scripts/${name}.ts`, ...args], options)),
    launch(name, ...args) {
      const child = spawn(process.execPath, ['--import', 'tsx', `scripts/${name}.ts`, ...args], {
        cwd: folder,
        env,
      });
      let out = '';
      let err = '';
      child.stdout.on('data', (piece) => {
        out += piece;
      });
      child.stderr.on('data', (piece) => {
        err += piece;
      });
      after(() => child.kill('SIGKILL'));
      return {
        pid: child.pid!,
        done: new Promise((settle) => child.once('close', (status) => settle({ status, out, err }))),
      };
    },
  };
  project.configure(
    ['port: 5000', 'port: 0'],
    ['n_estimators: 100', 'n_estimators: 20'],
    ['bootstrap_rounds: 1000', 'bootstrap_rounds: 200'],
  );
  return project;
}
