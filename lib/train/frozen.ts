/** What is frozen with a version: what its inputs and scores looked like, and rows that must score as they did. */
import { rolesOf } from '../config/roles.ts';
import type { Config } from '../config/schema.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Scorer } from '../learn/estimator.ts';
import { categoryReference, numericReference, type Reference } from '../measure/drift-reference.ts';
import { columnOf, takeRows } from '../numbers/matrix.ts';
import { classify, type DecisionRule } from '../numbers/outputs.ts';
import { type Pipeline, transform } from './pipeline.ts';

/** The content of reference.json: what monitoring compares with, frozen. */
export interface DriftReference {
  readonly inputs: readonly Reference[];
  /**
   * Of what the model gives to rows that it has not learnt, the later ones of its data: the probability of the positive class,
   * or with more than two classes the classes given. Null without such rows.
   */
  readonly prediction: Reference | null;
}

/** The content of golden.json: raw inputs and the scores that the served model must give for them. */
export interface Golden {
  readonly rows: readonly (readonly (number | null)[])[];
  /** rows × outputs */
  readonly scores: readonly number[];
}

const GOLDEN_ROWS = 20;

export function inputReferences(config: Config, { inputs }: Dataset): Reference[] {
  return rolesOf(config.schema).inputs.map((column, f) =>
    column.categories === undefined
      ? numericReference(column.name, columnOf(inputs, f))
      : categoryReference(column.name, columnOf(inputs, f), column.categories),
  );
}

/** Rows at even distances, so that they span the table. */
export function goldenOf({ inputs }: Dataset, pipeline: Pipeline, scorer: Scorer): Golden {
  const count = Math.min(GOLDEN_ROWS, inputs.rows);
  const picked = takeRows(
    inputs,
    Array.from({ length: count }, (_, i) => Math.floor((i * inputs.rows) / count)),
  );
  const width = inputs.names.length;
  const features = transform(pipeline, picked);
  return {
    rows: Array.from({ length: count }, (_, i) =>
      Array.from(picked.values.subarray(i * width, (i + 1) * width), (x) => (Number.isNaN(x) ? null : x)),
    ),
    scores: Array.from(scorer(features.values, count)),
  };
}

/** Later rows that say enough of how the model's scores lie. */
const LATER_ROWS = 30;

export function predictionReference(
  classes: readonly string[],
  later: Dataset | undefined,
  pipeline: Pipeline,
  scorer: Scorer,
  rule: DecisionRule,
): Reference | null {
  if (later === undefined || later.inputs.rows < LATER_ROWS) return null;
  const { values, rows } = transform(pipeline, later.inputs);
  const scores = scorer(values, rows);
  return classes.length === 2
    ? numericReference('score', scores)
    : categoryReference('class given', Float64Array.from(classify(scores, rule)), classes);
}
