/** Why a model gave what it gave: one number per feature, which add up to the output exactly. */
import { type Model, treesOf } from '../../lib/learn/estimator.ts';
import type { Matrix } from '../../lib/numbers/matrix.ts';
import { outputsOf } from '../../lib/numbers/outputs.ts';
import { interventionalExplainer } from './interventional.ts';
import { pathDependentExplainer, type TreeExplainer } from './path-dependent.ts';
import { leafOf } from './walk.ts';

/**
 * What the contributions add up in: probability (forest), log-odds (boosting and logistic regression of two classes) or the
 * margin that the softmax takes (of more).
 */
export type Space = 'probability' | 'log-odds' | 'margin';

/** What a feature that is left out does: follows both branches by cover, takes the values of background rows, or is at its mean. */
export type Method = 'path_dependent' | 'interventional' | 'linear';

export interface Explanation {
  /** Output for no feature: the mean over the training rows, or over the background. */
  readonly base: number;
  /** One per feature of the model. */
  readonly contributions: Float64Array;
  /** base + the sum of the contributions. */
  readonly output: number;
}

export interface Explainer {
  readonly space: Space;
  readonly method: Method;
  /** Shapley values of row[at …] for one output; fails if they do not add up to what the model gives. */
  explain(row: Float64Array, at: number, output: number): Explanation;
}

const TOLERANCE = 1e-6;

/** What the contributions to a model's outputs add up in. */
export function spaceOf({ algorithm, classes }: Model): Space {
  if (algorithm === 'RandomForest') return 'probability';
  return classes.length > 2 ? 'margin' : 'log-odds';
}

/** Prepares a model's trees once for many rows. With background rows of features, a feature left out takes their values. */
export function explainerOf(model: Model, background?: Matrix): Explainer {
  const { method, explain, direct } =
    model.algorithm === 'LogisticRegression' ? linear(model) : ensemble(model, background);
  return {
    space: spaceOf(model),
    method,
    explain(row, at, output) {
      const contributions = new Float64Array(model.features.length);
      const base = explain(row, at, output, contributions);
      const sum = contributions.reduce((a, contribution) => a + contribution, base);
      const given = direct(row, at, output);
      if (!(Math.abs(sum - given) <= TOLERANCE * Math.max(1, Math.abs(given))))
        throw new Error(`the contributions add up to ${sum}, the model gives ${given}`);
      return { base, contributions, output: sum };
    },
  };
}

interface Explaining {
  readonly method: Method;
  /** Adds to the contributions and returns the base. */
  explain(row: Float64Array, at: number, output: number, contributions: Float64Array): number;
  /** The model's own output. */
  direct(row: Float64Array, at: number, output: number): number;
}

/** coefficient × (x − mean), where features are standardised (Štrumbelj & Kononenko 2014). */
function linear({ logistic }: Extract<Model, { algorithm: 'LogisticRegression' }>): Explaining {
  const { intercepts, coefficients } = logistic;
  return {
    method: 'linear',
    explain(row, at, output, contributions) {
      for (const [f, coefficient] of coefficients[output]!.entries())
        contributions[f] = coefficient * row[at + f]!;
      return intercepts[output]!;
    },
    direct: (row, at, output) =>
      coefficients[output]!.reduce((sum, c, f) => sum + c * row[at + f]!, intercepts[output]!),
  };
}

type Ensemble = Exclude<Model, { algorithm: 'LogisticRegression' }>;

/** The trees that an output is made of, where in a leaf its value is, what it is scaled by, and the output without trees. */
function treesFor(model: Ensemble, output: number) {
  const outputs = outputsOf(model.classes.length);
  return model.algorithm === 'RandomForest'
    ? { trees: model.trees, place: outputs[output]!, scale: 1 / model.trees.length, start: 0 }
    : {
        trees: treesOf(model.trees, output, outputs.length),
        place: 0,
        scale: 1,
        start: model.base[output]!,
      };
}

function ensemble(model: Ensemble, background: Matrix | undefined): Explaining {
  const outputs = outputsOf(model.classes.length).map((_, output) => treesFor(model, output));
  const prepared = new Map<unknown, TreeExplainer>(
    model.trees.map((tree) => [
      tree,
      background === undefined ? pathDependentExplainer(tree) : interventionalExplainer(tree, background),
    ]),
  );
  const each = outputs.map(({ trees, place, scale, start }) => {
    const explainers = trees.map((tree) => prepared.get(tree)!);
    const base = explainers.reduce((sum, explainer) => sum + scale * explainer.expected(place), start);
    return { explainers, base };
  });
  return {
    method: background === undefined ? 'path_dependent' : 'interventional',
    explain(row, at, output, contributions) {
      const { place, scale } = outputs[output]!;
      const { explainers, base } = each[output]!;
      for (const explainer of explainers) explainer.add(place, row, at, contributions, 0, scale);
      return base;
    },
    direct(row, at, output) {
      const { trees, place, scale, start } = outputs[output]!;
      return trees.reduce((sum, tree) => sum + scale * tree.value[leafOf(tree, row, at)]![place]!, start);
    },
  };
}
