/** All rules over the blocks of one table: what each of them says, and every row that fails one. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import type { Verdict } from '../../lib/numbers/estimate.ts';
import { BLOCK_ROWS, type Block, cellText } from './block.ts';
import {
  type Bound,
  type Expectation,
  FAILS,
  type Kind,
  type RowFold,
  type TableFold,
  UNJUDGED,
} from './expectation.ts';
import { EXPECTATIONS, type Rule } from './settings.ts';

export interface RuleResult {
  /** The rule in words; what its history goes by. */
  readonly rule: string;
  readonly expect: string;
  readonly kind: Kind | 'schema';
  readonly column: string | null;
  readonly severity: Rule['severity'];
  readonly verdict: Verdict;
  /** Rows that were judged, and those of them that fail. */
  readonly judged: number;
  readonly failing: number;
  /** Of all rows together. */
  readonly observed: string | null;
  /** Places of the first that fail; every one of them is in the file of failing rows. */
  readonly places: readonly number[];
}

/** A row that fails a rule. */
export interface Failure {
  readonly place: number;
  readonly column: string;
  readonly value: string;
  readonly rule: string;
}

const PLACES_SHOWN = 5;
const MOST_GROUPS = 1000;

export interface Suite {
  take(block: Block): void;
  results(): RuleResult[];
}

export interface SuiteOptions {
  readonly columns: readonly NamedColumn[];
  /** Of the schema: what a rule may name though this table has it not. */
  readonly all: readonly NamedColumn[];
  readonly before: Bound['before'];
  readonly now: Date;
  onFailure(failure: Failure): void;
}

export function openSuite(rules: readonly Rule[], options: SuiteOptions): Suite {
  const judges = rules.map((rule) => judgeOf(rule, options));
  return {
    take: (block) => {
      for (const judge of judges) judge.take(block);
    },
    results: () => judges.flatMap((judge) => judge.results()),
  };
}

/** The rule as history and pages know it. */
export function ruleWords({ expect, params, mostly, by }: Rule, all: readonly NamedColumn[]): string {
  const entry = EXPECTATIONS[expect]!;
  const column = 'condition' in params ? undefined : entry.columns(params, all)[0];
  const words = `${column === undefined ? '' : `"${column}" `}${entry.say(params)}`;
  return `${words}${mostly < 1 ? `, mostly (${mostly})` : ''}${by === undefined ? '' : `, by "${by}"`}`;
}

interface Judge {
  take(block: Block): void;
  results(): RuleResult[];
}

function judgeOf(rule: Rule, options: SuiteOptions): Judge {
  const { columns, all, before, now } = options;
  const entry = EXPECTATIONS[rule.expect]!;
  const named = entry.columns(rule.params, all);
  const words = ruleWords(rule, all);
  const known: Known = { rule, entry, words, column: named[0] ?? null };
  const places = new Map(columns.map(({ name }, c) => [name, c]));
  const absent = [...named, ...(rule.by === undefined ? [] : [rule.by])].find((name) => !places.has(name));
  if (absent !== undefined)
    return { take() {}, results: () => [unjudged(known, `"${absent}" is not in the file`)] };
  const bound: Bound = { columns, before, now, at: (name) => places.get(name)! };
  if (rule.by === undefined) return single(known, bound, options.onFailure);
  return grouped(known, bound, places.get(rule.by)!, options.onFailure);
}

interface Known {
  readonly rule: Rule;
  readonly entry: Expectation;
  readonly words: string;
  readonly column: string | null;
}

type Said = Pick<RuleResult, 'verdict' | 'judged'> &
  Partial<Pick<RuleResult, 'failing' | 'observed' | 'places'>>;

function resultOf({ rule, entry, words, column }: Known, said: Said): RuleResult {
  const { expect, severity } = rule;
  return {
    rule: words,
    expect,
    kind: entry.kind,
    column,
    severity,
    failing: 0,
    observed: null,
    places: [],
    ...said,
  };
}

function unjudged(known: Known, observed: string): RuleResult {
  return resultOf(known, { verdict: 'inconclusive', judged: 0, observed });
}

