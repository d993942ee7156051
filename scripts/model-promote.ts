/** Makes a version champion. Only a whole version that does not fail the gate may go live. */
import { parseArgs } from 'node:util';
import { openRegistry } from '../lib/clockwork.ts';
import type { Project } from '../lib/config/load.ts';
import { badInput } from '../lib/fault.ts';
import { recordedPointers, writePointers } from '../lib/registry/pointer-files.ts';
import { latestVersion } from '../lib/registry/versions.ts';
import { championFollowed } from '../lib/serve/client.ts';
import { run, say } from '../lib/terminal.ts';

run(async () => {
  const { values, positionals } = parseArgs({
    options: { reason: { type: 'string' }, first: { type: 'boolean' } },
    allowPositionals: true,
  });
  const registry = openRegistry();
  const { project } = registry;
  if (values.first && restoreChampion(project)) return;
  const version = values.first ? latestVersion(project) : positionals[0] || undefined;
  if (version === undefined)
    throw badInput('which version? make promote VERSION=v2 (make registry lists them)');
  const why = values.first ? 'first version to pass the gate' : 'make promote';
  const before = registry.promote(registry.resolve(version), values.reason || why);
  const followed = before === undefined || before === version ? '' : await championFollowed(project, version);
  say(
    'promote',
    before === version
      ? `${version} is champion already`
      : `${version} is champion${before === undefined ? '' : ` (was ${before}; make rollback goes back)`}${followed}`,
  );
});

/** Where aliases.json was lost, the deployment log still knows where the pointers were. */
function restoreChampion(project: Project): boolean {
  const recorded = recordedPointers(project);
  const { champion } = recorded.aliases;
  if (champion === undefined) return false;
  writePointers(project, recorded);
  say('promote', `${champion} is champion: aliases.json restored from the deployment log`);
  return true;
}
