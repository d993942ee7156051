/** What groups of people get from a model, and how far they lie apart, with intervals. */
import type { Grouping } from '../../lib/data/groups.ts';
import {
  compareApart,
  type IntervalOptions,
  type Measured,
  meanEstimate,
  measureRanking,
  measureShare,
  type ShareCounts,
} from '../../lib/measure/estimates.ts';
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
  /** Too few rows to conclude anything from. */
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
  /** Highest minus lowest of the groups whose rates rest on enough rows; the interval is that of the pair that lies furthest apart. */
  readonly spread: Estimate | null;
  /** The two groups of that difference, the one with the higher rate first. */
  readonly between: readonly [high: string, low: string] | null;
  /** Each such group minus the reference; of equalized odds, the one of the two differences that is larger in size. */
  readonly to_reference: Readonly<Record<string, Estimate>>;
  /** Fail where a pair of groups is shown to lie beyond the limit, pass where every pair is shown to lie within, else inconclusive. */
  readonly verdict: Verdict;
}

export interface ColumnFairness {
  /** "sex", or of the groups where two columns meet "race × sex". */
  readonly column: string;
  /** The group that the others are compared with. */
  readonly reference: string;
  /** Rows whose group is not known. */
  readonly unknown: number;
  readonly groups: readonly GroupFairness[];
  readonly gaps: readonly Gap[];
}

export interface FairnessOptions extends IntervalOptions {
  /** By column; the largest group where a column has none. */
  readonly reference: Readonly<Record<string, string>>;
  /** Rows that a rate must be divided by before anything is concluded from it. */
  readonly minRows: number;
  readonly maxGap: number;
}

/** `looks`: how many groupings are judged for one conclusion; each is then held to so much more. */
export function measureFairness(
  rows: FairnessRows,
  groupings: readonly Grouping[],
  options: FairnessOptions,
  looks = 1,
): ColumnFairness[] {
  return groupings.map((grouping) => measureColumn(rows, grouping, options, looks));
}

/** The groups where each two columns meet, of those two that lie furthest apart by what is shown; undefined below two columns. */
export function worstIntersection(
  rows: FairnessRows,
  groupings: readonly Grouping[],
  options: FairnessOptions,
): ColumnFairness | undefined {
  const pairs = groupings.flatMap((a, i) => groupings.slice(i + 1).map((b) => intersectionOf(a, b)));
  const shown = ({ gaps }: ColumnFairness) => Math.max(...gaps.map(({ spread }) => spread?.low ?? -1));
  return measureFairness(rows, pairs, options, Math.max(1, pairs.length)).reduce<ColumnFairness | undefined>(
    (worst, each) => (worst === undefined || shown(each) > shown(worst) ? each : worst),
    undefined,
  );
}

function intersectionOf(a: Grouping, b: Grouping): Grouping {
  return {
    column: `${a.column} × ${b.column}`,
    groups: a.groups.flatMap((of) => b.groups.map((to) => `${of} × ${to}`)),
    groupOf: a.groupOf.map((g, row) =>
      g < 0 || b.groupOf[row]! < 0 ? -1 : g * b.groups.length + b.groupOf[row]!,
    ),
  };
}

function measureColumn(
  rows: FairnessRows,
  { column, groups, groupOf }: Grouping,
  options: FairnessOptions,
  looks: number,
): ColumnFairness {
  const { maxGap, reference } = options;
  const members: number[][] = groups.map(() => []);
  let unknown = 0;
  for (const [row, g] of groupOf.entries())
    if (g < 0) unknown++;
    else members[g]!.push(row);
  const present = groups.flatMap((_, g) => (members[g]!.length > 0 ? [g] : []));
  const largest = present.reduce(
    (a, b) => (members[b]!.length > members[a]!.length ? b : a),
    present[0] ?? 0,
  );
  const wanted = groups.indexOf(reference[column] ?? '');
  const chosen = wanted >= 0 ? wanted : largest;
  return {
    column,
    reference: groups[chosen] ?? '',
    unknown,
    groups: present.map((g) => describeGroup(rows, groups[g]!, members[g]!, options)),
    gaps: CRITERIA.map((criterion) => {
      const pairs = pairsOf(criterion, rows, present, members, options, looks);
      const to_reference: Record<string, Estimate> = {};
      for (const { a, b, difference } of pairs) {
        if (a !== chosen && b !== chosen) continue;
        const estimate = b === chosen ? turned(difference) : difference;
        const name = groups[a === chosen ? b : a]!;
        const before = to_reference[name];
        if (before === undefined || Math.abs(estimate.value) > Math.abs(before.value))
          to_reference[name] = estimate;
      }
      const sizes = pairs.map(({ difference }) => sizeOf(difference));
      const widest = pairs.reduce<(typeof pairs)[number] | undefined>(
        (most, each) =>
          most === undefined || Math.abs(each.difference.value) > Math.abs(most.difference.value)
            ? each
            : most,
        undefined,
      );
      return {
        criterion,
        spread: widest === undefined ? null : furthest(sizes),
        between:
          widest === undefined
            ? null
            : widest.difference.value < 0
              ? [groups[widest.a]!, groups[widest.b]!]
              : [groups[widest.b]!, groups[widest.a]!],
        to_reference,
        verdict: judgePairs(sizes, maxGap),
      };
    }),
  };
}

