/** Points an alias at a version; without a version it says where the alias points, with "none" it takes it away. */
import { chapters } from '../lib/door.ts';
import { setAlias } from '../lib/registry/moves.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { optional, required, step, text } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

step(
  {
    chapters,
    args: {
      NAME: required('which alias? make alias NAME=challenger VERSION=v3'),
      VERSION: optional,
      REASON: text('make alias'),
    },
  },
  (project, { NAME, VERSION, REASON }) => {
    if (VERSION === undefined) {
      say('alias', `${NAME} is ${resolveVersion(project, NAME)}`);
      return;
    }
    const to = VERSION === 'none' ? undefined : resolveVersion(project, VERSION);
    const before = setAlias(project, NAME, to, REASON);
    say('alias', `${NAME} is ${to ?? 'gone'}${before === undefined ? '' : ` (was ${before})`}`);
  },
);
