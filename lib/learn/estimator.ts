/** The estimators by name: fitting gives a portable model, a model gives a scorer. */
import type { ModelParams } from '../config/schema.ts';
import type { Matrix } from '../numbers/matrix.ts';
import { outputsOf } from '../numbers/outputs.ts';
import { seedOf } from '../numbers/random.ts';
import { fitBoosting } from './boosting.ts';
import { type Calibration, calibrate } from './calibration.ts';
import { fitForest } from './forest.ts';
import { fitLogistic, type Logistic, sigmoid } from './logistic.ts';
import { threadsFor } from './threads.ts';
import type { Tree } from './tree.ts';
import { treeScorer } from './tree-scorer.ts';

interface Common {
  readonly features: readonly string[];
  /** Class labels in the order of class indices; outputsOf says which of them scores are of. */
  readonly classes: readonly string[];
}

/** The content of model.json: data only, so that loading it can execute nothing. */
export type Model = Common &
  (
    | { readonly algorithm: 'LogisticRegression'; readonly logistic: Logistic }
    | { readonly algorithm: 'RandomForest'; readonly trees: readonly Tree[] }
    | {
        readonly algorithm: 'GradientBoosting';
        readonly base: readonly number[];
        readonly trees: readonly Tree[];
      }
  );

export type Algorithm = Model['algorithm'];

/** Trees split on order alone; a linear model needs standardised inputs. */
export function needsScaling(algorithm: Algorithm): boolean {
  return algorithm === 'LogisticRegression';
}

export interface FitOptions {
  readonly threads: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The settings that each algorithm goes by, besides the seed. */
export const SETTINGS_OF: Readonly<Record<ModelParams['algorithm'], readonly (keyof ModelParams)[]>> = {
  RandomForest: ['n_estimators', 'max_depth', 'min_samples_leaf', 'max_features', 'class_weight', 'max_bins'],
  GradientBoosting: [
    'n_estimators',
    'learning_rate',
    'max_leaves',
    'max_depth',
    'min_samples_leaf',
    'l2_regularization',
    'max_bins',
  ],
  LogisticRegression: ['C', 'class_weight', 'max_iter'],
};

/** Fits the configured algorithm. `target` holds class indices. */
export async function fitModel(
  matrix: Matrix,
  target: Uint8Array,
  classes: readonly string[],
  params: ModelParams,
  { threads, onProgress = () => {} }: FitOptions,
): Promise<Model> {
  const common = { features: matrix.names, classes };
  const trees = params.n_estimators;
  const seed = seedOf(params.random_state, params.algorithm);
  const workers = threadsFor(matrix.values.length * trees, threads);
  if (params.algorithm === 'LogisticRegression') {
    const weights = classWeightsOf(params, target, classes.length);
    // So that rows weigh 1 on average, and the penalty as much as without weights (King & Zeng 2001).
    const sum = target.reduce((all, y) => all + weights[y]!, 0);
    const classWeights = weights.map((weight) => (weight * target.length) / sum);
    const logistic = fitLogistic(matrix, target, { C: params.C, maxIter: params.max_iter, classWeights });
    return { algorithm: params.algorithm, ...common, logistic };
  }
  const onTree = (done: number) => onProgress(done, trees);
  if (params.algorithm === 'RandomForest') {
    const grown = await fitForest(
      matrix,
      target,
      classes.length,
      {
        nEstimators: trees,
        maxDepth: params.max_depth,
        minSamplesLeaf: params.min_samples_leaf,
        maxFeatures: featuresPerSplit(params.max_features, matrix.names.length),
        maxBins: params.max_bins,
        classWeights: classWeightsOf(params, target, classes.length),
        seed,
      },
      workers,
      onTree,
    );
    return { algorithm: params.algorithm, ...common, trees: grown };
  }
  const { base, trees: grown } = await fitBoosting(
    matrix,
    target,
    classes.length,
    {
      nEstimators: trees,
      learningRate: params.learning_rate,
      maxLeaves: params.max_leaves,
      maxDepth: params.max_depth,
      minSamplesLeaf: params.min_samples_leaf,
      l2: params.l2_regularization,
      maxBins: params.max_bins,
      seed,
    },
    workers,
    onTree,
  );
  return { algorithm: params.algorithm, ...common, base, trees: grown };
}

/** Relative to the rarest weight 1 for "balanced" (n / (k × count), King & Zeng 2001), else all 1. */
function classWeightsOf(params: ModelParams, target: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const y of target) counts[y]!++;
  const most = Math.max(...counts);
  return counts.map((count) => (params.class_weight === 'balanced' ? most / Math.max(count, 1) : 1));
}

