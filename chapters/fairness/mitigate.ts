/** Two ways to bring groups closer: other weights before training, other thresholds after it. */
import type { Grouping } from '../../lib/data/groups.ts';
import type { DecisionRule } from '../../lib/numbers/outputs.ts';
import type { Criterion } from './measure.ts';

/**
 * Row numbers, each as often as it weighs, so that group and class become independent: the weight of a row of group g and
 * class y is P(g) P(y) / P(g, y) (Kamiran & Calders 2012, reweighing). The repeats of a cell are spread evenly over its rows
 * and are as many as the weight asks, to the nearest row. Rows of no known group stay once.
 */
export function reweighedRows(target: Uint8Array, { groups, groupOf }: Grouping): number[] {
  const classes = target.reduce((a, b) => Math.max(a, b), 0) + 1;
  const cells = new Float64Array(groups.length * classes);
  const perGroup = new Float64Array(groups.length);
  const perClass = new Float64Array(classes);
  let all = 0;
  for (const [row, y] of target.entries()) {
    const g = groupOf[row]!;
    if (g < 0) continue;
    cells[g * classes + y]!++;
    perGroup[g]!++;
    perClass[y]!++;
    all++;
  }
  const seen = new Float64Array(cells.length);
  const rows: number[] = [];
  for (const [row, y] of target.entries()) {
    const g = groupOf[row]!;
    if (g < 0) {
      rows.push(row);
      continue;
    }
    const cell = g * classes + y;
    const weight = (perGroup[g]! * perClass[y]!) / (all * cells[cell]!);
    const repeats = Math.round((seen[cell]! + 1) * weight) - Math.round(seen[cell]! * weight);
    seen[cell]!++;
    for (let repeat = 0; repeat < repeats; repeat++) rows.push(row);
  }
  return rows;
}

/**
 * Thresholds by which every group has the selection rate, or for equal opportunity the TPR, that all rows have at the one
 * threshold (Hardt et al. 2016, section 3.2). Two classes; `truth` is 1 for the positive one.
 */
export function groupThresholds(
  truth: Uint8Array,
  scores: Float64Array,
  threshold: number,
  { column, groups, groupOf }: Grouping,
  criterion: Exclude<Criterion, 'equalized_odds'>,
  minRows: number,
): NonNullable<DecisionRule['by_group']> {
  const counts = (row: number) => criterion === 'demographic_parity' || truth[row] === 1;
  const known = [...truth.keys()].filter((row) => groupOf[row]! >= 0 && counts(row));
  const share = known.filter((row) => scores[row]! >= threshold).length / known.length;
  const thresholds = groups.flatMap((group, g): [string, number[]][] => {
    const own = Float64Array.from(
      known.filter((row) => groupOf[row] === g),
      (row) => scores[row]!,
    ).sort();
    if (own.length < minRows) return [];
    const taken = Math.round(share * own.length);
    const lowest = own[own.length - taken] ?? Number.POSITIVE_INFINITY;
    const next = own[own.length - taken - 1] ?? lowest;
    return [[group, [taken === 0 ? 1 : (lowest + next) / 2]]];
  });
  return { column, thresholds: Object.fromEntries(thresholds) };
}
