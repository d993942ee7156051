/** Judges a version by evaluation.minimum, writes the verdict to reports/, and exits 3 when it fails. */
import { chapters } from '../lib/door.ts';
import { MISSED } from '../lib/fault.ts';
import { json, writeAtomic } from '../lib/files/write.ts';
import { describeCheck, judgeGate } from '../lib/registry/gate.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { step, versionOrTrained } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

step({ chapters, args: { VERSION: versionOrTrained } }, (project, { VERSION }) => {
  const { config, path } = project;
  const gate = judgeGate(config, loadVersion(project, VERSION).metrics);
  writeAtomic(path(config.paths.reports, `gate_${VERSION}.json`), json({ version: VERSION, ...gate }));
  say('gate', `${gate.verdict}  ${VERSION}  ${gate.checks.map(describeCheck).join('   ')}`);
  if (gate.verdict === 'fail') process.exitCode = MISSED;
});
