/** Why one prediction is what it is: the contribution of each feature, which add up to the output that was given. */

import { loadProject } from '../lib/config/load.ts';
import { explainRow } from '../lib/explain/explain.ts';
import { FAILED } from '../lib/fault.ts';
import { transformRow } from '../lib/features/pipeline.ts';
import type { Model } from '../lib/learn/estimator.ts';
import { outputsOf } from '../lib/learn/outputs.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { readVersionFile } from '../lib/registry/versions.ts';
import { rowParser } from '../lib/serve/input.ts';
import { run, say } from '../lib/terminal.ts';
import { findPrediction } from '../lib/watch/find-prediction.ts';

const BAR = 30;

run(() => {
  const project = loadProject();
  const { line } = findPrediction(project, process.argv[2], 'explain');
  const { pipeline, signature, scorer } = loadVersion(project, line.model);
  const model = readVersionFile(project, line.model, 'model.json') as Model;
  const parsed = rowParser(signature)([line.input]);
  if ('problems' in parsed) throw new Error('the logged row is none of the version that answered it');
  const row = new Float64Array(pipeline.features.length);
  const inputs = parsed.values.slice();
  transformRow(pipeline, inputs, row, 0);
  const { classes } = signature.output;
  const of = outputsOf(classes.length).length === 1 ? 0 : classes.indexOf(line.class);
  const { space, base, contributions, output } = explainRow(model, row, of);

  const given = `${signature.output.target} ${line.class}, probability ${line.probability.toFixed(4)}`;
  say('explain', `prediction ${line.id}   ${line.model} (${model.algorithm})   ${given}`, `in ${space}:`);
  const number = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(4)}`;
  console.log(`  ${number(base).padStart(9)}  mean over the training rows`);
  const largest = Math.max(...contributions.map(Math.abs), 1e-12);
  const order = [...contributions.keys()].sort(
    (a, b) => Math.abs(contributions[b]!) - Math.abs(contributions[a]!),
  );
  for (const f of order) {
    const contribution = contributions[f]!;
    const bar = (contribution < 0 ? '▒' : '█').repeat(Math.round((BAR * Math.abs(contribution)) / largest));
    const value =
      pipeline.scaling === null
        ? row[f]!
        : row[f]! * pipeline.scaling.deviation[f]! + pipeline.scaling.mean[f]!;
    const shown = Number.isNaN(value) ? 'missing' : String(Math.round(value * 1e4) / 1e4);
    console.log(
      `  ${number(contribution).padStart(9)}  ${`${pipeline.features[f]} = ${shown}`.padEnd(44)} ${bar}`.trimEnd(),
    );
  }
  const probability = scorer(row, 1)[of]!;
  const same = Math.abs(probability - line.probability) <= 1e-6;
  const is = same ? '= what was given' : `NOT what was given (${line.probability})`;
  console.log(
    `  ${number(output).padStart(9)}  sum${space === 'probability' ? '' : `, probability ${probability.toFixed(4)}`} ${is}`,
  );
  if (!same) process.exitCode = FAILED;
});
