/** A project with a first version, and the same after `make all`: tests that begin there copy them. */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
make(makeProject(TRAINED), 'train');
cpSync(TRAINED, THREE, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
const three = projectIn(THREE);
make(three, 'smoke');
for (const n_estimators of [11, 12]) {
  three.set({ n_estimators });
  make(three, 'train');
}
writeFileSync(LIVED_SAID, make(makeProject(LIVED), 'all'));
writeFileSync(join(dirname(TRAINED), 'made'), '');

function make(project: TemporaryProject, verb: string): string {
  const { status, out, err } = project.make(verb);
  if (status !== 0) throw new Error(out + err);
  return out;
}