function describeGroup(
  { truth, given, scores }: FairnessRows,
  group: string,
  members: readonly number[],
  options: FairnessOptions,
): GroupFairness {
  const labelled = members.filter((row) => truth[row]! >= 0);
  const favourable = labelled.reduce((sum, row) => sum + truth[row]!, 0);
  const share = (counts: ShareCounts) => {
    const { estimate, trials } = shareOf(members, counts, options);
    return trials === 0 ? null : estimate;
  };
  const own = within(labelled, options);
  const labels = Uint8Array.from(labelled, (row) => truth[row]!);
  const given_scores = Float64Array.from(labelled, (row) => scores[row]!);
  const bothKnown = favourable > 0 && favourable < labelled.length;
  return {
    group,
    rows: members.length,
    labelled: labelled.length,
    favourable,
    statistics: {
      ...(Object.fromEntries(
        Object.entries(RATES).map(([name, rate]) => [name, share((row) => rate(truth[row]!, given[row]!))]),
      ) as Record<Rate, Estimate | null>),
      roc_auc: bothKnown ? measureRanking(labels, given_scores, own).roc_auc.estimate : null,
      calibration:
        labelled.length < 2
          ? null
          : meanEstimate(
              given_scores.map((score, i) => score - labels[i]!),
              own,
            ),
    },
    tiny: members.length < options.minRows,
  };
}

/** What a row of this truth, given this, adds to each rate: above, below the line. */
const RATES = {
  selection_rate: (_, given) => [given, 1],
  tpr: (truth, given) => (truth === 1 ? [given, 1] : [0, 0]),
  fpr: (truth, given) => (truth === 0 ? [given, 1] : [0, 0]),
  precision: (truth, given) => (truth >= 0 && given === 1 ? [truth, 1] : [0, 0]),
} satisfies Record<string, (truth: number, given: number) => readonly [number, number]>;
type Rate = keyof typeof RATES;

function shareOf(members: readonly number[], counts: ShareCounts, options: IntervalOptions): Measured {
  return measureShare(members.length, (i) => counts(members[i]!), within(members, options));
}

/** The same options for some of the rows. */
function within(members: readonly number[], { confidence, entities }: IntervalOptions): IntervalOptions {
  return {
    confidence,
    entities: entities && Int32Array.from(members, (row) => entities[row]!),
  };
}

const RATES_OF: Readonly<Record<Criterion, readonly Rate[]>> = {
  demographic_parity: ['selection_rate'],
  equal_opportunity: ['tpr'],
  equalized_odds: ['tpr', 'fpr'],
};

/**
 * The differences of every two groups, b − a, whose rates rest on enough rows, by Newcombe's intervals, which together hold
 * with the confidence asked for (Bonferroni).
 */
function pairsOf(
  criterion: Criterion,
  { truth, given }: FairnessRows,
  present: readonly number[],
  members: readonly (readonly number[])[],
  { minRows, confidence, entities }: FairnessOptions,
  looks: number,
): { a: number; b: number; difference: Estimate }[] {
  const judged = RATES_OF[criterion].map((name) => {
    const counts: ShareCounts = (row) => RATES[name](truth[row]!, given[row]!);
    const enough = present.filter(
      (g) => members[g]!.reduce((sum, row) => sum + counts(row)[1], 0) >= minRows,
    );
    return { counts, enough };
  });
  const pairs = judged.reduce((sum, { enough }) => sum + (enough.length * (enough.length - 1)) / 2, 0);
  const strict = { confidence: 1 - (1 - confidence) / Math.max(1, pairs * looks), entities };
  return judged.flatMap(({ counts, enough }) => {
    const rates = enough.map((g) => shareOf(members[g]!, counts, strict));
    return enough.flatMap((a, i) =>
      enough.slice(i + 1).map((b, j) => ({
        a,
        b,
        difference: compareApart(rates[i]!, rates[i + 1 + j]!, strict),
      })),
    );
  });
}

function turned({ value, low, high }: Estimate): Estimate {
  return { value: -value, low: -high, high: -low };
}

/** How far apart, whichever is higher. */
function sizeOf(difference: Estimate): Estimate {
  const { value, low, high } = difference.value < 0 ? turned(difference) : difference;
  return { value, low: Math.max(0, low), high: Math.max(high, -low) };
}

/** The pair that differs most; the ends of the interval are the highest of any pair. */
function furthest(sizes: readonly Estimate[]): Estimate {
  const highest = (end: keyof Estimate) => Math.max(...sizes.map((size) => size[end]));
  return { value: highest('value'), low: highest('low'), high: highest('high') };
}

function judgePairs(sizes: readonly Estimate[], limit: number): Verdict {
  if (sizes.length === 0) return 'inconclusive';
  if (sizes.some(({ low }) => low > limit)) return 'fail';
  return sizes.every(({ high }) => high <= limit) ? 'pass' : 'inconclusive';
}
