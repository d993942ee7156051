/** Runs the whole life of a model on each awkward table, from the interview with it to the audit. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { chapters } from '../../../lib/door.ts';
import { badInput, failed, MISSED } from '../../../lib/fault.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { didYouMean } from '../../../lib/words.ts';
import { SHAPES } from '../shapes.ts';

/** Each is a make of its own; the gate may well say no. */
const LIFE: readonly (readonly string[])[] = [
  ['prepare', 'train'],
  ['gate'],
  ['start'],
  ['smoke'],
  ['replay', 'DAY=quiet'],
  ['monitor'],
  ['retrain'],
  ['stop'],
  ['audit'],
];

step({ chapters, args: { ONLY: optional } }, (project, { ONLY }) => {
  if (ONLY !== undefined && SHAPES[ONLY] === undefined)
    throw badInput(
      `ONLY=${ONLY} is no shape${didYouMean(ONLY, Object.keys(SHAPES))}: ${Object.keys(SHAPES).join(', ')}`,
    );
  const folder = project.state('torture');
  const names = Object.keys(SHAPES).filter((name) => ONLY === undefined || name === ONLY);
  const fallen: string[] = [];
  for (const name of names) {
    const { what, target, text } = SHAPES[name]!;
    const at = `${folder}/${name}`;
    rmSync(at, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const csv = `${folder}/${name}.csv`;
    writeFileSync(csv, text());
    const start = performance.now();
    const problem = live(csv, target, at);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (problem !== undefined) fallen.push(name);
    say(
      fallen.length === 0 && name === names[0] ? 'torture' : '',
      `${name.padEnd(14)} ${problem === undefined ? `lived   ${seconds} s` : `fell    ${problem}`}   ${what}`,
    );
  }
  if (fallen.length > 0)
    throw failed(
      `${fallen.length} of ${names.length} shapes fell: ${fallen.join(', ')}. make torture ONLY=${fallen[0]} tries one again`,
    );
});

/** What went wrong, in a line; undefined where nothing did. */
function live(csv: string, target: string, folder: string): string | undefined {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('make', args, {
      encoding: 'utf8',
      env: { ...process.env, ONLY: '', MAKEFLAGS: '', MAKELEVEL: '' },
    });
    return { status, said: `${stderr}${stdout}`.trim().split('\n') };
  };
  const begun = run('init', `CSV=${csv}`, `TARGET=${target}`, `DIR=${folder}`);
  if (begun.status !== 0) return `init: ${begun.said[0]}`;
  const config = `CONFIG=${folder}/config.yaml`;
  let problem: string | undefined;
  for (const args of LIFE) {
    const { status, said } = run(...args, config);
    if (status === 0 || (args[0] === 'gate' && said.some((line) => line.includes(`Error ${MISSED}`))))
      continue;
    problem = `${args.join(' ')}: ${said.find((line) => !line.startsWith('make')) ?? said[0]}`;
    break;
  }
  run('stop', config);
  return problem;
}
