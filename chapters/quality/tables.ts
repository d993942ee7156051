/** Expectations of the table, of pairs of columns, of whatever an expression says, and of what changed since the version before. */
import * as v from 'valibot';
import type { NamedColumn } from '../../lib/config/roles.ts';
import { atLeast, between as share, text } from '../../lib/config/values.ts';
import { type Cells, type Expression, ExpressionError, parseExpression } from '../../lib/data/expression.ts';
import { formatCount, formatPercent } from '../../lib/words.ts';
import { figure } from './aggregates.ts';
import { type Block, cellText, isNumeric, UNREADABLE } from './block.ts';
import {
  type Bound,
  between,
  bounds,
  expectation,
  FAILS,
  HOLDS,
  needsBound,
  needsNumber,
  type TableFold,
  UNJUDGED,
} from './expectation.ts';
import { type ColumnProfile, profiler } from './profile.ts';
import { shown, uniqueRows } from './values.ts';

const column = text;
const named = ({ column: name }: { column: string }) => [name];
const pair = ({ column_A, column_B }: { column_A: string; column_B: string }) => [column_A, column_B];

/** Rows of a block as an expression reads them. */
function cellsOf(block: Block): Cells {
  return {
    number(c, row) {
      const value = block.values[c]![row]!;
      return value === UNREADABLE ? Number.NaN : value;
    },
    text(c, row) {
      const value = block.values[c]![row]!;
      if (!(value < UNREADABLE)) return undefined;
      return block.texts[c]?.[row] ?? block.columns[c]!.categories![value];
    },
  };
}

export function readExpression(condition: string, columns: readonly NamedColumn[]): Expression {
  return parseExpression(
    condition,
    columns.map(({ name, type }) => ({
      name,
      type: type === 'text' || type === 'category' ? 'text' : 'number',
    })),
  );
}

/** A change since the version before, of one column; without one there is nothing to judge. */
function since(
  bound: Bound,
  name: string,
  change: (
    now: ColumnProfile,
    rows: number,
    before: ColumnProfile,
    rowsBefore: number,
  ) => { observed: string; holds: boolean } | undefined,
): TableFold {
  const seen = profiler([bound.columns[bound.at(name)]!]);
  const at = bound.at(name);
  return {
    take: (block) =>
      seen.take({
        ...block,
        rows: block.rows,
        columns: [block.columns[at]!],
        values: [block.values[at]!],
        texts: [block.texts[at]],
      }),
    end() {
      const { rows, columns } = seen.profile();
      const [now, before] = [columns[name]!, bound.before?.columns[name]];
      const found =
        before === undefined || rows === 0 ? undefined : change(now, rows, before, bound.before!.rows);
      return found === undefined
        ? { observed: 'nothing to compare with', judged: 0, holds: null }
        : { ...found, judged: rows };
    },
  };
}

