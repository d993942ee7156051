/** Says something of a run that is there: a note, tags. */

import { rmSync } from 'node:fs';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { optional, required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { noteRun, saidOf } from '../keep.ts';
import { findRun, readRuns } from '../run.ts';

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
    const run = findRun(readRuns(project).runs, ID);
    const said = saidOf({ NOTE, TAGS });
    if (Object.keys(said).length === 0)
      throw badInput('what is to be said of it? NOTE="…" or TAGS="wear,v2"');
    noteRun(project, run.id, said);
    // Its page says something else now.
    rmSync(project.path(project.config.paths.reports, 'runs', `${run.id}.html`), { force: true });
    say(
      'note',
      `${run.version ?? run.id}: ${[said.note, said.tags?.join(', ')].filter((each) => each !== undefined).join(' · ')}`,
    );
  },
);
