/** What a model does as a whole: Shapley values of many rows, permutation importance, partial dependence. */

import type { Schema } from '../../lib/config/schema.ts';
import type { Scorer } from '../../lib/learn/estimator.ts';
import { logLoss } from '../../lib/measure/metrics.ts';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import { columnOf, type Matrix, presentOf, takeRows } from '../../lib/numbers/matrix.ts';
import type { ScoredRows } from '../../lib/numbers/outputs.ts';
import { random, shuffled } from '../../lib/numbers/random.ts';
import { type Pipeline, transform } from '../../lib/train/pipeline.ts';
import type { Explainer } from './explain.ts';
import { inputGroups, sumByInput } from './inputs.ts';

export interface GlobalExplanation {
  /** Inputs and engineered features, the most important first. */
  readonly names: readonly string[];
  /** Mean |Shapley value| by output, in the order of names. */
  readonly importance: readonly (readonly number[])[];
  /** Of each row and output, the Shapley value by name. */
  readonly contributions: readonly (readonly (readonly number[])[])[];
  /** Of each row, the value by name; null where it is missing. */
  readonly values: readonly (readonly (number | null)[])[];
}

export interface Explained {
  readonly pipeline: Pipeline;
  readonly explainer: Explainer;
  readonly outputs: number;
}

/** Explains every row of raw inputs; fails if any explanation does not add up. */
export function explainRows({ pipeline, explainer, outputs }: Explained, inputs: Matrix): GlobalExplanation {
  const groups = inputGroups(pipeline);
  const features = transform(pipeline, inputs);
  const width = features.names.length;
  const values = valuesByName(pipeline, groups.names.length, inputs, features);
  const byRow = Array.from({ length: inputs.rows }, (_, row) =>
    Array.from({ length: outputs }, (_, output) =>
      sumByInput(groups, explainer.explain(features.values, row * width, output).contributions),
    ),
  );
  const importance = groups.names.map((_, group) =>
    Array.from(
      { length: outputs },
      (_, output) => byRow.reduce((sum, row) => sum + Math.abs(row[output]![group]!), 0) / inputs.rows,
    ),
  );
  const total = importance.map((each) => each.reduce((a, b) => a + b, 0));
  const order = [...groups.names.keys()].sort((a, b) => total[b]! - total[a]!);
  return {
    names: order.map((group) => groups.names[group]!),
    importance: order.map((group) => importance[group]!),
    contributions: byRow.map((row) => row.map((values) => order.map((group) => values[group]!))),
    values: byRow.map((_, row) =>
      order.map((group) => {
        const value = values[row * groups.names.length + group]!;
        return Number.isNaN(value) ? null : value;
      }),
    ),
  };
}

/** What each input held in each row, and each engineered feature before scaling: rows × names. */
function valuesByName({ scaling }: Pipeline, names: number, inputs: Matrix, features: Matrix): Float64Array {
  const width = inputs.names.length;
  const firstEngineered = features.names.length - (names - width);
  const values = new Float64Array(inputs.rows * names);
  for (let row = 0; row < inputs.rows; row++) {
    for (let f = 0; f < width; f++) values[row * names + f] = inputs.values[row * width + f]!;
    for (let f = firstEngineered; f < features.names.length; f++) {
      const x = features.values[row * features.names.length + f]!;
      values[row * names + width + f - firstEngineered] =
        scaling === null ? x : x * scaling.deviation[f]! + scaling.mean[f]!;
    }
  }
  return values;
}

export interface PermutationImportance {
  readonly name: string;
  /** By how much the log loss grows when the column's values change places: mean, lowest and highest of the repeats. */
  readonly loss: Estimate;
}

const REPEATS = 5;

/** Breiman 2001, section 10, with log loss in place of the error rate. */
export function permutationImportance(
  { pipeline, scorer }: { pipeline: Pipeline; scorer: Scorer },
  inputs: Matrix,
  truth: Pick<ScoredRows, 'classes' | 'labels'>,
  seed: number,
): PermutationImportance[] {
  const lossOf = (matrix: Matrix) => {
    const features = transform(pipeline, matrix);
    return logLoss({ ...truth, scores: scorer(features.values, features.rows) });
  };
  const before = lossOf(inputs);
  const width = inputs.names.length;
  return inputs.names
    .map((name, f) => {
      const grown = Array.from({ length: REPEATS }, (_, repeat) => {
        const order = shuffled(inputs.rows, random(seed, 'permutation', f, repeat));
        const values = inputs.values.slice();
        for (const [row, from] of order.entries()) values[row * width + f] = inputs.values[from * width + f]!;
        return lossOf({ ...inputs, values }) - before;
      });
      const mean = grown.reduce((a, b) => a + b, 0) / REPEATS;
      return { name, loss: { value: mean, low: Math.min(...grown), high: Math.max(...grown) } };
    })
    .sort((a, b) => b.loss.value - a.loss.value);
}

export interface PartialDependence {
  readonly name: string;
  /** Values that the input was set to in every row; categories by name. */
  readonly grid: readonly (number | string)[];
  /** Mean probability of each output there. */
  readonly means: readonly (readonly number[])[];
}

const GRID = 20;
const PDP_ROWS = 300;

/** Mean prediction with one input set to each of its values in turn (Friedman 2001, section 8.2). */
export function partialDependence(
  { pipeline, scorer }: { pipeline: Pipeline; scorer: Scorer },
  inputs: Matrix,
  schema: Schema,
  name: string,
): PartialDependence {
  const f = inputs.names.indexOf(name);
  const width = inputs.names.length;
  const step = Math.max(1, Math.floor(inputs.rows / PDP_ROWS));
  const some = takeRows(
    inputs,
    Array.from({ length: Math.ceil(inputs.rows / step) }, (_, i) => i * step),
  );
  const column = presentOf(columnOf(inputs, f)).sort();
  const { categories } = schema[name]!;
  const grid =
    categories === undefined
      ? [
          ...new Set(
            Array.from(
              { length: GRID },
              (_, i) => column[Math.round((i * (column.length - 1)) / (GRID - 1))]!,
            ),
          ),
        ]
      : [...categories.keys()];
  return {
    name,
    grid: categories === undefined ? grid : [...categories],
    means: grid.map((value) => {
      const values = some.values.slice();
      for (let row = 0; row < some.rows; row++) values[row * width + f] = value;
      const features = transform(pipeline, { ...some, values });
      const scores = scorer(features.values, features.rows);
      const outputs = scores.length / some.rows;
      return Array.from({ length: outputs }, (_, output) => {
        let sum = 0;
        for (let row = 0; row < some.rows; row++) sum += scores[row * outputs + output]!;
        return sum / some.rows;
      });
    }),
  };
}
