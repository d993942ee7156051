/** Verifies every ledger's chain and every recorded sha256, and names what is wrong (reports/audit.json); exit 1 if anything is. */
import { loadProject } from '../lib/config/load.ts';
import { FAILED } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { audit } from '../lib/registry/audit.ts';
import { json } from '../lib/registry/json.ts';
import { formatCount, run, say } from '../lib/terminal.ts';

run(() => {
  const project = loadProject();
  const { checked, problems } = audit(project);
  const result = { time: new Date().toISOString(), checked, problems };
  writeAtomic(project.path(project.config.paths.reports, 'audit.json'), json(result));
  const what = `${checked.ledgers} ledgers, ${formatCount(checked.lines)} lines, ${checked.anchors} anchors, ${checked.artefacts} artefacts, ${checked.versions} versions`;
  if (problems.length === 0) {
    say('audit', `all well: ${what}`);
    return;
  }
  console.error(problems.join('\n'));
  say('audit', `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${what}`);
  process.exitCode = FAILED;
});
