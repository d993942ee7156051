/** Compares versions, each two of them: settings and data that differ, metrics on the same rows, and where they disagree. */
import { chapters } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import type { Project } from '../lib/project.ts';
import { compareVersions } from '../lib/registry/compare.ts';
import { readMetadata } from '../lib/registry/versions.ts';
import { type Argument, step, version } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { formatCount, formatInterval } from '../lib/words.ts';

const which = version('which two? make compare A=v1 B=v2 (and C=v3 …)');
const more: Argument<string | undefined> = (given, project) =>
  given === undefined ? undefined : which(given, project);

step({ chapters, args: { A: which, B: which, C: more, D: more, E: more, F: more } }, (project, given) => {
  const versions = Object.values(given).filter((name) => name !== undefined);
  const pairs = versions.flatMap((a, i) => versions.slice(i + 1).map((b) => [a, b] as const));
  const twice = versions.find((name, i) => versions.indexOf(name) !== i);
  if (twice !== undefined) throw badInput(`${twice} is named twice: every version once`);
  if (pairs.length > 1)
    say('compare', `${pairs.length} pairs: intervals hold for all of them together (Bonferroni)`);
  for (const [a, b] of pairs) sayPair(project, a, b, pairs.length);
});

function sayPair(project: Project, a: string, b: string, pairs: number): void {
  const filesOf = (name: string) => JSON.stringify(readMetadata(project, name).files);
  if (filesOf(a) === filesOf(b)) {
    say('compare', `${a} and ${b} are the same model, byte for byte: nothing that it answers can differ`);
    return;
  }
  const { changes, rows, differences, agreeing, apart } = compareVersions(project, a, b, pairs);
  say('compare', `${a} and ${b} differ in: ${changes.join(' · ') || 'nothing that training uses'}`);
  say(
    'rows',
    rows.outOfFold
      ? `out-of-fold scores of the ${formatCount(rows.count)} rows of ${rows.path}`
      : `${formatCount(rows.count)} rows of ${rows.path}, on which neither was trained`,
  );
  for (const [metric, { estimate, verdict, detectable }] of Object.entries(differences)) {
    const said = {
      pass: `pass: ${b} is better`,
      fail: `fail: ${b} is worse`,
      inconclusive: `inconclusive: a difference of ${detectable.toFixed(3)} would mostly be seen in so many rows`,
    }[verdict];
    console.log(`  ${metric.padEnd(10)} ${b} − ${a}: ${formatInterval(estimate)}   ${said}`);
  }
  say(
    'agreement',
    `${formatCount(agreeing)} of ${formatCount(rows.count)} rows classed alike; furthest apart by their probabilities:`,
  );
  for (const { row, a: of, b: to, truth } of apart)
    console.log(`  row ${row}: ${a} ${of.toFixed(3)}, ${b} ${to.toFixed(3)}, true class ${truth}`);
}
