/** Rows whose label is probably wrong: confident learning on probabilities out of fold (Northcutt, Jiang and Chuang 2021). */

export interface LabelIssue {
  readonly row: number;
  readonly label: number;
  /** The class that it probably is. */
  readonly likely: number;
  /** The probability that was given to the label that it has. */
  readonly confidence: number;
}

/** What a threshold may be missed by, for rounding: as cleanlab has it. */
const SLACK = 1e-6;

/**
 * `probabilities` are rows × classes. A class is confident of a row where its probability is at least the mean that it has among
 * the rows labelled so (equation 2); a row is an issue where the likeliest confident class is another than its label. The least
 * confident first.
 */
export function labelIssues(
  labels: ArrayLike<number>,
  probabilities: Float64Array,
  classes: number,
): LabelIssue[] {
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) {
    sums[labels[row]!]! += probabilities[row * classes + labels[row]!]!;
    counts[labels[row]!]!++;
  }
  // A class that no row has is confident of none.
  const thresholds = sums.map((sum, k) => (counts[k] === 0 ? 2 : sum / counts[k]!));
  const issues: LabelIssue[] = [];
  for (let row = 0; row < labels.length; row++) {
    let [likely, most] = [-1, Number.NEGATIVE_INFINITY];
    for (let k = 0; k < classes; k++) {
      const p = probabilities[row * classes + k]!;
      if (p >= thresholds[k]! - SLACK && p > most) [likely, most] = [k, p];
    }
    const label = labels[row]!;
    if (likely >= 0 && likely !== label)
      issues.push({ row, label, likely, confidence: probabilities[row * classes + label]! });
  }
  return issues.sort((a, b) => a.confidence - b.confidence || a.row - b.row);
}
