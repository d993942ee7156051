/** Points an alias at a version; without a version it says where the alias points, with "none" it takes it away. */
import { parseArgs } from 'node:util';
import { openRegistry } from '../lib/clockwork.ts';
import { badInput } from '../lib/fault.ts';
import { run, say } from '../lib/terminal.ts';

run(() => {
  const { values, positionals } = parseArgs({
    options: { reason: { type: 'string' } },
    allowPositionals: true,
  });
  const [name, version] = positionals;
  if (!name) throw badInput('which alias? make alias NAME=challenger VERSION=v3');
  const registry = openRegistry();
  if (!version) {
    say('alias', `${name} is ${registry.resolve(name)}`);
    return;
  }
  const to = version === 'none' ? undefined : registry.resolve(version);
  const before = registry.alias(name, to, values.reason || 'make alias');
  say('alias', `${name} is ${to ?? 'gone'}${before === undefined ? '' : ` (was ${before})`}`);
});
