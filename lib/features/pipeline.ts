/**
 * From raw inputs to features: imputation, engineered columns, one-hot categories, scaling. Fitted on training rows,
 * saved as pipeline.json, and run by the same code for one row of a request as for a whole table.
 */
import type { Engineered, Schema } from '../config/schema.ts';
import { rolesOf } from '../data/columns.ts';
import { fillFor, isFilled } from '../data/impute.ts';
import { columnOf, type Matrix } from '../learn/matrix.ts';

/** The content of pipeline.json. */
export interface Pipeline {
  /** Raw inputs in the order they arrive. */
  readonly inputs: readonly string[];
  /** Per input: what stands in for a missing value; null leaves it missing. */
  readonly fills: readonly (number | null)[];
  /** Steps that each make features, in their order. */
  readonly steps: readonly Step[];
  /** Names of the features. */
  readonly features: readonly string[];
  /** Per feature, for estimators that need it; else null. */
  readonly scaling: { readonly mean: readonly number[]; readonly deviation: readonly number[] } | null;
}

export type Step =
  | { readonly kind: 'number'; readonly input: number }
  | { readonly kind: 'one_hot'; readonly input: number; readonly categories: number }
  | { readonly kind: Operation; readonly inputs: readonly [number, number]; readonly scale: number };

const OPERATIONS = ['product', 'difference', 'ratio', 'sum'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Learns fills and, if asked, scaling from training rows. `inputs` are raw inputs in schema order. */
export function fitPipeline(
  inputs: Matrix,
  schema: Schema,
  engineered: Engineered,
  scaled: boolean,
): Pipeline {
  const columns = rolesOf(schema).inputs;
  const fills = columns.map((column, f) => {
    const fill = isFilled(column) ? fillFor(column, columnOf(inputs, f)) : Number.NaN;
    return Number.isNaN(fill) ? null : fill;
  });
  const steps: Step[] = columns.map((column, input) =>
    column.type === 'category'
      ? { kind: 'one_hot', input, categories: column.categories!.length }
      : { kind: 'number', input },
  );
  const indexOf = (name: string) => columns.findIndex((column) => column.name === name);
  for (const rule of Object.values(engineered)) {
    const kind = OPERATIONS.find((operation) => rule[operation] !== undefined)!;
    const [a, b] = rule[kind]!;
    steps.push({ kind, inputs: [indexOf(a), indexOf(b)], scale: rule.scale ?? 1 });
  }
  const features = [
    ...columns.flatMap((column) =>
      column.type === 'category'
        ? column.categories!.map((category) => `${column.name} = ${category}`)
        : [column.name],
    ),
    ...Object.keys(engineered),
  ];
  const unscaled: Pipeline = {
    inputs: columns.map(({ name }) => name),
    fills,
    steps,
    features,
    scaling: null,
  };
  return scaled ? { ...unscaled, scaling: standardise(transform(unscaled, inputs)) } : unscaled;
}

/** Mean and standard deviation of each feature; a constant one is only centred. */
function standardise(matrix: Matrix): NonNullable<Pipeline['scaling']> {
  const { rows, names } = matrix;
  const columns = names.map((_, f) => columnOf(matrix, f));
  const mean = columns.map((column) => column.reduce((sum, x) => sum + x, 0) / rows);
  const deviation = columns.map((column, f) => {
    const variance = column.reduce((sum, x) => sum + (x - mean[f]!) ** 2, 0) / rows;
    return variance > 0 ? Math.sqrt(variance) : 1;
  });
  return { mean, deviation };
}

/** The features of a table of raw inputs. */
export function transform(pipeline: Pipeline, inputs: Matrix): Matrix {
  const width = pipeline.inputs.length;
  const features = pipeline.features.length;
  const values = new Float64Array(inputs.rows * features);
  const row = new Float64Array(width);
  for (let i = 0; i < inputs.rows; i++) {
    for (let f = 0; f < width; f++) row[f] = inputs.values[i * width + f]!;
    transformRow(pipeline, row, values, i * features);
  }
  return { names: pipeline.features, rows: inputs.rows, values };
}

/** Writes the features of one row to out[at …]; fills the row's missing values in place. */
export function transformRow(pipeline: Pipeline, row: Float64Array, out: Float64Array, at: number): void {
  const { fills, steps, scaling } = pipeline;
  for (let f = 0; f < row.length; f++) {
    const fill = fills[f]!;
    if (fill !== null && Number.isNaN(row[f]!)) row[f] = fill;
  }
  let to = at;
  for (const step of steps) {
    if (step.kind === 'number') out[to++] = row[step.input]!;
    else if (step.kind === 'one_hot') {
      for (let category = 0; category < step.categories; category++)
        out[to++] = row[step.input] === category ? 1 : 0;
    } else out[to++] = combine(step.kind, row[step.inputs[0]]!, row[step.inputs[1]]!) * step.scale;
  }
  if (scaling === null) return;
  for (let f = 0; f < scaling.mean.length; f++)
    out[at + f] = (out[at + f]! - scaling.mean[f]!) / scaling.deviation[f]!;
}

function combine(operation: Operation, a: number, b: number): number {
  if (operation === 'product') return a * b;
  if (operation === 'difference') return a - b;
  if (operation === 'sum') return a + b;
  return b === 0 ? Number.NaN : a / b;
}
