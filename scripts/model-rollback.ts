/** Undoes the last step that gave a version traffic: ends a canary, else brings back the previous champion. */
import { chapters } from '../lib/door.ts';
import { rollback } from '../lib/registry/moves.ts';
import { readPointers } from '../lib/registry/pointer-files.ts';
import { championFollowed, followedWithin } from '../lib/serve/client.ts';
import { step, text } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

step({ chapters, args: { REASON: text('make rollback') } }, async (project, { REASON }) => {
  const { champion, previous } = readPointers(project).aliases;
  const { version, from } = rollback(project, REASON);
  if (version === champion) {
    const ended = await followedWithin(project, ({ traffic }) => traffic.length === 1, 5000);
    say(
      'rollback',
      `${from} gets no more traffic; ${version} stays champion${previous === undefined ? '' : ` (make rollback again puts ${previous} back)`}${ended}`,
    );
    return;
  }
  const followed = await championFollowed(project, version);
  say('rollback', `${version} is champion again (was ${from})${followed}`);
});
