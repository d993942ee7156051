/** What settings reach on rows that they were not fitted on, fold by fold. */
import { rolesOf } from '../../lib/config/roles.ts';
import type { Config, ModelParams } from '../../lib/config/schema.ts';
import type { Dataset } from '../../lib/data/dataset.ts';
import { badInput } from '../../lib/fault.ts';
import { logLoss, metricsOf } from '../../lib/measure/metrics.ts';
import { classify, mostProbable } from '../../lib/numbers/outputs.ts';
import { splitFold, stratifiedFolds } from '../../lib/train/folds.ts';
import { fitPart, type Part } from '../../lib/train/part.ts';
import type { TuneSettings } from './settings.ts';

export type TuningMetric = TuneSettings['metric'];

/**
 * stratified: every row is scored once, by a model that saw no row of its entity. chronological: the rows in their order in
 * folds + 1 blocks, each but the first scored by a model of all blocks before it.
 */
export function foldsOf(
  method: TuneSettings['validation'],
  data: Dataset,
  folds: number,
  seed: number,
): Part[] {
  const rows = data.target.length;
  if (method === 'stratified') {
    const fold = stratifiedFolds(data.target, folds, seed, data.entities);
    return Array.from({ length: folds }, (_, which) => {
      const { inside, outside } = splitFold(fold, which);
      return { learn: outside, score: inside };
    });
  }
  const start = (block: number) => Math.floor((block * rows) / (folds + 1));
  const range = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);
  return Array.from({ length: folds }, (_, i) => ({
    learn: range(0, start(i + 1)),
    score: range(start(i + 1), start(i + 2)),
  }));
}

/** The metric on each fold; fails with exit code 2 where a fold lacks a class to learn. */
export async function crossValidate(
  config: Config,
  params: ModelParams,
  data: Dataset,
  folds: readonly Part[],
  metric: TuningMetric,
): Promise<number[]> {
  const classes = rolesOf(config.schema).target.categories!;
  const values: number[] = [];
  const task = {
    inputs: data.inputs,
    target: data.target,
    schema: config.schema,
    engineered: config.features.engineered,
    params,
  };
  for (const fold of folds) {
    if (new Set(fold.learn.map((row) => data.target[row]!)).size < classes.length)
      throw badInput(
        `a fold has no row of some class to learn from: fewer chapters.tune.folds, or validation: stratified`,
      );
    const { scores } = await fitPart(task, fold, { threads: 1 });
    const labels = Uint8Array.from(fold.score, (row) => data.target[row]!);
    const rows = { classes: classes.length, labels, scores };
    const given = classify(rows.scores, { thresholds: mostProbable(classes.length) });
    values.push(metric === 'log_loss' ? logLoss(rows) : metricsOf(rows, given)()[metric]);
  }
  return values;
}
