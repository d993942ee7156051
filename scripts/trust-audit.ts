/** Verifies every ledger's chain and every recorded sha256, and names what is wrong; exit 1 if anything is. */
import { loadProject } from '../lib/config/load.ts';
import { FAILED } from '../lib/fault.ts';
import { audit } from '../lib/registry/audit.ts';
import { formatCount, run, say } from '../lib/terminal.ts';

run(() => {
  const { checked, problems } = audit(loadProject());
  const what = `${checked.ledgers} ledgers, ${formatCount(checked.lines)} lines, ${checked.anchors} anchors, ${checked.artefacts} artefacts, ${checked.versions} versions`;
  if (problems.length === 0) {
    say('audit', `all well: ${what}`);
    return;
  }
  console.error(problems.join('\n'));
  say('audit', `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${what}`);
  process.exitCode = FAILED;
});
