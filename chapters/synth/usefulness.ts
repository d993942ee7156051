/** What a model learns from made rows, judged on real ones that nobody learnt; beside one that learnt real rows. */
import type { Config } from '../../lib/config/schema.ts';
import { datasetOf } from '../../lib/data/dataset.ts';
import type { Table } from '../../lib/data/table.ts';
import { fitModel, scorerOf } from '../../lib/learn/estimator.ts';
import { metricsOf } from '../../lib/measure/metrics.ts';
import { classify, mostProbable } from '../../lib/numbers/outputs.ts';
import { fitPipeline, transform } from '../../lib/train/pipeline.ts';

export interface Usefulness {
  readonly roc_auc: number;
  readonly pr_auc: number;
  readonly accuracy: number;
}

/** Boosted trees by the settings of the config, learnt from one table and scored on the other; undefined where a class is missing. */
export async function usefulness(
  config: Config,
  learnt: Table,
  judged: Table,
): Promise<Usefulness | undefined> {
  const schema = Object.fromEntries(learnt.columns.map(({ name }) => [name, config.schema[name]!]));
  const [train, test] = [learnt, judged].map((table) => datasetOf(table, schema)) as [
    ReturnType<typeof datasetOf>,
    ReturnType<typeof datasetOf>,
  ];
  const target = learnt.columns.find(({ role }) => role === 'target')!;
  const classes = target.categories!;
  if ([train, test].some(({ target: labels }) => classes.some((_, k) => !labels.includes(k))))
    return undefined;
  const pipeline = fitPipeline(train.inputs, schema, config.features.engineered, false);
  const params = { ...config.model_params, algorithm: 'GradientBoosting' as const };
  const model = await fitModel(transform(pipeline, train.inputs), train.target, classes, params, {
    threads: params.threads,
  });
  const scores = scorerOf(model)(transform(pipeline, test.inputs).values, test.inputs.rows);
  const given = classify(scores, { thresholds: mostProbable(classes.length) });
  const { roc_auc, pr_auc, accuracy } = metricsOf(
    { classes: classes.length, labels: test.target, scores },
    given,
  )();
  return { roc_auc, pr_auc, accuracy };
}
