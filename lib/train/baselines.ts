/** What a model must beat to be worth anything, measured on the same folds. */
import type { Config, ModelParams } from '../config/schema.ts';
import { type IntervalOptions, meanEstimate, measureMetrics } from '../measure/estimates.ts';
import { logLoss, logLosses } from '../measure/metrics.ts';
import type { Estimate } from '../numbers/estimate.ts';
import { classify, mostProbable, outputsOf, type ScoredRows } from '../numbers/outputs.ts';
import { random, shuffled } from '../numbers/random.ts';
import { formatCount, formatInterval } from '../words.ts';
import type { Part } from './part.ts';

/** Part of the content of metrics.json. */
export interface Baselines {
  /** Every row gets the shares of the classes among the rows outside its fold. */
  readonly class_shares: { readonly log_loss: number };
  /** Every row is given the class that is most frequent there. */
  readonly majority_class: { readonly class: string; readonly accuracy: number };
  /** With the penalty C = 1. */
  readonly logistic_regression: {
    readonly log_loss: number;
    readonly accuracy: number;
    readonly roc_auc: Estimate;
    readonly pr_auc: Estimate;
  };
  /** Log loss of the class shares minus that of the model: above 0 the model knows something. */
  readonly gain: Estimate;
}

/** Rows that the logistic regression of a fold learns from, at most. */
const ROWS = 10_000;

/** The folds again, for the logistic regression; undefined where the model itself is that. */
export function logisticParts(
  config: Config,
  folds: readonly { readonly inside: Int32Array; readonly outside: Int32Array }[],
): Part[] | undefined {
  const { algorithm, C, class_weight } = config.model_params;
  if (algorithm === 'LogisticRegression' && C === 1 && class_weight === 'none') return undefined;
  const params: ModelParams = {
    ...config.model_params,
    algorithm: 'LogisticRegression',
    C: 1,
    class_weight: 'none',
  };
  return folds.map(({ inside, outside }) => ({ learn: someOf(outside), score: inside, params }));
}

function someOf(rows: Int32Array): Int32Array {
  if (rows.length <= ROWS) return rows;
  const drawn = shuffled(rows.length, random(0, 'baseline')).subarray(0, ROWS).sort();
  return drawn.map((i) => rows[i]!);
}

/** `fold` says of each row which fold it is in; `logistic` are the baseline's out-of-fold scores, `rows` the model's. */
export function measureBaselines(
  classes: readonly string[],
  fold: Uint8Array,
  rows: ScoredRows,
  logistic: Float64Array,
  options: IntervalOptions,
): Baselines {
  const { labels } = rows;
  const outside = countsOutside(labels, fold, classes.length);
  const shares = { ...rows, scores: new Float64Array(labels.length * outputsOf(classes.length).length) };
  let right = 0;
  for (const [row, label] of labels.entries()) {
    const { counts, all, most } = outside[fold[row]!]!;
    for (const [output, k] of outputsOf(classes.length).entries())
      shares.scores[row * outputsOf(classes.length).length + output] = counts[k]! / all;
    if (label === most) right++;
  }
  const scored = { ...rows, scores: logistic };
  const given = classify(logistic, { thresholds: mostProbable(classes.length) });
  const { accuracy, roc_auc, pr_auc } = measureMetrics(scored, given, options);
  const before = logLosses(shares);
  const after = logLosses(rows);
  return {
    class_shares: { log_loss: logLoss(shares) },
    majority_class: { class: classes[outside[0]!.most]!, accuracy: right / labels.length },
    logistic_regression: {
      log_loss: logLoss(scored),
      accuracy: accuracy.estimate.value,
      roc_auc: roc_auc.estimate,
      pr_auc: pr_auc.estimate,
    },
    gain: meanEstimate(
      before.map((loss, row) => loss - after[row]!),
      options,
    ),
  };
}

/** Per fold the rows of each class outside it. */
function countsOutside(labels: Uint8Array, fold: Uint8Array, classes: number) {
  const folds = fold.reduce((a, b) => Math.max(a, b), 0) + 1;
  const inside = Array.from({ length: folds }, () => new Float64Array(classes));
  for (const [row, label] of labels.entries()) inside[fold[row]!]![label]!++;
  return inside.map((_, which) => {
    const counts = new Float64Array(classes);
    for (const [other, own] of inside.entries())
      if (other !== which) for (let k = 0; k < classes; k++) counts[k]! += own[k]!;
    return {
      counts,
      all: counts.reduce((a, b) => a + b, 0),
      most: counts.indexOf(counts.reduce((a, b) => Math.max(a, b))),
    };
  });
}

/** One line of facts, beside which the model's are read. */
export function describeBaselines(
  { class_shares, majority_class, logistic_regression }: Baselines,
  rows: number,
): string {
  const some = rows > ROWS ? ` (learnt from at most ${formatCount(ROWS)} rows)` : '';
  return [
    `class shares log loss ${class_shares.log_loss.toFixed(3)}`,
    `always "${majority_class.class}" accuracy ${majority_class.accuracy.toFixed(3)}`,
    `logistic log loss ${logistic_regression.log_loss.toFixed(3)} PR-AUC ${formatInterval(logistic_regression.pr_auc)}${some}`,
  ].join('   ');
}

/** Whether the log loss is below those of the baselines. */
export function describeBeaten({ class_shares, logistic_regression }: Baselines, logLoss: number): string {
  const better = [
    ...(logLoss < class_shares.log_loss ? [] : ['the class shares']),
    ...(logLoss <= logistic_regression.log_loss ? [] : ['logistic regression']),
  ];
  return better.length === 0 ? 'below every baseline' : `not below ${better.join(' and ')}`;
}
