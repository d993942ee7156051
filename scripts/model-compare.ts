/** Compares two versions: settings and data that differ, metrics on the same rows, and where they disagree. */
import { openRegistry } from '../lib/clockwork.ts';
import { badInput } from '../lib/fault.ts';
import { formatCount, formatInterval, run, say } from '../lib/terminal.ts';

run(() => {
  const [nameA, nameB] = process.argv.slice(2);
  if (!nameA || !nameB) throw badInput('which two? make compare A=v1 B=v2');
  const registry = openRegistry();
  const [a, b] = [registry.resolve(nameA), registry.resolve(nameB)];
  const { changes, rows, differences, agreeing, apart } = registry.compare(a, b);
  say('compare', `${a} and ${b} differ in: ${changes.join(' · ') || 'nothing that training uses'}`);
  say(
    'rows',
    rows.outOfFold
      ? `out-of-fold scores of the ${formatCount(rows.count)} rows of ${rows.path}`
      : `${formatCount(rows.count)} rows of ${rows.path}, on which neither was trained`,
  );
  for (const [metric, { estimate, verdict }] of Object.entries(differences)) {
    const said = {
      pass: `pass: ${b} is better or equal`,
      fail: `fail: ${b} is worse`,
      inconclusive: 'inconclusive: the interval of the difference holds 0',
    }[verdict];
    console.log(`  ${metric.padEnd(10)} ${b} − ${a}: ${formatInterval(estimate)}   ${said}`);
  }
  say(
    'agreement',
    `${formatCount(agreeing)} of ${formatCount(rows.count)} rows classed alike; furthest apart:`,
  );
  for (const { row, a: before, b: after, truth } of apart)
    console.log(`  row ${row}: ${a} ${before.toFixed(3)}, ${b} ${after.toFixed(3)}, true class ${truth}`);
});
