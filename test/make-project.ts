/** A project with a first version, and the same after `make all`: tests that begin there copy them. */
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LIVED, LIVED_SAID, makeProject, type TemporaryProject, TRAINED } from './support.ts';

rmSync(dirname(TRAINED), { recursive: true, force: true });
make(makeProject(TRAINED), 'train');
writeFileSync(LIVED_SAID, make(makeProject(LIVED), 'all'));
writeFileSync(join(dirname(TRAINED), 'made'), '');

function make(project: TemporaryProject, verb: string): string {
  const { status, out, err } = project.make(verb);
  if (status !== 0) throw new Error(out + err);
  return out;
}