export const TABLES = {
  table_row_count_to_be_between: expectation({
    kind: 'table',
    params: { ...bounds },
    columns: () => [],
    check: needsBound,
    say: ({ min_value, max_value }) => `rows ${between(min_value, max_value)}`,
    table({ min_value = 0, max_value = Number.POSITIVE_INFINITY }): TableFold {
      let rows = 0;
      return {
        take(block) {
          rows += block.rows;
        },
        end: () => ({
          observed: formatCount(rows),
          judged: rows,
          holds: rows >= min_value && rows <= max_value,
        }),
      };
    },
  }),
  table_columns_to_match_set: expectation({
    kind: 'table',
    params: { column_set: v.array(text, 'a list of columns') },
    columns: () => [],
    say: ({ column_set }) => `columns ${shown(column_set)}`,
    table({ column_set }, { columns }): TableFold {
      const names = columns.map(({ name }) => name);
      const missing = column_set.filter((name) => !names.includes(name));
      const others = names.filter((name) => !column_set.includes(name));
      let rows = 0;
      return {
        take(block) {
          rows += block.rows;
        },
        end: () => ({
          observed:
            missing.length + others.length === 0
              ? 'these'
              : `${shown(missing)} missing, ${shown(others)} besides`,
          judged: rows,
          holds: missing.length + others.length === 0,
        }),
      };
    },
  }),
  column_pair_values_a_to_be_greater_than_b: expectation({
    kind: 'pair',
    params: { column_A: column, column_B: column, or_equal: v.optional(v.boolean('true or false')) },
    columns: pair,
    isAlone: true,
    check: ({ column_A, column_B }, columnOf) => {
      const [a, b] = [columnOf(column_A), columnOf(column_B)];
      return (isNumeric(a) && isNumeric(b)) || (a.type === 'time' && b.type === 'time')
        ? undefined
        : 'two numbers or two times';
    },
    say: ({ column_B, or_equal }) => `${or_equal ? 'at least' : 'above'} "${column_B}"`,
    rows({ column_A, column_B, or_equal = false }, bound) {
      const [a, b] = [bound.at(column_A), bound.at(column_B)];
      return {
        judge({ values, rows }, marks) {
          const [left, right] = [values[a]!, values[b]!];
          for (let i = 0; i < rows; i++) {
            const [x, y] = [left[i]!, right[i]!];
            if (!(x < UNREADABLE && y < UNREADABLE)) marks[i] = UNJUDGED;
            else marks[i] = (or_equal ? x >= y : x > y) ? HOLDS : FAILS;
          }
        },
      };
    },
  }),
  column_pair_values_to_be_equal: expectation({
    kind: 'pair',
    params: { column_A: column, column_B: column },
    columns: pair,
    isAlone: true,
    say: ({ column_B }) => `the same as "${column_B}"`,
    rows({ column_A, column_B }, bound) {
      const [a, b] = [bound.at(column_A), bound.at(column_B)];
      return {
        judge(block, marks) {
          for (let i = 0; i < block.rows; i++) {
            const [x, y] = [block.values[a]![i]!, block.values[b]![i]!];
            if (!(x < UNREADABLE && y < UNREADABLE)) marks[i] = UNJUDGED;
            else marks[i] = cellText(block, i, a) === cellText(block, i, b) ? HOLDS : FAILS;
          }
        },
      };
    },
  }),
  compound_columns_to_be_unique: expectation({
    kind: 'pair',
    params: {
      column_list: v.pipe(v.array(text, 'a list of columns'), v.minLength(2, 'two or more columns')),
    },
    columns: ({ column_list }) => column_list,
    say: ({ column_list }) =>
      `with ${column_list
        .slice(1)
        .map((name) => `"${name}"`)
        .join(', ')} unlike every other`,
    rows({ column_list }, bound) {
      const places = column_list.map((name) => bound.at(name));
      const show = (block: Block, row: number) => places.map((c) => cellText(block, row, c)).join(' | ');
      return uniqueRows(
        (block, row) =>
          places.some((c) => !(block.values[c]![row]! < UNREADABLE))
            ? undefined
            : places.map((c) => cellText(block, row, c)).join('\n'),
        show,
      );
    },
  }),
  rows_to_satisfy: expectation({
    kind: 'pair',
    params: { condition: text },
    columns: ({ condition }, all) => readExpression(condition, all).columns.map((c) => all[c]!.name),
    isAlone: true,
    say: ({ condition }) => condition,
    rows({ condition }, bound) {
      const { number } = readExpression(condition, bound.columns);
      return {
        judge(block, marks) {
          const cells = cellsOf(block);
          for (let i = 0; i < block.rows; i++) {
            const holds = number(cells, i);
            marks[i] = Number.isNaN(holds) ? UNJUDGED : holds === 1 ? HOLDS : FAILS;
          }
        },
      };
    },
  }),
  column_max_to_be_fresh: expectation({
    kind: 'table',
    params: { column, max_age_hours: atLeast(0) },
    columns: named,
    check: ({ column: name }, columnOf) =>
      columnOf(name).type === 'time' ? undefined : `"${name}" is no time`,
    say: ({ max_age_hours }) => `the latest at most ${max_age_hours} hours old`,
    table({ column: name, max_age_hours }, bound): TableFold {
      const at = bound.at(name);
      let [latest, judged] = [Number.NEGATIVE_INFINITY, 0];
      return {
        take({ values, rows }) {
          for (let i = 0; i < rows; i++) {
            const value = values[at]![i]!;
            if (!(value < UNREADABLE)) continue;
            judged++;
            if (value > latest) latest = value;
          }
        },
        end() {
          const hours = (bound.now.getTime() - latest) / 3_600_000;
          return judged === 0
            ? { observed: 'nothing', judged, holds: null }
            : {
                observed: `${figure(Number(hours.toFixed(1)))} hours`,
                judged,
                holds: hours <= max_age_hours,
              };
        },
      };
    },
  }),
  table_row_count_to_change_by_at_most: expectation({
    kind: 'before',
    params: { share: atLeast(0) },
    columns: () => [],
    say: (rule) => `rows within ${formatPercent(rule.share, 0)} of the version before`,
    table(rule, { before }): TableFold {
      let rows = 0;
      return {
        take(block) {
          rows += block.rows;
        },
        end: () =>
          before === undefined
            ? { observed: 'nothing to compare with', judged: 0, holds: null }
            : {
                observed: `${formatCount(rows)} against ${formatCount(before.rows)}`,
                judged: rows,
                holds: Math.abs(rows - before.rows) <= rule.share * before.rows,
              },
      };
    },
  }),
  column_mean_to_change_by_at_most: expectation({
    kind: 'before',
    params: { column, stdevs: atLeast(0) },
    columns: named,
    check: (rule, columnOf) => needsNumber(rule.column, columnOf),
    say: ({ stdevs }) => `mean within ${stdevs} standard deviations of the version before`,
    table: ({ column: name, stdevs }, bound) =>
      since(bound, name, (now, _, before) =>
        now.mean === undefined || before.mean === undefined
          ? undefined
          : {
              observed: `${figure(now.mean)} against ${figure(before.mean)}`,
              holds: Math.abs(now.mean - before.mean) <= stdevs * (before.stdev ?? 0),
            },
      ),
  }),
  column_nulls_to_change_by_at_most: expectation({
    kind: 'before',
    params: { column, share: share(0, 1) },
    columns: named,
    say: (rule) => `share missing within ${formatPercent(rule.share)} of the version before`,
    table: (rule, bound) =>
      since(bound, rule.column, (now, rows, before, rowsBefore) => {
        const [a, b] = [now.nulls / rows, before.nulls / rowsBefore];
        return {
          observed: `${formatPercent(a)} against ${formatPercent(b)}`,
          holds: Math.abs(a - b) <= rule.share,
        };
      }),
  }),
  column_categories_to_be_known: expectation({
    kind: 'before',
    params: { column, share: v.optional(share(0, 1)) },
    columns: named,
    check: ({ column: name }, columnOf) =>
      columnOf(name).type === 'category' ? undefined : `"${name}" is no category`,
    say: (rule) =>
      `categories of the version before${rule.share ? `, others in at most ${formatPercent(rule.share)}` : ''}`,
    table: (rule, bound) =>
      since(bound, rule.column, (now, rows, before) => {
        const fresh = Object.entries(now.categories ?? {}).filter(
          ([name, count]) => count > 0 && !before.categories?.[name],
        );
        const count = fresh.reduce((sum, [, many]) => sum + many, 0);
        return {
          observed: fresh.length === 0 ? 'no new ones' : `new: ${shown(fresh.map(([name]) => name))}`,
          holds: count <= (rule.share ?? 0) * rows,
        };
      }),
  }),
} as const;

/** What is wrong with a condition; undefined where nothing is. */
export function conditionProblem(condition: string, columns: readonly NamedColumn[]): string | undefined {
  try {
    const { type } = readExpression(condition, columns);
    return type === 'truth' ? undefined : `is a ${type}, and nothing that is true or false`;
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}