/** A rule that cannot do its work fails by itself; the others go on. */
function single(known: Known, bound: Bound, onFailure: (failure: Failure) => void): Judge {
  const { rule, entry } = known;
  try {
    if (entry.rows !== undefined) return rowJudge(known, bound, entry.rows(rule.params, bound), onFailure);
    return tableJudge(known, entry.table!(rule.params, bound));
  } catch (error) {
    return {
      take() {},
      results: () => [unjudged(known, `could not be judged: ${(error as Error).message}`)],
    };
  }
}

function rowJudge(known: Known, bound: Bound, fold: RowFold, onFailure: (failure: Failure) => void): Judge {
  const { rule, words, column } = known;
  const marks = new Uint8Array(BLOCK_ROWS);
  const at = column === null ? -1 : bound.at(column);
  let [judged, failing] = [0, 0];
  const places: number[] = [];
  const fail = (place: number, value: string) => {
    failing++;
    keepFirst(places, place);
    onFailure({ place, column: column ?? '', value, rule: words });
  };
  return {
    take(block) {
      fold.judge(block, marks);
      for (let i = 0; i < block.rows; i++) {
        const mark = marks[i]!;
        if (mark !== UNJUDGED) judged++;
        if (mark === FAILS) fail(block.places[i]!, at < 0 ? '' : cellText(block, i, at));
      }
      for (const { place, value } of fold.late?.() ?? []) fail(place, value);
    },
    results() {
      const verdict =
        judged === 0 ? 'inconclusive' : judged - failing >= rule.mostly * judged ? 'pass' : 'fail';
      return [resultOf(known, { verdict, judged, failing, places })];
    },
  };
}

function tableJudge(known: Known, fold: TableFold): Judge {
  return {
    take: (block) => fold.take(block),
    results() {
      const { observed, judged, holds } = fold.end();
      const verdict = holds === null ? 'inconclusive' : holds ? 'pass' : 'fail';
      return [resultOf(known, { verdict, judged, observed })];
    },
  };
}

/** Keeps the first of the places, in their order. */
export function keepFirst(places: number[], place: number): void {
  if (places.length === PLACES_SHOWN && place > places.at(-1)!) return;
  let at = places.length;
  while (at > 0 && places[at - 1]! > place) at--;
  places.splice(at, 0, place);
  if (places.length > PLACES_SHOWN) places.pop();
}

/** The rule for the rows of each group apart. */
function grouped(known: Known, bound: Bound, by: number, onFailure: (failure: Failure) => void): Judge {
  const { categories, name } = bound.columns[by]!;
  if (categories!.length > MOST_GROUPS)
    return { take() {}, results: () => [unjudged(known, `"${name}" has more than ${MOST_GROUPS} values`)] };
  const judges = new Map<number, Judge>();
  return {
    take(block) {
      for (const [group, part] of partsOf(block, by)) {
        const words = `${known.words}: ${categories![group]}`;
        const judge = judges.get(group) ?? single({ ...known, words }, bound, onFailure);
        judges.set(group, judge);
        judge.take(part);
      }
    },
    results() {
      const results = [...judges].sort(([a], [b]) => a - b).flatMap(([, judge]) => judge.results());
      return results.length === 0 ? [unjudged(known, 'no group was there')] : results;
    },
  };
}

function partsOf(block: Block, by: number): Map<number, Block> {
  const rows = new Map<number, number[]>();
  for (let i = 0; i < block.rows; i++) {
    const group = block.values[by]![i]!;
    if (!Number.isFinite(group)) continue;
    const of = rows.get(group);
    if (of === undefined) rows.set(group, [i]);
    else of.push(i);
  }
  return new Map(
    [...rows].map(([group, some]) => {
      const now = new Map(some.map((row, i) => [row, i]));
      const part: Block = {
        columns: block.columns,
        rows: some.length,
        places: Float64Array.from(some, (row) => block.places[row]!),
        values: block.values.map((values) => Float64Array.from(some, (row) => values[row]!)),
        texts: block.texts.map((texts) => texts && some.map((row) => texts[row]!)),
        problems: block.problems.flatMap((each) =>
          now.has(each.row) ? [{ ...each, row: now.get(each.row)! }] : [],
        ),
      };
      return [group, part];
    }),
  );
}
