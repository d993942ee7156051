/** What make fairness says of a version: groups, gaps, and what each mitigation would change and cost. */
import { sectionOf } from '../../lib/config/parse.ts';
import { rolesOf } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import type { Dataset } from '../../lib/data/dataset.ts';
import { type Grouping, groupingsOf, groupNames } from '../../lib/data/groups.ts';
import { compareScores } from '../../lib/measure/evaluate.ts';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import { classify, type DecisionRule, outputsOf } from '../../lib/numbers/outputs.ts';
import type { Validation } from '../../lib/registry/validation.ts';
import { judgeFolds, startFolds } from '../../lib/train/out-of-fold.ts';
import {
  type ColumnFairness,
  type Criterion,
  type FairnessRows,
  measureFairness,
  worstIntersection,
} from './measure.ts';
import { groupThresholds } from './mitigate.ts';
import { fairnessSection } from './settings.ts';
import { mitigate } from './training.ts';

export interface Mitigated {
  readonly column: string;
  readonly method: 'reweighing' | 'group_thresholds';
  /** What thresholds are chosen for; null for reweighing. */
  readonly criterion: Criterion | null;
  /** Spread of each criterion between the groups, before and after. */
  readonly gaps: readonly {
    readonly criterion: Criterion;
    readonly before: Estimate | null;
    readonly after: Estimate | null;
  }[];
  /** Accuracy after minus before, on the same rows. */
  readonly accuracy: Estimate;
}

export interface FairnessReport {
  readonly favourable: string;
  readonly max_gap: number;
  readonly min_rows: number;
  readonly rows: number;
  readonly columns: readonly ColumnFairness[];
  /** The groups where two of the columns meet, of the two that lie furthest apart. */
  readonly intersection: ColumnFairness | null;
  /** The same groups at a threshold that the reader named. */
  readonly at: { readonly threshold: number; readonly columns: readonly ColumnFairness[] } | null;
  readonly mitigations: readonly Mitigated[];
  /** A sentence for every gap beyond the limit. */
  readonly advice: readonly string[];
}

export function fairnessRows(
  classes: readonly string[],
  favourable: string,
  labels: ArrayLike<number>,
  given: ArrayLike<number>,
  scores: Float64Array,
): FairnessRows {
  const k = classes.indexOf(favourable);
  const outputs = outputsOf(classes.length);
  const output = outputs.indexOf(k);
  return {
    truth: Int8Array.from(labels, (y) => (y < 0 ? -1 : y === k ? 1 : 0)),
    given: Uint8Array.from(given, (y) => (y === k ? 1 : 0)),
    scores: Float64Array.from(given, (_, row) =>
      output < 0 ? 1 - scores[row]! : scores[row * outputs.length + output]!,
    ),
  };
}

export function fairnessOptions(config: Config) {
  const { evaluation } = config;
  const fairness = sectionOf(config, fairnessSection);
  return {
    confidence: evaluation.confidence,
    reference: fairness.reference,
    minRows: fairness.min_rows,
    maxGap: fairness.max_gap,
  };
}

/** `validation` are the version's out-of-fold scores of the rows of `data`, and what it gave by them. */
export function reportGroups(config: Config, data: Dataset, validation: Validation): ColumnFairness[] {
  return measureFairness(...measured(config, data, validation));
}

/** The two columns whose groups lie furthest apart where they meet. */
export function reportIntersection(
  config: Config,
  data: Dataset,
  validation: Validation,
): ColumnFairness | undefined {
  return worstIntersection(...measured(config, data, validation));
}

/** What groups would get at another threshold for the positive of two classes. */
export function reportGroupsAt(
  config: Config,
  data: Dataset,
  validation: Validation,
  threshold: number,
): ColumnFairness[] {
  const given = classify(validation.scores, { thresholds: [threshold] });
  return reportGroups(config, data, { ...validation, given });
}

function measured(config: Config, data: Dataset, { labels, given, scores }: Validation) {
  const { favourable } = sectionOf(config, fairnessSection);
  const rows = fairnessRows(classesOf(config), favourable, labels, given, scores);
  const options = { ...fairnessOptions(config), entities: data.entities };
  return [rows, groupingsOf(data.sensitive, config.schema), options] as const;
}

