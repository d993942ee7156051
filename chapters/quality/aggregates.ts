/** Expectations of all values of a column together. */
import * as v from 'valibot';
import { text } from '../../lib/config/values.ts';
import { type Block, UNREADABLE } from './block.ts';
import {
  type Bound,
  between,
  bounds,
  type Expectation,
  expectation,
  needsBound,
  needsNumber,
  type TableFold,
} from './expectation.ts';
import { moments } from './moments.ts';
import { valueAtRank } from './rank.ts';
import { shown } from './values.ts';

const column = text;
const named = ({ column: name }: { column: string }) => [name];
const DIGITS = 6;

/** A figure as it is shown. */
export function figure(x: number): string {
  return String(Number(x.toPrecision(DIGITS)));
}

interface Bounds {
  readonly min_value?: number | undefined;
  readonly max_value?: number | undefined;
}

function within(observed: number, { min_value, max_value }: Bounds): boolean {
  return (
    observed >= (min_value ?? Number.NEGATIVE_INFINITY) && observed <= (max_value ?? Number.POSITIVE_INFINITY)
  );
}

function endOf(observed: number, judged: number, rule: Bounds) {
  const isKnown = judged > 0 && !Number.isNaN(observed);
  return {
    observed: isKnown ? figure(observed) : 'nothing',
    judged,
    holds: isKnown ? within(observed, rule) : null,
  };
}

function moment(name: 'min' | 'max' | 'mean' | 'stdev' | 'sum', words: string): Expectation {
  return expectation({
    kind: 'aggregate',
    params: { column, ...bounds },
    columns: named,
    check: (rule, columnOf) => needsNumber(rule.column, columnOf) ?? needsBound(rule),
    say: ({ min_value, max_value }) => `${words} ${between(min_value, max_value)}`,
    table(rule, bound): TableFold {
      const at = bound.at(rule.column);
      const seen = moments();
      return {
        take: ({ values, rows }) => seen.take(values[at]!, rows),
        end() {
          const of = seen.of();
          return endOf(of[name], of.count, rule);
        },
      };
    },
  });
}

/** The values that are there, for what cannot be said without all of them. */
function collected(at: number) {
  let values = new Float64Array(1024);
  let count = 0;
  return {
    take(block: Block): void {
      if (count + block.rows > values.length) {
        const grown = new Float64Array(Math.max(2 * values.length, count + block.rows));
        grown.set(values.subarray(0, count));
        values = grown;
      }
      const of = block.values[at]!;
      for (let i = 0; i < block.rows; i++) if (of[i]! < UNREADABLE) values[count++] = of[i]!;
    },
    values: () => values.subarray(0, count),
  };
}

