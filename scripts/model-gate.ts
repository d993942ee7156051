/** Judges a version by evaluation.minimum, writes the verdict to reports/, and exits 3 when it fails. */
import { loadProject } from '../lib/config/load.ts';
import { MISSED } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { describeCheck, judgeGate } from '../lib/registry/gate.ts';
import { json } from '../lib/registry/json.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { latestVersion } from '../lib/registry/versions.ts';
import { run, say } from '../lib/terminal.ts';

run(() => {
  const project = loadProject();
  const version = process.argv[2] || latestVersion(project);
  const gate = judgeGate(project.config, loadVersion(project, version).metrics);
  writeAtomic(project.path(project.config.paths.reports, `gate_${version}.json`), json({ version, ...gate }));
  say('gate', `${gate.verdict}  ${version}  ${gate.checks.map(describeCheck).join('   ')}`);
  if (gate.verdict === 'fail') process.exitCode = MISSED;
});
