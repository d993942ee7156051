/** Sets the stage of a version; Archived without a version archives every one that nothing points at. */
import { chapters } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import { archiveUnused, setStage } from '../lib/registry/moves.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { optional, step, text } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

step(
  { chapters, args: { VERSION: optional, STAGE: optional, REASON: text('make stage') } },
  (project, { VERSION, STAGE, REASON }) => {
    if (VERSION === undefined && STAGE === 'Archived') {
      const archived = archiveUnused(project, REASON);
      say(
        'stage',
        archived.join(', ') || 'nothing to archive: every version is in use, the newest, or the way back',
      );
      return;
    }
    if (VERSION === undefined || STAGE === undefined)
      throw badInput('which version and stage? make stage VERSION=v2 STAGE=Archived');
    const version = resolveVersion(project, VERSION);
    const before = setStage(project, version, STAGE, REASON);
    say('stage', `${version} is ${STAGE}${before === STAGE ? ' already' : ` (was ${before})`}`);
  },
);
