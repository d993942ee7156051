/** Contributions by input: those of one-hot features add up to that of their column. */
import type { Pipeline } from '../../lib/train/pipeline.ts';

export interface InputGroups {
  /** Inputs, then engineered features. */
  readonly names: readonly string[];
  /** Per feature, the place of its group in names. */
  readonly groupOf: Int32Array;
}

export function inputGroups({ inputs, steps, features }: Pipeline): InputGroups {
  const names = [...inputs];
  const groups: number[] = [];
  for (const step of steps) {
    if (step.kind === 'number') groups.push(step.input);
    else if (step.kind === 'one_hot')
      groups.push(...Array.from({ length: step.categories }, () => step.input));
    else groups.push(names.push(features[groups.length]!) - 1);
  }
  return { names, groupOf: Int32Array.from(groups) };
}

/** Shapley values add up: those of a group are the sum of its features'. */
export function sumByInput({ names, groupOf }: InputGroups, contributions: Float64Array): Float64Array {
  const sums = new Float64Array(names.length);
  for (const [f, contribution] of contributions.entries()) sums[groupOf[f]!]! += contribution;
  return sums;
}