function featuresPerSplit(setting: ModelParams['max_features'], features: number): number {
  if (setting === 'all') return features;
  if (setting === 'sqrt') return Math.max(1, Math.floor(Math.sqrt(features)));
  return Math.min(setting, features);
}

/** Probabilities, rows × outputs, of row-major features. */
export type Scorer = (values: Float64Array, rows: number) => Float64Array;

export function scorerOf(model: Model): Scorer {
  const width = model.features.length;
  const outputs = outputsOf(model.classes.length);
  if (model.algorithm === 'RandomForest') {
    const { sums } = treeScorer(model.trees, width, outputs);
    return (values, rows) => sums(values, rows).map((sum) => sum / model.trees.length);
  }
  const toProbabilities = outputs.length === 1 ? sigmoids : softmaxes;
  if (model.algorithm === 'LogisticRegression') {
    const { intercepts, coefficients } = model.logistic;
    const margins: Scorer = (values, rows) =>
      new Float64Array(rows * outputs.length).map((_, at) => {
        const output = at % outputs.length;
        const row = (at - output) / outputs.length;
        let margin = intercepts[output]!;
        for (let f = 0; f < width; f++) margin += coefficients[output]![f]! * values[row * width + f]!;
        return margin;
      });
    return (values, rows) => toProbabilities(margins(values, rows), outputs.length);
  }
  const scorers = outputs.map((_, output) =>
    treeScorer(treesOf(model.trees, output, outputs.length), width, [0]),
  );
  return (values, rows) => {
    const margins = new Float64Array(rows * outputs.length);
    for (const [output, { sums }] of scorers.entries()) {
      const of = sums(values, rows);
      for (let row = 0; row < rows; row++)
        margins[row * outputs.length + output] = model.base[output]! + of[row]!;
    }
    return toProbabilities(margins, outputs.length);
  };
}

/** The probabilities that a model's scores mean. */
export function calibratedScorer(model: Model, calibration: Calibration): Scorer {
  const scorer = scorerOf(model);
  if (calibration.method === 'none') return scorer;
  const outputs = outputsOf(model.classes.length).length;
  return (values, rows) => calibrate(calibration, scorer(values, rows), outputs);
}

/** The trees of boosting that add to one output. */
export function treesOf(trees: readonly Tree[], output: number, outputs: number): readonly Tree[] {
  return outputs === 1 ? trees : trees.filter((_, i) => i % outputs === output);
}

function sigmoids(margins: Float64Array): Float64Array {
  return margins.map(sigmoid);
}

function softmaxes(margins: Float64Array, outputs: number): Float64Array {
  for (let at = 0; at < margins.length; at += outputs) {
    const row = margins.subarray(at, at + outputs);
    const highest = row.reduce((a, b) => Math.max(a, b));
    for (let k = 0; k < outputs; k++) row[k] = Math.exp(row[k]! - highest);
    const sum = row.reduce((a, b) => a + b);
    for (let k = 0; k < outputs; k++) row[k]! /= sum;
  }
  return margins;
}

/**
 * Share of each feature, summing to 1. Trees: decrease of Σ cover × |value|² over its splits, which for a forest is the
 * mean decrease in Gini impurity (Breiman 2001) and for boosting the variance of the margin that it explains. Linear:
 * |coefficient| on standardised inputs.
 */
export function featureImportances(model: Model): number[] {
  const totals = model.features.map(() => 0);
  if (model.algorithm === 'LogisticRegression') {
    for (const coefficients of model.logistic.coefficients)
      for (const [f, coefficient] of coefficients.entries()) totals[f]! += Math.abs(coefficient);
  } else {
    for (const tree of model.trees) addDecreases(tree, totals);
  }
  const sum = totals.reduce((a, b) => a + b, 0);
  return totals.map((total) => (sum === 0 ? 0 : total / sum));
}

function addDecreases(tree: Tree, totals: number[]): void {
  const weight = (node: number) => tree.cover[node]! * tree.value[node]!.reduce((sum, v) => sum + v * v, 0);
  const rows = tree.cover[0]!;
  for (let node = 0; node < tree.left.length; node++) {
    const left = tree.left[node]!;
    if (left === 0) continue;
    totals[tree.feature[node]!]! += (weight(left) + weight(left + 1) - weight(node)) / rows;
  }
}
