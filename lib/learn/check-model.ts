/** A model file is data that somebody may have made up: nothing is scored by one whose shape is not that of a model. */
import { outputsOf } from '../numbers/outputs.ts';
import type { Model } from './estimator.ts';
import type { Tree } from './tree.ts';

/** What is wrong with the content of model.json for these features and classes; undefined where it is a model of them. */
export function modelProblem(
  model: Model,
  features: readonly string[],
  classes: readonly string[],
): string | undefined {
  if (!sameTexts(model?.features, features)) return 'its features are not those of pipeline.json';
  if (!sameTexts(model.classes, classes)) return 'its classes are not those of signature.json';
  const outputs = outputsOf(classes.length).length;
  if (model.algorithm === 'LogisticRegression') {
    const { intercepts, coefficients } = model.logistic ?? {};
    const right =
      areNumbers(intercepts, outputs) &&
      Array.isArray(coefficients) &&
      coefficients.length === outputs &&
      coefficients.every((row) => areNumbers(row, features.length));
    return right ? undefined : 'its coefficients are not a number for each output and feature';
  }
  if (model.algorithm !== 'RandomForest' && model.algorithm !== 'GradientBoosting')
    return 'its algorithm is not known';
  if (model.algorithm === 'GradientBoosting' && !areNumbers(model.base, outputs))
    return 'its base is not a number for each output';
  if (!Array.isArray(model.trees) || model.trees.length === 0) return 'it has no trees';
  const values = model.algorithm === 'RandomForest' ? classes.length : 1;
  for (const [i, tree] of model.trees.entries()) {
    const problem = treeProblem(tree, features.length, values);
    if (problem !== undefined) return `tree ${i} ${problem}`;
  }
  return undefined;
}

/** Children come after their parent, so a walk from the root ends. */
function treeProblem(tree: Tree, features: number, values: number): string | undefined {
  const { feature, threshold, left, missing_left, value, cover } = tree ?? {};
  const nodes = Array.isArray(left) ? left.length : 0;
  if (nodes === 0) return 'has no nodes';
  for (const column of [feature, threshold, missing_left, cover])
    if (!areNumbers(column, nodes)) return 'has not a number for each node';
  if (!Array.isArray(value) || value.length !== nodes) return 'has not a value for each node';
  for (let node = 0; node < nodes; node++) {
    const child = left[node]!;
    if (child === 0) {
      if (!areNumbers(value[node], values)) return `has no value at leaf ${node}`;
      continue;
    }
    if (!Number.isInteger(child) || child <= node || child + 1 >= nodes)
      return `has node ${node} lead to node ${child}`;
    if (!Number.isInteger(feature[node]) || feature[node]! < 0 || feature[node]! >= features)
      return `asks node ${node} for feature ${feature[node]}`;
  }
  return undefined;
}

function areNumbers(values: unknown, count: number): values is number[] {
  return Array.isArray(values) && values.length === count && values.every((x) => Number.isFinite(x));
}

function sameTexts(a: unknown, b: readonly string[]): boolean {
  return Array.isArray(a) && a.length === b.length && b.every((text, i) => a[i] === text);
}
