/**
 * From raw inputs to features: imputation, engineered columns, one-hot categories, scaling. Fitted on training rows,
 * saved as pipeline.json, and run by the same code for one row of a request as for a whole table.
 */
import { rolesOf } from '../config/roles.ts';
import type { Engineered, Schema } from '../config/schema.ts';
import { fillFor, isFilled } from '../data/impute.ts';
import { columnOf, type Matrix, presentOf } from '../numbers/matrix.ts';

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

/** Learns fills and, if asked, scaling from training rows: all of `inputs`, raw ones in schema order, or some. */
export function fitPipeline(
  inputs: Matrix,
  schema: Schema,
  engineered: Engineered,
  scaled: boolean,
  some?: Int32Array,
): Pipeline {
  const columns = rolesOf(schema).inputs;
  const fills = columns.map((column, f) => {
    const fill = isFilled(column) ? fillFor(column, columnOf(inputs, f, some)) : Number.NaN;
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
  return scaled ? { ...unscaled, scaling: standardise(transform(unscaled, inputs, some)) } : unscaled;
}

/** Mean and standard deviation of each feature, of what is not missing; a constant one is only centred. */
function standardise(matrix: Matrix): NonNullable<Pipeline['scaling']> {
  const columns = matrix.names.map((_, f) => presentOf(columnOf(matrix, f)));
  const mean = columns.map((column) => column.reduce((sum, x) => sum + x, 0) / Math.max(column.length, 1));
  const deviation = columns.map((column, f) => {
    const squares = column.reduce((sum, x) => sum + (x - mean[f]!) ** 2, 0);
    const variance = squares / Math.max(column.length, 1);
    return variance > 0 ? Math.sqrt(variance) : 1;
  });
  return { mean, deviation };
}

/** What stays in cache while columns are made one after the other. */
const ROWS_TOGETHER = 512;

/** The features of a table of raw inputs, or of some of its rows. */
export function transform(pipeline: Pipeline, inputs: Matrix, some?: Int32Array): Matrix {
  const rows = some?.length ?? inputs.rows;
  return { names: pipeline.features, rows, values: transformRows(pipeline, inputs.values, rows, some) };
}

/** The features of the first rows of raw inputs, or of some, row by row. */
export function transformRows(
  pipeline: Pipeline,
  inputs: Float64Array,
  rows: number,
  some?: Int32Array,
): Float64Array {
  const width = pipeline.inputs.length;
  const features = pipeline.features.length;
  const values = new Float64Array(rows * features);
  const block = new Float64Array(Math.min(rows, ROWS_TOGETHER) * width);
  for (let start = 0; start < rows; start += ROWS_TOGETHER) {
    const count = Math.min(ROWS_TOGETHER, rows - start);
    if (some === undefined) block.set(inputs.subarray(start * width, (start + count) * width));
    else
      for (let i = 0, to = 0; i < count; i++)
        for (let from = some[start + i]! * width, end = from + width; from < end; from++)
          block[to++] = inputs[from]!;
    transformBlock(pipeline, block, count, values, start * features);
  }
  return values;
}

/** Writes the features of rows of raw inputs to out[at …], which holds zeros; fills missing values of `raw` in place. */
function transformBlock(
  { inputs, fills, steps, features, scaling }: Pipeline,
  raw: Float64Array,
  rows: number,
  out: Float64Array,
  at: number,
): void {
  const width = inputs.length;
  const stride = features.length;
  for (let f = 0; f < width; f++) {
    const fill = fills[f]!;
    if (fill === null) continue;
    for (let i = f; i < rows * width; i += width) if (Number.isNaN(raw[i]!)) raw[i] = fill;
  }
  let column = at;
  for (const step of steps) {
    if (step.kind === 'number') {
      for (let row = 0, to = column, from = step.input; row < rows; row++, to += stride, from += width)
        out[to] = raw[from]!;
    } else if (step.kind === 'one_hot') {
      // A new array holds zeros.
      for (let row = 0, to = column, from = step.input; row < rows; row++, to += stride, from += width) {
        const category = raw[from]!;
        if (category >= 0 && category < step.categories) out[to + category] = 1;
      }
      column += step.categories;
      continue;
    } else {
      const { kind, scale } = step;
      const [a, b] = step.inputs;
      for (let row = 0; row < rows; row++)
        out[column + row * stride] = combine(kind, raw[row * width + a]!, raw[row * width + b]!) * scale;
    }
    column++;
  }
  if (scaling === null) return;
  for (let f = 0; f < stride; f++) {
    const mean = scaling.mean[f]!;
    const deviation = scaling.deviation[f]!;
    // A linear model has no branch for what is missing: it stands at the mean.
    for (let i = at + f, end = at + rows * stride; i < end; i += stride)
      out[i] = Number.isNaN(out[i]!) ? 0 : (out[i]! - mean) / deviation;
  }
}

function combine(operation: Operation, a: number, b: number): number {
  if (operation === 'product') return a * b;
  if (operation === 'difference') return a - b;
  if (operation === 'sum') return a + b;
  return b === 0 ? Number.NaN : a / b;
}
