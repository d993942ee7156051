/** Verifies every ledger's chain and every recorded sha256, and names what is wrong (reports/audit.json); exit 1 if anything is. */
import { chapters, handedIn } from '../lib/door.ts';
import { FAILED } from '../lib/fault.ts';
import { json, writeAtomic } from '../lib/files/write.ts';
import { audit, auditPath, headsToKeep } from '../lib/registry/audit.ts';
import { optional, step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { formatMany } from '../lib/words.ts';

step({ chapters, args: { FULL: optional } }, (project, { FULL }) => {
  const { checked, problems } = audit(project, handedIn('audit'), FULL !== undefined);
  // Kept elsewhere, each head must be in its ledger for ever.
  const heads = headsToKeep(project, problems);
  const result = { time: new Date().toISOString(), checked, problems, heads };
  writeAtomic(auditPath(project.reports), json(result));
  const what = [
    formatMany(checked.ledgers, 'ledger'),
    formatMany(checked.lines, 'line'),
    formatMany(checked.anchors, 'anchor'),
    formatMany(checked.artefacts, 'artefact'),
    formatMany(checked.versions, 'version'),
  ].join(', ');
  if (problems.length === 0) {
    say('audit', `all well: ${what}`);
    return;
  }
  console.error(problems.join('\n'));
  say('audit', `${formatMany(problems.length, 'problem')} in ${what}`);
  process.exitCode = FAILED;
});
