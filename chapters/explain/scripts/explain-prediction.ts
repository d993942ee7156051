/** Why one prediction is what it is: the contribution of each input, which add up to the output that was given. */
import { chapters } from '../../../lib/door.ts';
import { FAILED } from '../../../lib/fault.ts';
import { writePicture } from '../../../lib/page/picture.ts';
import { rowParser } from '../../../lib/predict/input.ts';
import { findPrediction } from '../../../lib/record/predictions.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { transformRows } from '../../../lib/train/pipeline.ts';
import { inputGroups, sumByInput } from '../inputs.ts';
import { waterfallPicture } from '../pictures.ts';
import { versionExplainer } from '../version.ts';

const BAR = 30;

step({ chapters, args: { ID: required('which prediction? make explain ID=…') } }, (project, { ID }) => {
  const { line } = findPrediction(project.ledgers, ID);
  const loaded = loadVersion(project, line.model);
  const { pipeline, signature, scorer } = loaded;
  const { outputs, target } = signature.output;
  const parsed = rowParser(signature)([line.input]);
  if ('problems' in parsed) throw new Error('the logged row is none of the version that answered it');
  const row = transformRows(pipeline, parsed.values, 1);
  const output = outputs.length === 1 ? 0 : outputs.indexOf(line.class);
  const explainer = versionExplainer(project, loaded);
  const explanation = explainer.explain(row, 0, output);

  const groups = inputGroups(pipeline);
  const contributions = sumByInput(groups, explanation.contributions);
  const steps = groups.names.map((name, group) => {
    const given = line.input[name];
    const engineered = row[pipeline.features.indexOf(name)]!;
    const value = given === undefined ? String(Math.round(engineered * 1e4) / 1e4) : (given ?? 'missing');
    const shown = given === undefined && pipeline.scaling !== null ? name : `${name} = ${value}`;
    return { name: shown, contribution: contributions[group]! };
  });
  const { space } = explainer;
  const given = `${target} ${line.class}, probability ${line.probability.toFixed(4)}`;
  say(
    'explain',
    `prediction ${line.id}   ${line.model} (${loaded.metadata.algorithm})   ${given}`,
    `in ${space} of ${outputs[output]}:`,
  );
  const number = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(4)}`;
  console.log(
    `  ${number(explanation.base).padStart(9)}  mean over ${explainer.method === 'interventional' ? 'the background' : 'the training rows'}`,
  );
  const largest = Math.max(...steps.map(({ contribution }) => Math.abs(contribution)), 1e-12);
  for (const { name, contribution } of [...steps].sort(
    (a, b) => Math.abs(b.contribution) - Math.abs(a.contribution),
  )) {
    const bar = (contribution < 0 ? '▒' : '█').repeat(Math.round((BAR * Math.abs(contribution)) / largest));
    console.log(`  ${number(contribution).padStart(9)}  ${name.padEnd(44)} ${bar}`.trimEnd());
  }
  const probability = scorer(row, 1)[output]!;
  const same = Math.abs(probability - line.probability) <= 1e-6;
  const is = same ? '= what was given' : `NOT what was given (${line.probability})`;
  console.log(
    `  ${number(explanation.output).padStart(9)}  sum${space === 'probability' ? '' : `, probability ${probability.toFixed(4)}`} ${is}`,
  );
  const picture = project.path(project.config.paths.reports, `explain_${line.id}`);
  writePicture(picture, waterfallPicture(explanation.base, steps, space));
  say('', `${picture}.svg`);
  if (!same) process.exitCode = FAILED;
});
