/** Makes a version champion. One that does not pass the gate goes live only for a reason that a person gives. */
import { chapters } from '../lib/door.ts';
import { promote } from '../lib/registry/moves.ts';
import { championFollowed } from '../lib/serve/client.ts';
import { optional, step, version } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

step(
  {
    chapters,
    args: {
      VERSION: version('which version? make promote VERSION=v2 (make registry lists them)'),
      REASON: optional,
    },
  },
  async (project, { VERSION, REASON }) => {
    const before = promote(project, VERSION, REASON ?? 'make promote', REASON !== undefined);
    if (before === VERSION) {
      say('promote', `${VERSION} is champion already`);
      return;
    }
    const was = before === undefined ? '' : ` (was ${before}; make rollback goes back)`;
    const followed = before === undefined ? '' : await championFollowed(project, VERSION);
    say('promote', `${VERSION} is champion${was}${followed}`);
  },
);
