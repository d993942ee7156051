/**
 * Sets of classes that hold the true one with the confidence asked for, whichever it is: class-conditional split conformal
 * prediction (Vovk, Gammerman & Shafer 2005; Sadinle, Lei & Wasserman 2019), on 1 − the probability of the class. Exact where
 * later rows are as the rows were that the scores are of; scores by models of other folds stand in for those of the final one.
 */
import { outputsOf, type ScoredRows } from '../numbers/outputs.ts';

/** The content of conformal.json: per class, how strange rows of it look as such, ascending. */
export interface Strangeness {
  readonly rows: readonly number[];
  readonly scores: readonly (readonly number[])[];
}

/** Of more rows so many quantiles are kept, each rounded up. */
const POINTS = 1000;

/** Probability of each class, of the first too where a model of two gives the second's. */
export function classProbabilities(scores: ArrayLike<number>, at: number, classes: number): number[] {
  if (classes === 2) return [1 - scores[at]!, scores[at]!];
  return Array.from({ length: classes }, (_, k) => scores[at + k]!);
}

export function strangenessOf({ classes, labels, scores }: ScoredRows): Strangeness {
  const outputs = outputsOf(classes).length;
  const own: number[][] = Array.from({ length: classes }, () => []);
  for (const [row, y] of labels.entries())
    own[y]!.push(1 - classProbabilities(scores, row * outputs, classes)[y]!);
  const sorted = own.map((values) => Float64Array.from(values).sort());
  return {
    rows: sorted.map((values) => values.length),
    scores: sorted.map((values) =>
      values.length <= POINTS
        ? [...values]
        : Array.from(
            { length: POINTS },
            (_, i) => values[Math.ceil(((i + 1) * values.length) / POINTS) - 1]!,
          ),
    ),
  };
}

/** How strange a row of each class may look at this confidence; Infinity where its rows are too few to say. */
export function conformalLimits({ rows, scores }: Strangeness, confidence: number): number[] {
  return rows.map((n, k) => {
    const rank = Math.ceil((n + 1) * confidence - 1e-9);
    const own = scores[k]!;
    if (rank > n) return Number.POSITIVE_INFINITY;
    return own[Math.min(own.length - 1, Math.ceil((rank * own.length) / n) - 1)]!;
  });
}

/** The classes that a row may be of. */
export function conformalSet(limits: readonly number[], probabilities: readonly number[]): number[] {
  return limits.flatMap((limit, k) => (1 - probabilities[k]! <= limit ? [k] : []));
}
