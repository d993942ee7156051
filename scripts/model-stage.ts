/** Sets the stage of a version; --archive without a version archives every one that nothing points at. */
import { parseArgs } from 'node:util';
import { openRegistry } from '../lib/clockwork.ts';
import { badInput } from '../lib/fault.ts';
import { run, say } from '../lib/terminal.ts';

run(() => {
  const { values, positionals } = parseArgs({
    options: { reason: { type: 'string' }, archive: { type: 'boolean' } },
    allowPositionals: true,
  });
  const registry = openRegistry();
  const version = positionals[0] || undefined;
  const stage = values.archive ? 'Archived' : positionals[1] || undefined;
  const reason = values.reason || (values.archive ? 'make archive' : 'make stage');
  if (version === undefined && values.archive) {
    const archived = registry.archive(reason);
    say(
      'archive',
      archived.length === 0
        ? 'nothing to archive: every version is in use or the newest'
        : archived.join(', '),
    );
    return;
  }
  if (version === undefined || stage === undefined)
    throw badInput('which version and stage? make stage VERSION=v2 STAGE=Archived');
  const resolved = registry.resolve(version);
  const before = registry.stage(resolved, stage, reason);
  say('stage', `${resolved} is ${stage}${before === stage ? ' already' : ` (was ${before})`}`);
});
