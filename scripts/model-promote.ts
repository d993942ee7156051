/** Makes a version champion. Only a whole version that does not fail the gate may go live. */
import { parseArgs } from 'node:util';
import { loadProject } from '../lib/config/load.ts';
import { badInput, Fault, MISSED } from '../lib/fault.ts';
import { promote } from '../lib/registry/aliases.ts';
import { lastMove, readDeployments } from '../lib/registry/deployments.ts';
import { describeCheck, judgeGate } from '../lib/registry/gate.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { latestVersion } from '../lib/registry/versions.ts';
import { followedWithin } from '../lib/serve/client.ts';
import { run, say } from '../lib/terminal.ts';

run(async () => {
  const { values, positionals } = parseArgs({
    options: { reason: { type: 'string' }, first: { type: 'boolean' } },
    allowPositionals: true,
  });
  const project = loadProject();
  // Where aliases.json was lost, the log still knows the champion.
  const logged = values.first ? lastMove(readDeployments(project))?.model_version : undefined;
  const version = values.first ? (logged ?? latestVersion(project)) : positionals[0] || undefined;
  if (version === undefined)
    throw badInput('which version? make promote VERSION=v2 (make registry lists them)');
  const { metrics } = loadVersion(project, version);
  const gate = judgeGate(project.config, metrics);
  if (gate.verdict === 'fail') {
    throw new Fault(
      `${version} fails the gate${values.first ? ', so there is no champion and nothing was started' : ' and stays where it is'}: ${gate.checks.map(describeCheck).join('   ')}`,
      MISSED,
    );
  }
  const before = promote(
    project,
    version,
    values.reason ||
      (logged !== undefined
        ? 'restored from the deployment log'
        : values.first
          ? 'first version to pass the gate'
          : 'make promote'),
  );
  const followed =
    before === undefined || before === version ? '' : await followedWithin(project, version, 5000);
  say(
    'promote',
    before === version
      ? `${version} is champion already`
      : `${version} is champion${before === undefined ? '' : ` (was ${before}; make rollback goes back)`}${followed}`,
  );
});
