/** A project with a first version, and the same after `make -j4 all`: tests that begin there copy them. */
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { copyFolder, plainEnvironment } from '../bench/project-copy.ts';
import {
  LIVED,
  LIVED_SAID,
  makeProject,
  projectIn,
  type TemporaryProject,
  THREE,
  TRAINED,
} from './support.ts';

rmSync(dirname(TRAINED), { recursive: true, force: true });
await Promise.all([trainVersions(), liveOnce()]);
writeFileSync(join(dirname(TRAINED), 'made'), '');

async function trainVersions(): Promise<void> {
  await make(makeProject(TRAINED), 'train');
  copyFolder(TRAINED, THREE);
  const three = projectIn(THREE);
  await make(three, 'smoke');
  for (const n_estimators of [11, 12]) {
    three.set({ n_estimators });
    await make(three, 'train');
  }
}

async function liveOnce(): Promise<void> {
  const lived = makeProject(LIVED);
  lived.set({ rows: 8000, train_rows: 5600, window: 2400, threads: 0, folds: 5 });
  writeFileSync(LIVED_SAID, await make(lived, '-j4', 'all'));
}

async function make({ folder }: TemporaryProject, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('make', args, { cwd: folder, env: plainEnvironment() });
  return stdout;
}
