/** Says something of a run that is there: a note, tags; a lone − takes away what was said. */
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { optional, required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { checkedSaid, noteRun } from '../keep.ts';
import { findRun, readRuns, wordsOf } from '../run.ts';

step(
  {
    chapters,
    args: {
      ID: required('which run? make note ID=v2 NOTE="…" TAGS="wear,v2"'),
      NOTE: optional,
      TAGS: optional,
    },
  },
  (project, { ID, NOTE, TAGS }) => {
    const before = findRun(readRuns(project).runs, ID);
    const said = {
      ...checkedSaid({ ...(NOTE === '-' ? {} : { NOTE }), ...(TAGS === '-' ? {} : { TAGS }) }),
      ...(NOTE === '-' ? { note: '' } : {}),
      ...(TAGS === '-' ? { tags: [] } : {}),
    };
    if (Object.keys(said).length === 0)
      throw badInput('what is to be said of it? NOTE="…" or TAGS="wear,v2"; a lone - takes it away');
    noteRun(project, before.id, said);
    const after = findRun(readRuns(project).runs, before.id);
    say('note', `${after.version ?? after.id}: ${wordsOf(after) || 'nothing is said of it'}`);
    const was = wordsOf(before);
    if (was !== '' && was !== wordsOf(after)) say('', `before it was: ${was}`);
  },
);
