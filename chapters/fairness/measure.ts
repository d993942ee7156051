/** What groups of people get from a model, and how far they lie apart, with intervals. */
import type { Grouping } from '../../lib/data/groups.ts';
import { type BootstrapOptions, bootstrap } from '../../lib/measure/bootstrap.ts';
import type { Estimate, Verdict } from '../../lib/numbers/estimate.ts';

/** Rows with what is favourable for the person: truth, what was given, and its probability. */
export interface FairnessRows {
  /** 1 where the favourable class is true, 0 where another is, −1 where the truth is not known. */
  readonly truth: Int8Array;
  /** 1 where the favourable class was given. */
  readonly given: Uint8Array;
  /** Probability of the favourable class. */
  readonly scores: Float64Array;
}

const STATISTICS = ['selection_rate', 'tpr', 'fpr', 'precision', 'roc_auc', 'calibration'] as const;
export type Statistic = (typeof STATISTICS)[number];

export interface GroupFairness {
  readonly group: string;
  readonly rows: number;
  /** Rows whose truth is known, and how many of them are favourable. */
  readonly labelled: number;
  readonly favourable: number;
  /** calibration is the mean probability minus the share that is favourable. Null where there is nothing to divide by. */
  readonly statistics: Readonly<Record<Statistic, Estimate | null>>;
  /** Too few rows to conclude from. */
  readonly tiny: boolean;
}

/**
 * demographic_parity: of the selection rates. equal_opportunity: of the TPRs (Hardt et al. 2016). equalized_odds: the larger
 * of the differences of TPR and of FPR.
 */
export const CRITERIA = ['demographic_parity', 'equal_opportunity', 'equalized_odds'] as const;
export type Criterion = (typeof CRITERIA)[number];

export interface Gap {
  readonly criterion: Criterion;
  /** Highest minus lowest of the groups that are not tiny. */
  readonly spread: Estimate | null;
  /** Each such group minus the reference; of equalized odds, the one of the two differences that is larger in size. */
  readonly to_reference: Readonly<Record<string, Estimate>>;
  /** Of the spread against the limit: pass within, fail beyond, inconclusive where the interval holds it or a group is missing. */
  readonly verdict: Verdict;
}

export interface ColumnFairness {
  readonly column: string;
  /** The group that the others are compared with. */
  readonly reference: string;
  /** Rows whose group is not known. */
  readonly unknown: number;
  readonly groups: readonly GroupFairness[];
  readonly gaps: readonly Gap[];
}

export interface FairnessOptions extends BootstrapOptions {
  /** By column; the largest group where a column has none. */
  readonly reference: Readonly<Record<string, string>>;
  readonly minRows: number;
  readonly maxGap: number;
}

/** All columns at once, so that the rows are drawn once for each round. */
export function measureFairness(
  rows: FairnessRows,
  groupings: readonly Grouping[],
  options: FairnessOptions,
): ColumnFairness[] {
  const columns = groupings.map((grouping) => prepareColumn(rows, grouping, options));
  const estimates = bootstrap(
    rows.given.length,
    (weights) => {
      const values: Record<string, number> = {};
      for (const [i, column] of columns.entries()) {
        const counts = weights === undefined ? column.counts : column.count(weights);
        const of = statisticsOf(counts, column.grouping.groups.length);
        for (const g of column.present)
          for (const name of STATISTICS) values[`${i} ${name} ${g}`] = of[name][g]!;
        for (const criterion of CRITERIA) {
          values[`${i} ${criterion}`] = spreadOf(of, criterion, column.judged);
          for (const g of column.judged)
            if (g !== column.reference)
              values[`${i} ${criterion} ${g}`] = differenceOf(of, criterion, g, column.reference);
        }
      }
      return values;
    },
    options,
  );
  return columns.map((column, i) =>
    describeColumn(column, options, (key) => {
      const estimate = estimates[`${i} ${key}`]!;
      return Number.isNaN(estimate.value) || Number.isNaN(estimate.low) ? null : estimate;
    }),
  );
}

interface PreparedColumn {
  readonly grouping: Grouping;
  readonly count: (weights: ArrayLike<number> | undefined) => Counts;
  readonly counts: Counts;
  /** Groups that have rows, and those of them that have enough to conclude from. */
  readonly present: readonly number[];
  readonly judged: readonly number[];
  readonly reference: number;
}

function prepareColumn(rows: FairnessRows, grouping: Grouping, options: FairnessOptions): PreparedColumn {
  const count = groupCounter(rows, grouping);
  const counts = count(undefined);
  const present = grouping.groups.flatMap((_, g) => (counts.rows[g]! > 0 ? [g] : []));
  const judged = present.filter((g) => counts.rows[g]! >= options.minRows);
  const largest = present.reduce((a, b) => (counts.rows[b]! > counts.rows[a]! ? b : a), present[0] ?? 0);
  const wanted = grouping.groups.indexOf(options.reference[grouping.column] ?? '');
  return { grouping, count, counts, present, judged, reference: wanted >= 0 ? wanted : largest };
}

