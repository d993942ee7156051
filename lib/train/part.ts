/** A pipeline and a model fitted on the same rows of a table, and the scores they give to others. */
import { rolesOf } from '../config/roles.ts';
import type { Engineered, ModelParams, Schema } from '../config/schema.ts';
import { type FitOptions, fitModel, type Model, needsScaling, scorerOf } from '../learn/estimator.ts';
import type { Matrix } from '../numbers/matrix.ts';
import { fitPipeline, type Pipeline, transform } from './pipeline.ts';

/** What fits have in common. */
export interface FitTask {
  /** Raw inputs in schema order. */
  readonly inputs: Matrix;
  /** Class index per row. */
  readonly target: Uint8Array;
  readonly schema: Schema;
  readonly engineered: Engineered;
  readonly params: ModelParams;
}

/** Row numbers to learn from, which may repeat, and to score. */
export interface Part {
  readonly learn: Int32Array;
  readonly score: Int32Array;
  /** In place of the task's. */
  readonly params?: ModelParams;
}

export interface FittedPart {
  readonly pipeline: Pipeline;
  readonly model: Model;
  /** Of the rows of `score`: rows × outputs. */
  readonly scores: Float64Array;
}

export async function fitPart(
  task: FitTask,
  { learn, score, params = task.params }: Part,
  options: FitOptions,
): Promise<FittedPart> {
  const { inputs, schema, engineered } = task;
  const target = Uint8Array.from(learn, (row) => task.target[row]!);
  const classes = rolesOf(schema).target.categories!;
  const pipeline = fitPipeline(inputs, schema, engineered, needsScaling(params.algorithm), learn);
  const model = await fitModel(transform(pipeline, inputs, learn), target, classes, params, options);
  const features = transform(pipeline, inputs, score);
  return { pipeline, model, scores: scorerOf(model)(features.values, features.rows) };
}
