/** Undoes the last step that gave a version traffic: ends a canary, else brings back the previous champion. */
import { parseArgs } from 'node:util';
import { openRegistry } from '../lib/clockwork.ts';
import { championFollowed, followedWithin } from '../lib/serve/client.ts';
import { run, say } from '../lib/terminal.ts';

run(async () => {
  const { values } = parseArgs({ options: { reason: { type: 'string' } } });
  const registry = openRegistry();
  const { champion } = registry.pointers().aliases;
  const { version, from } = registry.rollback(values.reason || 'make rollback');
  if (version === champion) {
    const ended = await followedWithin(registry.project, ({ traffic }) => traffic.length === 1, 5000);
    say(
      'rollback',
      `${from} gets no more traffic; ${version} stays champion (make rollback again undoes its promotion)${ended}`,
    );
    return;
  }
  const followed = await championFollowed(registry.project, version);
  say('rollback', `${version} is champion again (was ${from})${followed}`);
});
