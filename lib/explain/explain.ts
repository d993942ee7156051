/** Why a model gave what it gave: one number per feature, which add up to the output exactly. */
import type { Model } from '../learn/estimator.ts';
import type { Tree } from '../learn/tree.ts';
import { expectedValue, pathDependentShap } from './tree-shap.ts';

export interface Explanation {
  /** What the contributions add up in: probability (forest) or log-odds (boosting, logistic regression). */
  readonly space: 'probability' | 'log-odds';
  /** Output for no feature: the mean over the training rows. */
  readonly base: number;
  /** One per feature of the model. */
  readonly contributions: Float64Array;
  /** base + the sum of the contributions. */
  readonly output: number;
}

const TOLERANCE = 1e-6;

/**
 * Shapley values of one row of features. Trees: path-dependent TreeSHAP. Linear: coefficient × (x − mean), where features
 * are standardised (Štrumbelj & Kononenko 2014). Fails if they do not add up to what the model gives.
 */
export function explainRow(model: Model, row: Float64Array): Explanation {
  const explanation = contributionsOf(model, row);
  const direct = outputOf(model, row);
  if (!(Math.abs(explanation.output - direct) <= TOLERANCE * Math.max(1, Math.abs(direct))))
    throw new Error(`the contributions add up to ${explanation.output}, the model gives ${direct}`);
  return explanation;
}

function contributionsOf(model: Model, row: Float64Array): Explanation {
  const contributions = new Float64Array(model.features.length);
  let base: number;
  if (model.algorithm === 'LogisticRegression') {
    base = model.logistic.intercept;
    for (const [f, coefficient] of model.logistic.coefficients.entries())
      contributions[f] = coefficient * row[f]!;
  } else {
    const [output, scale, start] =
      model.algorithm === 'RandomForest' ? [1, 1 / model.trees.length, 0] : [0, 1, model.base];
    base = start;
    for (const tree of model.trees) {
      base += scale * expectedValue(tree, output);
      pathDependentShap(tree, output, row, 0, contributions, scale);
    }
  }
  const output = contributions.reduce((sum, contribution) => sum + contribution, base);
  const space = model.algorithm === 'RandomForest' ? 'probability' : 'log-odds';
  return { space, base, contributions, output };
}

/** The model's own output, leaf by leaf. */
function outputOf(model: Model, row: Float64Array): number {
  if (model.algorithm === 'LogisticRegression')
    return model.logistic.coefficients.reduce((sum, c, f) => sum + c * row[f]!, model.logistic.intercept);
  const leafOf = (tree: Tree): number => {
    let node = 0;
    for (let left = tree.left[0]!; left !== 0; left = tree.left[node]!) {
      const x = row[tree.feature[node]!]!;
      const goesLeft = Number.isNaN(x) ? tree.missing_left[node] === 1 : x <= tree.threshold[node]!;
      node = goesLeft ? left : left + 1;
    }
    return node;
  };
  if (model.algorithm === 'RandomForest')
    return model.trees.reduce((sum, tree) => sum + tree.value[leafOf(tree)]![1]!, 0) / model.trees.length;
  return model.trees.reduce((sum, tree) => sum + tree.value[leafOf(tree)]![0]!, model.base);
}
