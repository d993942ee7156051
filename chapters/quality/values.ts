/** Expectations of each value of a column. */
import * as v from 'valibot';
import { text } from '../../lib/config/values.ts';
import { parseNumber } from '../../lib/data/columns.ts';
import { parseTime } from '../../lib/data/time.ts';
import { type Block, cellText, isNumeric, UNREADABLE } from './block.ts';
import {
  type Bound,
  between,
  type Expectation,
  expectation,
  FAILS,
  HOLDS,
  needsBound,
  type RowFold,
  UNJUDGED,
} from './expectation.ts';

const column = text;
const scalar = v.union([v.number(), v.string()], 'a number or a text');
const set = v.pipe(v.array(scalar, 'a list of values'), v.minLength(1, 'a list of values'));
const named = ({ column: name }: { column: string }) => [name];

/** By what a number or a text says; nothing is said of what is missing or cannot be read. */
function rowsOf(
  rule: { column: string },
  bound: Bound,
  holds: { number(value: number): boolean; text(value: string): boolean },
): RowFold {
  const at = bound.at(rule.column);
  const { type, categories } = bound.columns[at]!;
  const ofCategory = categories?.map((name) => holds.text(name));
  return {
    judge({ values, texts, rows }, marks) {
      const of = values[at]!;
      const words = texts[at];
      for (let i = 0; i < rows; i++) {
        const value = of[i]!;
        if (!(value < UNREADABLE)) marks[i] = UNJUDGED;
        else if (ofCategory !== undefined) marks[i] = ofCategory[value]! ? HOLDS : FAILS;
        else marks[i] = (type === 'text' ? holds.text(words![i]!) : holds.number(value)) ? HOLDS : FAILS;
      }
    },
  };
}

function inSet(wanted: boolean): Expectation {
  return expectation({
    kind: 'values',
    params: { column, value_set: set },
    columns: named,
    isAlone: true,
    say: ({ value_set }) => `${wanted ? 'one of' : 'none of'} ${shown(value_set)}`,
    rows(rule, bound) {
      const [numbers, texts] = [new Set(rule.value_set.map(Number)), new Set(rule.value_set.map(String))];
      return rowsOf(rule, bound, {
        number: (value) => numbers.has(value) === wanted,
        text: (value) => texts.has(value) === wanted,
      });
    },
  });
}

export function shown(values: readonly (number | string)[]): string {
  return `${values.slice(0, 5).join(', ')}${values.length > 5 ? ' …' : ''}`;
}

function isPattern(regex: string): boolean {
  try {
    new RegExp(regex, 'u');
    return true;
  } catch {
    return false;
  }
}

const pattern = v.pipe(text, v.check(isPattern, 'a regular expression'));

function matching(wanted: boolean): Expectation {
  return expectation({
    kind: 'values',
    params: { column, regex: pattern },
    columns: named,
    isAlone: true,
    say: ({ regex }) => `${wanted ? 'like' : 'not like'} ${regex}`,
    rows(rule, bound) {
      const regex = new RegExp(rule.regex, 'u');
      const matches = (value: string) => regex.test(value) === wanted;
      return rowsOf(rule, bound, { number: (value) => matches(String(value)), text: matches });
    },
  });
}

const TYPES = ['integer', 'number', 'time', 'text'] as const;
const isOf: Readonly<Record<(typeof TYPES)[number], (value: string) => boolean>> = {
  integer: (value) => Number.isInteger(parseNumber(value)),
  number: (value) => parseNumber(value) !== undefined,
  time: (value) => parseTime(value, 'iso') !== undefined,
  text: () => true,
};

function monotone(direction: 1 | -1): Expectation {
  return expectation({
    kind: 'values',
    params: { column, strictly: v.optional(v.boolean('true or false')) },
    columns: named,
    check: ({ column: name }, columnOf) =>
      isNumeric(columnOf(name)) || columnOf(name).type === 'time' ? undefined : `"${name}" has no order`,
    say: ({ strictly }) => `${strictly ? 'strictly ' : ''}${direction === 1 ? 'increasing' : 'decreasing'}`,
    rows({ column: name, strictly = false }, bound) {
      const at = bound.at(name);
      let before = Number.NaN;
      return {
        judge({ values, rows }, marks) {
          const of = values[at]!;
          for (let i = 0; i < rows; i++) {
            const value = of[i]!;
            if (!(value < UNREADABLE)) {
              marks[i] = UNJUDGED;
              continue;
            }
            const step = (value - before) * direction;
            marks[i] = (strictly ? step <= 0 : step < 0) ? FAILS : HOLDS;
            before = value;
          }
        },
      };
    },
  });
}

/** Every row whose key another one has fails, the first of them too. */
export function uniqueRows(
  keyOf: (block: Block, row: number) => number | string | undefined,
  show: (block: Block, row: number) => string,
): RowFold {
  /** By key the place of the first row that has it; below 0 once that one is said to fail. */
  const first = new Map<number | string, number>();
  let late: { place: number; value: string }[] = [];
  return {
    judge(block, marks) {
      for (let i = 0; i < block.rows; i++) {
        const key = keyOf(block, i);
        if (key === undefined) {
          marks[i] = UNJUDGED;
          continue;
        }
        const place = first.get(key);
        marks[i] = place === undefined ? HOLDS : FAILS;
        if (place === undefined) first.set(key, block.places[i]!);
        else if (place >= 0) {
          late.push({ place, value: show(block, i) });
          first.set(key, -1);
        }
      }
    },
    late() {
      const found = late;
      late = [];
      return found;
    },
  };
}

