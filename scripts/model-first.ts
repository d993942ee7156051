/** Puts the first version live: the one that was trained last, or where the pointers were lost, what the deployment log says. */
import { chapters } from '../lib/door.ts';
import { promote } from '../lib/registry/moves.ts';
import { recordedPointers, writePointers } from '../lib/registry/pointer-files.ts';
import { lastTrained } from '../lib/registry/versions.ts';
import { step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

step({ chapters }, (project) => {
  const recorded = recordedPointers(project);
  const { champion } = recorded.aliases;
  if (champion !== undefined) {
    writePointers(project, recorded);
    say('promote', `${champion} is champion: aliases.json restored from the deployment log`);
    return;
  }
  const version = lastTrained(project);
  promote(project, version, 'first version to pass the gate');
  say('promote', `${version} is champion`);
});
