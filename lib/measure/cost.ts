/** What wrong answers cost. */

/** Of two classes: a row of the first given the second, and the other way round. */
export interface Costs {
  readonly false_positive: number;
  readonly false_negative: number;
}

/** Per row. With more than two classes every wrong answer costs 1. */
export function costsOf(labels: Uint8Array, given: Uint8Array, costs: Costs, classes = 2): Float64Array {
  return Float64Array.from(labels, (y, row) => {
    if (y === given[row]) return 0;
    if (classes > 2) return 1;
    return y === 0 ? costs.false_positive : costs.false_negative;
  });
}

/** The probability of the positive class from which calling it costs less than not (Elkan 2001, equation 2). */
export function costThreshold({ false_positive, false_negative }: Costs): number {
  return false_positive / (false_positive + false_negative);
}