export const VALUES = {
  column_values_to_not_be_null: expectation({
    kind: 'values',
    params: { column },
    columns: named,
    isAlone: true,
    say: () => 'not missing',
    rows({ column: name }, bound) {
      const at = bound.at(name);
      return {
        judge({ values, rows }, marks) {
          const of = values[at]!;
          for (let i = 0; i < rows; i++) marks[i] = Number.isNaN(of[i]!) ? FAILS : HOLDS;
        },
      };
    },
  }),
  column_values_to_be_null: expectation({
    kind: 'values',
    params: { column },
    columns: named,
    isAlone: true,
    say: () => 'missing',
    rows({ column: name }, bound) {
      const at = bound.at(name);
      return {
        judge({ values, rows }, marks) {
          const of = values[at]!;
          for (let i = 0; i < rows; i++) marks[i] = Number.isNaN(of[i]!) ? HOLDS : FAILS;
        },
      };
    },
  }),
  column_values_to_be_unique: expectation({
    kind: 'values',
    params: { column },
    columns: named,
    say: () => 'unlike every other',
    rows({ column: name }, bound) {
      const at = bound.at(name);
      const isText = bound.columns[at]!.type === 'text';
      return uniqueRows(
        ({ values, texts }, row) => {
          const value = values[at]![row]!;
          if (!(value < UNREADABLE)) return undefined;
          return isText ? texts[at]![row]! : value;
        },
        (block, row) => cellText(block, row, at),
      );
    },
  }),
  column_values_to_be_in_set: inSet(true),
  column_values_to_not_be_in_set: inSet(false),
  column_values_to_be_between: expectation({
    kind: 'values',
    params: {
      column,
      min_value: v.optional(scalar),
      max_value: v.optional(scalar),
      strict_min: v.optional(v.boolean('true or false')),
      strict_max: v.optional(v.boolean('true or false')),
    },
    columns: named,
    isAlone: true,
    check({ column: name, min_value, max_value }, columnOf) {
      const { type } = columnOf(name);
      if (type === 'time') {
        const wrong = [min_value, max_value].find(
          (each) => each !== undefined && parseTime(String(each), 'iso') === undefined,
        );
        return wrong === undefined
          ? needsBound({ min_value, max_value })
          : `${wrong} is no time such as 2026-01-31T10:15:00`;
      }
      if (type !== 'number' && type !== 'integer') return `"${name}" is neither a number nor a time`;
      if ([min_value, max_value].some((each) => typeof each === 'string'))
        return 'min_value and max_value are numbers';
      return needsBound({ min_value, max_value });
    },
    say: ({ min_value, max_value }) => between(min_value, max_value),
    rows({ column: name, min_value, max_value, strict_min = false, strict_max = false }, bound) {
      const at = bound.at(name);
      const read = (value: number | string) => (typeof value === 'number' ? value : parseTime(value, 'iso')!);
      const low = min_value === undefined ? Number.NEGATIVE_INFINITY : read(min_value);
      const high = max_value === undefined ? Number.MAX_VALUE : read(max_value);
      return {
        judge({ values, rows }, marks) {
          const of = values[at]!;
          for (let i = 0; i < rows; i++) {
            const value = of[i]!;
            if (!(value < UNREADABLE)) marks[i] = UNJUDGED;
            else {
              const isBelow = strict_min ? value <= low : value < low;
              marks[i] = isBelow || (strict_max ? value >= high : value > high) ? FAILS : HOLDS;
            }
          }
        },
      };
    },
  }),
  column_values_to_match_regex: matching(true),
  column_values_to_not_match_regex: matching(false),
  column_value_lengths_to_be_between: expectation({
    kind: 'values',
    params: {
      column,
      min_value: v.optional(v.number('a number')),
      max_value: v.optional(v.number('a number')),
    },
    columns: named,
    isAlone: true,
    check: (rule, columnOf) =>
      isNumeric(columnOf(rule.column))
        ? `"${rule.column}" is a number, which has no length`
        : needsBound(rule),
    say: ({ min_value, max_value }) => `${between(min_value, max_value)} characters long`,
    rows(rule, bound) {
      const { min_value: low = 0, max_value: high = Number.MAX_VALUE } = rule;
      const fits = (value: string) => value.length >= low && value.length <= high;
      return rowsOf(rule, bound, { number: () => true, text: fits });
    },
  }),
  column_values_to_be_of_type: expectation({
    kind: 'values',
    params: { column, type_: v.picklist(TYPES, `one of ${TYPES.join(', ')}`) },
    columns: named,
    isAlone: true,
    say: ({ type_ }) => `of type ${type_}`,
    rows(rule, bound) {
      const { type } = bound.columns[bound.at(rule.column)]!;
      const isRight = isOf[rule.type_];
      return rowsOf(rule, bound, {
        number: (value) => (type === 'time' ? ['time', 'text'].includes(rule.type_) : isRight(String(value))),
        text: isRight,
      });
    },
  }),
  column_values_to_be_increasing: monotone(1),
  column_values_to_be_decreasing: monotone(-1),
} as const;
