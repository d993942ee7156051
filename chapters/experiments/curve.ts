/** What a model of many trees knows after each share of them, on rows that it has not seen. */
import { rolesOf } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import type { Dataset } from '../../lib/data/dataset.ts';
import { calibratedScorer, type Model } from '../../lib/learn/estimator.ts';
import { logLoss, outputOf, rankMetrics, rankScores } from '../../lib/measure/metrics.ts';
import { outputsOf } from '../../lib/numbers/outputs.ts';
import type { Version } from '../../lib/train/build.ts';
import { transform } from '../../lib/train/pipeline.ts';

export interface CurvePoint {
  readonly trees: number;
  readonly log_loss: number;
  /** Of two classes. */
  readonly pr_auc: number | null;
}

const POINTS = 8;

/** Undefined of a model without trees, and where no rows are left that it has not seen. */
export function learningCurve(
  { schema }: Pick<Config, 'schema'>,
  { model, pipeline, calibration }: Pick<Version, 'model' | 'pipeline' | 'calibration'>,
  later: Dataset | undefined,
): CurvePoint[] | undefined {
  if (later === undefined || model.algorithm === 'LogisticRegression') return undefined;
  const classes = rolesOf(schema).target.categories!.length;
  const outputs = model.algorithm === 'GradientBoosting' ? outputsOf(classes).length : 1;
  const rounds = model.trees.length / outputs;
  const { values, rows } = transform(pipeline, later.inputs);
  const counts = Array.from({ length: POINTS }, (_, i) => Math.ceil(((i + 1) * rounds) / POINTS));
  return [...new Set(counts)].map((trees) => {
    const part = { ...model, trees: model.trees.slice(0, trees * outputs) } as Model;
    const scored = {
      classes,
      labels: later.target,
      scores: calibratedScorer(part, calibration)(values, rows),
    };
    const { labels, scores } = outputOf(scored, 0);
    return {
      trees,
      log_loss: logLoss(scored),
      pr_auc: classes === 2 ? rankMetrics(rankScores(labels, scores)).pr_auc : null,
    };
  });
}
