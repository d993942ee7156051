/** One trial of a search: draws its settings, cross-validates them on its part of the rows, and writes one file. */
import { setFlagsFromString } from 'node:v8';
import { sectionOf } from '../../../lib/config/parse.ts';
import { programHashes } from '../../../lib/config/programs.ts';
import { settingsOf } from '../../../lib/config/settings.ts';
import { readDataset, takeDataset } from '../../../lib/data/dataset.ts';
import { chapters, handedIn } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { sha256File } from '../../../lib/files/hash.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { foldsInterval } from '../../../lib/measure/intervals.ts';
import { random, shuffled } from '../../../lib/numbers/random.ts';
import { tryOut } from '../../../lib/registry/tried.ts';
import { required, step } from '../../../lib/step.ts';
import { crossValidate, foldsOf } from '../cross-validate.ts';
import { doneOf, partOf, rungsOf, type Trial, trialPath, trialsOf } from '../search.ts';
import { tuneSection } from '../settings.ts';
import { drawTrial } from '../space.ts';

// A process of some tenths of a second: compiling all that is warm would cost a third of it, so only what is hot.
setFlagsFromString('--interrupt-budget=1000000');

/** TRIAL is its number and its part of the rows, as in the name of its file: 0003-1. */
step(
  { chapters, args: { TRIAL: required('which trial? make tune draws them') } },
  async (project, { TRIAL }) => {
    const [, number, of] = /^(\d{4})-(\d+)$/.exec(TRIAL) ?? [];
    if (number === undefined) throw badInput(`TRIAL=${TRIAL} is no trial: 0003-1`);
    const [trial, part] = [Number(number), Number(of)];
    const { config } = project;
    const { data, model_params } = config;
    const tuning = sectionOf(config, tuneSection);
    const path = project.path(data.processed_dir, `${data.current_version}_train.csv`);
    const all = readDataset(path, config.schema);
    const rows = rowsOf(all.target.length, 1 / part, tuning.seed);
    const seen = rows.length === all.target.length ? all : takeDataset(all, rows);
    const params = drawTrial(tuning.space, tuning.seed, trial);
    const folds = foldsOf(tuning.validation, seen, tuning.folds, tuning.seed);
    const { metric, validation, seed } = tuning;
    const basis = JSON.stringify({ validation, folds: tuning.folds, seed, part });
    const tried = {
      kind: 'trial' as const,
      name: TRIAL,
      settings: { ...settingsOf(config, 'train'), model_params: { ...model_params, ...params }, basis },
      data: { version: data.current_version, sha256: sha256File(path), rows: rows.length },
      code: programHashes(['chapters/tune/scripts/tune-trial.ts']),
    };
    const { values, mean, deviation } = await tryOut(project, tried, handedIn('tried'), async () => {
      const values = await crossValidate(config, { ...model_params, ...params }, seen, folds, metric);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const deviation = Math.sqrt(
        values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, values.length - 1),
      );
      const { low, high } = foldsInterval(values, config.evaluation.confidence);
      const measured =
        metric === 'log_loss'
          ? { log_loss: mean, metrics: {} }
          : { metrics: { [metric]: { value: mean, low, high } } };
      return {
        result: { values, mean, deviation },
        outcome: { ...measured, folds: { metric, values, basis } },
      };
    });
    const result: Trial = { trial, part, rows: rows.length, params, values, mean, deviation };
    writeAtomic(trialPath(project, trial, part), json(result));
    if (!process.stderr.isTTY) return;
    const rungs = rungsOf(tuning);
    const rung =
      Array.from({ length: rungs }, (_, i) => i + 1).find((each) => partOf(each, rungs) === part) ?? rungs;
    const trials = trialsOf(project, rung);
    sayProgress(rungs === 1 ? 'tune' : `tune 1/${part}`, doneOf(project, part, trials), trials.length);
  },
);

/** The same rows for every trial of a rung, in their order. */
function rowsOf(count: number, share: number, seed: number): Int32Array {
  const order = shuffled(count, random(seed, 'rows'));
  return order.slice(0, Math.max(1, Math.round(count * share))).sort();
}

/** One line that is written over again and again as a long task of several processes goes on; nothing in a pipe. */
function sayProgress(step: string, done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  const filled = Math.round((30 * done) / total);
  const bar = '█'.repeat(filled) + '░'.repeat(30 - filled);
  process.stderr.write(`\r${step.padEnd(10)} ${bar} ${done} of ${total}${done === total ? '\n' : ''}`);
}
