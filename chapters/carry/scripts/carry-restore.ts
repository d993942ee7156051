/** Puts what make pack made into a fresh project; where there is none it says so and the project begins anew. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { moveDataVersion } from '../../../lib/config/edit.ts';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { readPointers } from '../../../lib/registry/pointer-files.ts';
import { readMetadata } from '../../../lib/registry/versions.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { restore } from '../archive.ts';
import { carrySection } from '../settings.ts';

step({ chapters, lock: 'train', args: { FROM: optional } }, (project, { FROM }) => {
  const { from } = sectionOf(project.config, carrySection);
  const path = FROM ?? (from === '' ? undefined : project.path(from));
  if (path === undefined || !existsSync(path)) {
    if (FROM !== undefined) throw badInput(`${FROM}  is missing`);
    say(
      'restore',
      `nothing to restore: ${path === undefined ? 'chapters.carry.from names nothing' : `${path} is not there`}`,
    );
    return;
  }
  const versions = restore(project, path);
  const { champion } = readPointers(project).aliases;
  const said = [versions.join(', ') || 'no version'].map((each) => `${each} from ${path}`);
  if (champion !== undefined) {
    said.push(`champion ${champion}`);
    const { version } = readMetadata(project, champion).data;
    if (moveDataVersion(project, version))
      said.push(`${basename(project.configPath)} reads data ${version}, as it was trained`);
  }
  say('restore', said.join('; '));
});