/** Tries every mitigation on the columns with a gap beyond the limit; reweighing trains anew. */
export async function tryMitigations(
  config: Config,
  data: Dataset,
  validation: Validation,
  thresholds: DecisionRule['thresholds'],
  columns: readonly ColumnFairness[],
  onProgress: (share: number) => void = () => {},
): Promise<Mitigated[]> {
  const classes = classesOf(config);
  const { max_gap, min_rows } = sectionOf(config, fairnessSection);
  const wide = columns.filter(({ gaps }) => gaps.some(({ spread }) => (spread?.value ?? 0) > max_gap));
  const groupings = groupingsOf(data.sensitive, config.schema);
  const results: Mitigated[] = [];
  for (const [i, before] of wide.entries()) {
    const grouping = groupings.find(({ column }) => column === before.column)!;
    const result = (
      method: Mitigated['method'],
      criterion: Criterion | null,
      after: Pick<Validation, 'given' | 'scores'>,
    ) => mitigated(config, classes, validation, after, grouping, before, method, criterion);
    const reweighing = {
      method: 'reweighing',
      column: before.column,
      criterion: 'demographic_parity',
    } as const;
    const changed = [mitigate(config, data, reweighing, min_rows)!];
    const started = await startFolds(
      config,
      data,
      changed,
      () => [],
      (share) => onProgress((i + share) / wide.length),
    );
    results.push(result('reweighing', null, await judgeFolds(config, data, changed, started)));
    if (classes.length > 2) continue;
    for (const criterion of ['demographic_parity', 'equal_opportunity'] as const) {
      const { labels, scores } = validation;
      const by_group = groupThresholds(labels, scores, thresholds[0]!, grouping, criterion, min_rows);
      const given = classify(scores, { thresholds, by_group }, groupNames([grouping], before.column));
      results.push(result('group_thresholds', criterion, { scores, given }));
    }
  }
  return results;
}

function mitigated(
  config: Config,
  classes: readonly string[],
  validation: Validation,
  after: Pick<Validation, 'given' | 'scores'>,
  grouping: Grouping,
  before: ColumnFairness,
  method: Mitigated['method'],
  criterion: Criterion | null,
): Mitigated {
  const options = fairnessOptions(config);
  const { labels } = validation;
  const { favourable } = sectionOf(config, fairnessSection);
  const rows = fairnessRows(classes, favourable, labels, after.given, after.scores);
  const { gaps } = measureFairness(rows, [grouping], options)[0]!;
  const { accuracy } = compareScores({ classes: classes.length, labels }, validation, after, 0, options);
  return {
    column: grouping.column,
    method,
    criterion,
    gaps: gaps.map((gap, i) => ({
      criterion: gap.criterion,
      before: before.gaps[i]!.spread,
      after: gap.spread,
    })),
    accuracy: accuracy.estimate,
  };
}

const MEANS: Readonly<Record<Criterion, string>> = {
  demographic_parity: 'is given the favourable class more often',
  equal_opportunity: 'is found more often where it deserves it',
  equalized_odds: 'is treated differently where the truth is the same',
};

/** One sentence for every gap whose value is beyond the limit, with the mitigation that closes most of it. */
export function adviceOf(
  columns: readonly ColumnFairness[],
  mitigations: readonly Mitigated[],
  maxGap: number,
): string[] {
  return columns.flatMap(({ column, gaps }) =>
    gaps.flatMap(({ criterion, spread, between, verdict }) => {
      if (spread === null || spread.value <= maxGap) return [];
      const [high, low] = between!;
      const sure = verdict === 'fail' ? '' : ' (not certain: the interval holds the limit)';
      const best = mitigations
        .filter((each) => each.column === column)
        .map((each) => ({ each, after: each.gaps.find((gap) => gap.criterion === criterion)!.after }))
        .filter(({ after }) => after !== null && after.value < spread.value)
        .sort((a, b) => a.after!.value - b.after!.value)[0];
      const remedy =
        best === undefined
          ? 'Neither reweighing nor thresholds by group narrow it: look at the data and at inputs that stand in for the group.'
          : `${describeMitigation(best.each)} brings it to ${best.after!.value.toFixed(3)} for ${best.each.accuracy.value.toFixed(4)} of accuracy.`;
      return [
        `${column}: ${high} ${MEANS[criterion]} than ${low} by ${spread.value.toFixed(3)}${sure}. ${remedy}`,
      ];
    }),
  );
}

export function describeMitigation({ method, criterion }: Pick<Mitigated, 'method' | 'criterion'>): string {
  return method === 'reweighing' ? 'Reweighing' : `Thresholds by group (${criterion!.replace('_', ' ')})`;
}

function classesOf({ schema }: Config): readonly string[] {
  return rolesOf(schema).target.categories!;
}
