/** Why a model gave what it gave: one number per feature, which add up to the output exactly. */
import { type Model, treesOf } from '../learn/estimator.ts';
import { outputsOf } from '../learn/outputs.ts';
import type { Tree } from '../learn/tree.ts';
import { expectedValue, pathDependentShap } from './tree-shap.ts';

/**
 * What the contributions add up in: probability (forest), log-odds (boosting and logistic regression of two classes) or the
 * margin that the softmax takes (of more).
 */
export type Space = 'probability' | 'log-odds' | 'margin';

export interface Explanation {
  readonly space: Space;
  /** Output for no feature: the mean over the training rows. */
  readonly base: number;
  /** One per feature of the model. */
  readonly contributions: Float64Array;
  /** base + the sum of the contributions. */
  readonly output: number;
}

const TOLERANCE = 1e-6;

/** What the contributions to a model's outputs add up in. */
export function spaceOf({ algorithm, classes }: Model): Space {
  if (algorithm === 'RandomForest') return 'probability';
  return classes.length > 2 ? 'margin' : 'log-odds';
}

/**
 * Shapley values of one row of features for one output. Trees: path-dependent TreeSHAP. Linear: coefficient × (x − mean),
 * where features are standardised (Štrumbelj & Kononenko 2014). Fails if they do not add up to what the model gives.
 */
export function explainRow(model: Model, row: Float64Array, output = 0): Explanation {
  const explanation = contributionsOf(model, row, output);
  const direct = outputOf(model, row, output);
  if (!(Math.abs(explanation.output - direct) <= TOLERANCE * Math.max(1, Math.abs(direct))))
    throw new Error(`the contributions add up to ${explanation.output}, the model gives ${direct}`);
  return explanation;
}

/** The trees that an output is made of, where in a leaf its value is, what it is scaled by, and the output without trees. */
function ensembleOf(model: Exclude<Model, { algorithm: 'LogisticRegression' }>, output: number) {
  const outputs = outputsOf(model.classes.length);
  return model.algorithm === 'RandomForest'
    ? { trees: model.trees, at: outputs[output]!, scale: 1 / model.trees.length, start: 0 }
    : { trees: treesOf(model.trees, output, outputs.length), at: 0, scale: 1, start: model.base[output]! };
}

function contributionsOf(model: Model, row: Float64Array, output: number): Explanation {
  const contributions = new Float64Array(model.features.length);
  let base: number;
  if (model.algorithm === 'LogisticRegression') {
    base = model.logistic.intercepts[output]!;
    for (const [f, coefficient] of model.logistic.coefficients[output]!.entries())
      contributions[f] = coefficient * row[f]!;
  } else {
    const { trees, at, scale, start } = ensembleOf(model, output);
    base = start;
    for (const tree of trees) {
      base += scale * expectedValue(tree, at);
      pathDependentShap(tree, at, row, 0, contributions, scale);
    }
  }
  const sum = contributions.reduce((a, contribution) => a + contribution, base);
  return { space: spaceOf(model), base, contributions, output: sum };
}

/** The model's own output, leaf by leaf. */
function outputOf(model: Model, row: Float64Array, output: number): number {
  if (model.algorithm === 'LogisticRegression') {
    const { intercepts, coefficients } = model.logistic;
    return coefficients[output]!.reduce((sum, c, f) => sum + c * row[f]!, intercepts[output]!);
  }
  const leafOf = (tree: Tree): number => {
    let node = 0;
    for (let left = tree.left[0]!; left !== 0; left = tree.left[node]!) {
      const x = row[tree.feature[node]!]!;
      const goesLeft = Number.isNaN(x) ? tree.missing_left[node] === 1 : x <= tree.threshold[node]!;
      node = goesLeft ? left : left + 1;
    }
    return node;
  };
  const { trees, at, scale, start } = ensembleOf(model, output);
  return trees.reduce((sum, tree) => sum + scale * tree.value[leafOf(tree)]![at]!, start);
}
