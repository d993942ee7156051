/** A version that scores a copy of every request and answers none; none ends it. */
import { chapters } from '../../../lib/door.ts';
import { setTraffic } from '../../../lib/registry/moves.ts';
import { resolveVersion } from '../../../lib/registry/pointer-files.ts';
import { sayTraffic } from '../../../lib/registry/pointers.ts';
import { required, step, text } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';

const which = required('which version? make shadow VERSION=v3, or VERSION=none');

step({ chapters, args: { VERSION: which, REASON: text('make shadow') } }, (project, { VERSION, REASON }) => {
  const shadow = VERSION === 'none' ? [] : [resolveVersion(project, VERSION)];
  const { before, after } = setTraffic(project, REASON, (now) => ({ ...now, shadow }));
  say('shadow', `${sayTraffic(after)} (was ${sayTraffic(before)})`);
});