/** How often each value is there; by number, category or text. */
function tallied(bound: Bound, name: string) {
  const at = bound.at(name);
  const { type, categories } = bound.columns[at]!;
  const counts = new Map<number | string, number>();
  let judged = 0;
  return {
    take({ values, texts, rows }: Block): void {
      const of = values[at]!;
      const words = type === 'text' ? texts[at]! : undefined;
      for (let i = 0; i < rows; i++) {
        const value = of[i]!;
        if (!(value < UNREADABLE)) continue;
        judged++;
        const key = words === undefined ? value : words[i]!;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    },
    judged: () => judged,
    counts,
    nameOf: (key: number | string) => (categories === undefined ? String(key) : categories[Number(key)]!),
  };
}

function distinct(words: string, observe: (values: number, judged: number) => number): Expectation {
  return expectation({
    kind: 'aggregate',
    params: { column, ...bounds },
    columns: named,
    check: needsBound,
    say: ({ min_value, max_value }) => `${words} ${between(min_value, max_value)}`,
    table(rule, bound): TableFold {
      const seen = tallied(bound, rule.column);
      return {
        take: seen.take,
        end: () => endOf(observe(seen.counts.size, seen.judged()), seen.judged(), rule),
      };
    },
  });
}

const set = v.pipe(
  v.array(v.union([v.number(), v.string()]), 'a list of values'),
  v.minLength(1, 'a list of values'),
);

export const AGGREGATES = {
  column_min_to_be_between: moment('min', 'minimum'),
  column_max_to_be_between: moment('max', 'maximum'),
  column_mean_to_be_between: moment('mean', 'mean'),
  column_stdev_to_be_between: moment('stdev', 'standard deviation'),
  column_sum_to_be_between: moment('sum', 'sum'),
  column_median_to_be_between: expectation({
    kind: 'aggregate',
    params: { column, ...bounds },
    columns: named,
    check: (rule, columnOf) => needsNumber(rule.column, columnOf) ?? needsBound(rule),
    say: ({ min_value, max_value }) => `median ${between(min_value, max_value)}`,
    table(rule, bound): TableFold {
      const seen = collected(bound.at(rule.column));
      return {
        take: seen.take,
        end() {
          const values = seen.values();
          const [low, high] = [(values.length - 1) >> 1, values.length >> 1];
          const median =
            values.length === 0 ? Number.NaN : (valueAtRank(values, low) + valueAtRank(values, high)) / 2;
          return endOf(median, values.length, rule);
        },
      };
    },
  }),
  column_quantile_values_to_be_between: expectation({
    kind: 'aggregate',
    params: {
      column,
      quantile_ranges: v.strictObject({
        quantiles: v.pipe(
          v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 'shares from 0 to 1'),
          v.minLength(1),
        ),
        value_ranges: v.array(
          v.strictTuple([v.nullable(v.number()), v.nullable(v.number())], 'two numbers, or null for none'),
        ),
      }),
    },
    columns: named,
    check: ({ column: name, quantile_ranges: { quantiles, value_ranges } }, columnOf) =>
      needsNumber(name, columnOf) ??
      (quantiles.length === value_ranges.length
        ? undefined
        : `${quantiles.length} quantiles and ${value_ranges.length} ranges`),
    say: ({ quantile_ranges: { quantiles, value_ranges } }) =>
      quantiles
        .map(
          (q, i) =>
            `quantile ${q} ${between(value_ranges[i]![0] ?? undefined, value_ranges[i]![1] ?? undefined)}`,
        )
        .join(', '),
    table(rule, bound): TableFold {
      const seen = collected(bound.at(rule.column));
      const { quantiles, value_ranges } = rule.quantile_ranges;
      return {
        take: seen.take,
        end() {
          const values = seen.values();
          if (values.length === 0) return { observed: 'nothing', judged: 0, holds: null };
          // The nearest rank, a half to the even one: as Great Expectations asks pandas for it.
          const observed = quantiles.map((q) => valueAtRank(values, nearestEven(q * (values.length - 1))));
          const holds = observed.every((x, i) =>
            within(x, {
              min_value: value_ranges[i]![0] ?? undefined,
              max_value: value_ranges[i]![1] ?? undefined,
            }),
          );
          return { observed: observed.map(figure).join(', '), judged: values.length, holds };
        },
      };
    },
  }),
  column_unique_value_count_to_be_between: distinct('number of different values', (values) => values),
  column_proportion_of_unique_values_to_be_between: distinct(
    'share of different values',
    (values, judged) => values / judged,
  ),
  column_most_common_value_to_be_in_set: expectation({
    kind: 'aggregate',
    params: { column, value_set: set },
    columns: named,
    say: ({ value_set }) => `most common value one of ${shown(value_set)}`,
    table(rule, bound): TableFold {
      const seen = tallied(bound, rule.column);
      return {
        take: seen.take,
        end() {
          const most = Math.max(0, ...seen.counts.values());
          const modes = [...seen.counts]
            .filter(([, count]) => count === most)
            .map(([key]) => seen.nameOf(key));
          const wanted = new Set(rule.value_set.map(String));
          return {
            observed: shown(modes),
            judged: seen.judged(),
            holds: seen.judged() === 0 ? null : modes.some((mode) => wanted.has(mode)),
          };
        },
      };
    },
  }),
  column_distinct_values_to_be_in_set: expectation({
    kind: 'aggregate',
    params: { column, value_set: set },
    columns: named,
    say: ({ value_set }) => `no values but ${shown(value_set)}`,
    table(rule, bound): TableFold {
      const seen = tallied(bound, rule.column);
      return {
        take: seen.take,
        end() {
          const wanted = new Set(rule.value_set.map(String));
          const others = [...seen.counts.keys()].map(seen.nameOf).filter((name) => !wanted.has(name));
          return {
            observed: others.length === 0 ? 'no others' : shown(others),
            judged: seen.judged(),
            holds: seen.judged() === 0 ? null : others.length === 0,
          };
        },
      };
    },
  }),
} as const;

function nearestEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
