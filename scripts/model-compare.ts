/** Compares two versions: settings and data that differ, metrics on the same rows, and where they disagree. */
import { chapters } from '../lib/door.ts';
import { compareVersions } from '../lib/registry/compare.ts';
import { step, version } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { formatCount, formatInterval } from '../lib/words.ts';

const which = version('which two? make compare A=v1 B=v2');

step({ chapters, args: { A: which, B: which } }, (project, { A, B }) => {
  const { changes, rows, differences, agreeing, apart } = compareVersions(project, A, B);
  say('compare', `${A} and ${B} differ in: ${changes.join(' · ') || 'nothing that training uses'}`);
  say(
    'rows',
    rows.outOfFold
      ? `out-of-fold scores of the ${formatCount(rows.count)} rows of ${rows.path}`
      : `${formatCount(rows.count)} rows of ${rows.path}, on which neither was trained`,
  );
  for (const [metric, { estimate, verdict }] of Object.entries(differences)) {
    const said = {
      pass: `pass: ${B} is better`,
      fail: `fail: ${B} is worse`,
      inconclusive: 'inconclusive: the interval of the difference holds 0',
    }[verdict];
    console.log(`  ${metric.padEnd(10)} ${B} − ${A}: ${formatInterval(estimate)}   ${said}`);
  }
  say(
    'agreement',
    `${formatCount(agreeing)} of ${formatCount(rows.count)} rows classed alike; furthest apart:`,
  );
  for (const { row, a, b, truth } of apart)
    console.log(`  row ${row}: ${A} ${a.toFixed(3)}, ${B} ${b.toFixed(3)}, true class ${truth}`);
});
