/** Makes the previous champion champion again. */
import { parseArgs } from 'node:util';
import { loadProject } from '../lib/config/load.ts';
import { rollback } from '../lib/registry/aliases.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { followedWithin } from '../lib/serve/client.ts';
import { run, say } from '../lib/terminal.ts';

run(async () => {
  const { values } = parseArgs({ options: { reason: { type: 'string' } } });
  const project = loadProject();
  const { version, from } = rollback(project, values.reason || 'make rollback', (previous) => {
    loadVersion(project, previous);
  });
  const followed = await followedWithin(project, version, 5000);
  say('rollback', `${version} is champion again (was ${from})${followed}`);
});