function describeColumn(
  { grouping, counts, present, judged, reference }: PreparedColumn,
  { maxGap }: FairnessOptions,
  known: (key: string) => Estimate | null,
): ColumnFairness {
  const { column, groups, groupOf } = grouping;
  const others = judged.includes(reference) ? judged.filter((g) => g !== reference) : [];
  return {
    column,
    reference: groups[reference] ?? '',
    unknown: groupOf.reduce((sum, g) => sum + (g < 0 ? 1 : 0), 0),
    groups: present.map((g) => ({
      group: groups[g]!,
      rows: counts.rows[g]!,
      labelled: counts.positives[g]! + counts.negatives[g]!,
      favourable: counts.positives[g]!,
      statistics: Object.fromEntries(
        STATISTICS.map((name) => [name, known(`${name} ${g}`)]),
      ) as GroupFairness['statistics'],
      tiny: !judged.includes(g),
    })),
    gaps: CRITERIA.map((criterion) => {
      const spread = judged.length < 2 ? null : known(criterion);
      return {
        criterion,
        spread,
        to_reference: Object.fromEntries(
          others.flatMap((g) => {
            const estimate = known(`${criterion} ${g}`);
            return estimate === null ? [] : [[groups[g]!, estimate]];
          }),
        ),
        verdict: judgeGap(spread, maxGap),
      };
    }),
  };
}

function judgeGap(spread: Estimate | null, limit: number): Verdict {
  if (spread === null) return 'inconclusive';
  if (spread.high <= limit) return 'pass';
  return spread.low > limit ? 'fail' : 'inconclusive';
}

/** Row counts by group. */
interface Counts {
  readonly rows: Float64Array;
  readonly selected: Float64Array;
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  /** Sum of the scores of labelled rows. */
  readonly scores: Float64Array;
  /** Pairs of a positive and a negative that are ranked right, ties half. */
  readonly pairs: Float64Array;
}

/** Counts again and again with other weights; rows are ranked once. */
function groupCounter(
  { truth, given, scores }: FairnessRows,
  { groups, groupOf }: Grouping,
): (weights: ArrayLike<number> | undefined) => Counts {
  const order = Int32Array.from(groupOf.keys())
    .filter((row) => groupOf[row]! >= 0)
    .sort((a, b) => scores[a]! - scores[b]!);
  const size = groups.length;
  const group = Int16Array.from(order, (row) => groupOf[row]!);
  const truths = Int8Array.from(order, (row) => truth[row]!);
  const selected = Uint8Array.from(order, (row) => given[row]!);
  const sorted = Float64Array.from(order, (row) => scores[row]!);

  return (weights) => {
    const length = order.length;
    const make = () => new Float64Array(size);
    const counts: Counts = {
      rows: make(),
      selected: make(),
      positives: make(),
      negatives: make(),
      truePositives: make(),
      falsePositives: make(),
      scores: make(),
      pairs: make(),
    };
    const { rows, positives, negatives, truePositives, falsePositives, pairs } = counts;
    /** Per group: the score it has come to, negatives below it, negatives and positives at it so far. */
    const [score, below, negativesAt, positivesAt] = [make().fill(Number.NaN), make(), make(), make()];
    for (let i = 0; i < length; i++) {
      const weight = weights === undefined ? 1 : weights[order[i]!]!;
      if (weight === 0) continue;
      const g = group[i]!;
      rows[g]! += weight;
      const isSelected = selected[i]! * weight;
      counts.selected[g]! += isSelected;
      if (truths[i]! < 0) continue;
      const s = sorted[i]!;
      counts.scores[g]! += weight * s;
      if (score[g] !== s) {
        below[g]! += negativesAt[g]!;
        negativesAt[g] = 0;
        positivesAt[g] = 0;
        score[g] = s;
      }
      if (truths[i] === 1) {
        positives[g]! += weight;
        truePositives[g]! += isSelected;
        pairs[g]! += weight * (below[g]! + negativesAt[g]! / 2);
        positivesAt[g]! += weight;
      } else {
        negatives[g]! += weight;
        falsePositives[g]! += isSelected;
        pairs[g]! += (weight * positivesAt[g]!) / 2;
        negativesAt[g]! += weight;
      }
    }
    return counts;
  };
}

function statisticsOf(counts: Counts, size: number): Record<Statistic, Float64Array> {
  const ratio = (part: (g: number) => number, whole: (g: number) => number) =>
    Float64Array.from({ length: size }, (_, g) => (whole(g) === 0 ? Number.NaN : part(g) / whole(g)));
  const { rows, selected, positives, negatives, truePositives, falsePositives, scores, pairs } = counts;
  return {
    selection_rate: ratio(
      (g) => selected[g]!,
      (g) => rows[g]!,
    ),
    tpr: ratio(
      (g) => truePositives[g]!,
      (g) => positives[g]!,
    ),
    fpr: ratio(
      (g) => falsePositives[g]!,
      (g) => negatives[g]!,
    ),
    precision: ratio(
      (g) => truePositives[g]!,
      (g) => truePositives[g]! + falsePositives[g]!,
    ),
    roc_auc: ratio(
      (g) => pairs[g]!,
      (g) => positives[g]! * negatives[g]!,
    ),
    calibration: ratio(
      (g) => scores[g]! - positives[g]!,
      (g) => positives[g]! + negatives[g]!,
    ),
  };
}

const STATISTICS_OF: Readonly<Record<Criterion, readonly Statistic[]>> = {
  demographic_parity: ['selection_rate'],
  equal_opportunity: ['tpr'],
  equalized_odds: ['tpr', 'fpr'],
};

function spreadOf(
  of: Record<Statistic, Float64Array>,
  criterion: Criterion,
  groups: readonly number[],
): number {
  return Math.max(
    ...STATISTICS_OF[criterion].map((name) => {
      const values = groups.map((g) => of[name][g]!);
      return Math.max(...values) - Math.min(...values);
    }),
  );
}

function differenceOf(
  of: Record<Statistic, Float64Array>,
  criterion: Criterion,
  group: number,
  reference: number,
): number {
  return STATISTICS_OF[criterion]
    .map((name) => of[name][group]! - of[name][reference]!)
    .reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
}
