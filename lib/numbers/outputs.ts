/**
 * What a classifier gives: with two classes the probability of the second, the positive one; with more the probability of
 * every class. Scores of many rows are row-major, rows × outputs.
 */

/** The class index that each output is the probability of. */
export function outputsOf(classes: number): number[] {
  return classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k);
}

/** Rows with their truth and what a model gave for them. */
export interface ScoredRows {
  /** Number of classes. */
  readonly classes: number;
  /** Class index per row. */
  readonly labels: Uint8Array;
  /** Probabilities, rows × outputs. */
  readonly scores: Float64Array;
}

/** As many per output: a row is of the class whose probability is highest as a multiple of its threshold. */
export type Thresholds = readonly number[];

/** The thresholds by which a row is of its most probable class. */
export function mostProbable(classes: number): number[] {
  return outputsOf(classes).map(() => (classes === 2 ? 0.5 : 1 / classes));
}

/**
 * Class index of the row whose scores begin at `at`. With one output a probability from the threshold on is positive; with
 * more, the first of the highest ratios probability / threshold wins.
 */
export function classAt(scores: ArrayLike<number>, at: number, thresholds: Thresholds): number {
  if (thresholds.length === 1) return scores[at]! >= thresholds[0]! ? 1 : 0;
  let best = 0;
  for (let k = 1; k < thresholds.length; k++)
    if (scores[at + k]! * thresholds[best]! > scores[at + best]! * thresholds[k]!) best = k;
  return best;
}

/** How scores become classes. */
export interface DecisionRule {
  readonly thresholds: Thresholds;
  /** Thresholds of their own for the groups of a sensitive column; rows of no group there have the ones above. */
  readonly by_group?: {
    readonly column: string;
    readonly thresholds: Readonly<Record<string, Thresholds>>;
  };
}

export function thresholdsFor({ thresholds, by_group }: DecisionRule, group: string | undefined): Thresholds {
  if (by_group === undefined || group === undefined) return thresholds;
  return Object.hasOwn(by_group.thresholds, group) ? by_group.thresholds[group]! : thresholds;
}

/** Class index of every row; `groupOf` says which group of the rule's column a row is of. */
export function classify(
  scores: Float64Array,
  rule: DecisionRule,
  groupOf: (row: number) => string | undefined = () => undefined,
): Uint8Array {
  const outputs = rule.thresholds.length;
  return Uint8Array.from({ length: scores.length / outputs }, (_, row) =>
    classAt(scores, row * outputs, thresholdsFor(rule, groupOf(row))),
  );
}
