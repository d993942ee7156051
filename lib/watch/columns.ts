/** Logged predictions as columns: inputs, scores, and which are of one entity. */
import { indexOfCategory } from '../data/columns.ts';
import type { SignatureInput } from '../train/signature.ts';
import type { Observed } from './window.ts';

/** A logged input as numbers or category indices, NaN where it is missing, −1 for what is no category. */
export function columnOf(
  predictions: readonly Pick<Observed, 'input'>[],
  column: SignatureInput,
): Float64Array {
  const { name, categories, other } = column;
  return Float64Array.from(predictions, ({ input }) => {
    const value = input[name];
    if (value === null || value === undefined) return Number.NaN;
    if (categories === undefined) return Number(value);
    const index = indexOfCategory({ categories: [...categories], other }, String(value));
    return index;
  });
}

/** rows × outputs */
export function scoresOf(predictions: readonly Observed[], outputs: readonly string[]): Float64Array {
  return Float64Array.from(
    predictions.flatMap(({ probability, probabilities }) =>
      probabilities === undefined ? [probability] : outputs.map((name) => probabilities[name]!),
    ),
  );
}

/** Which predictions are of one entity, by the ids that came with them; one that brought none is of its own. */
export function entitiesOf(predictions: readonly Observed[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(predictions, ({ ids, id }) => {
    const values = Object.values(ids);
    const key = values.length === 0 ? id : JSON.stringify(values);
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
}

/** The probability that was given less whether it was true: of the positive class, or with more than two of the class given. */
export function overconfidence(line: Observed, outputs: readonly string[]): number {
  const isTrue = outputs.length === 1 ? line.label === outputs[0] : line.label === line.class;
  return line.probability - Number(isTrue);
}
