/** The contract of an expectation: what it is told, and how it looks at rows. Adding one is one entry in a file of its kind. */
import * as v from 'valibot';
import type { NamedColumn } from '../../lib/config/roles.ts';
import { type Block, isNumeric } from './block.ts';
import type { Profile } from './profile.ts';

/** What a rule is bound to: the columns of a file, and what was there before. */
export interface Bound {
  readonly columns: readonly NamedColumn[];
  /** Of the version before; undefined where there is none. */
  readonly before: Profile | undefined;
  readonly now: Date;
  /** The place of a column that is there. */
  at(name: string): number;
}

/** Of a row: it holds, it does not, or there is nothing to judge. */
export const [HOLDS, FAILS, UNJUDGED] = [0, 1, 2] as const;

/** Looks at each row. */
export interface RowFold {
  /** Leaves in `marks` what is said of each row of the block. */
  judge(block: Block, marks: Uint8Array): void;
  /** Rows of before that only now are known to fail, by place and value; taken once. */
  late?(): { readonly place: number; readonly value: string }[];
}

/** Looks at all rows together. */
export interface TableFold {
  take(block: Block): void;
  /** `holds` is null where nothing was there to judge. */
  end(): { readonly observed: string; readonly judged: number; readonly holds: boolean | null };
}

export type Kind = 'values' | 'aggregate' | 'table' | 'pair' | 'before';

export interface Expectation {
  readonly kind: Kind;
  /** Its settings, besides what every rule has. */
  readonly params: v.ObjectEntries;
  /** Columns that a rule names, of all that the schema has. */
  columns(rule: Params, all: readonly NamedColumn[]): readonly string[];
  /** What is wrong with its columns or settings; undefined where nothing is. */
  check?(rule: Params, columnOf: (name: string) => NamedColumn): string | undefined;
  /** A rule in words, after its column. */
  say(rule: Params): string;
  rows?(rule: Params, bound: Bound): RowFold;
  table?(rule: Params, bound: Bound): TableFold;
  /** Whether a row can be judged without the others. */
  readonly isAlone?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: each entry knows its own settings, the catalogue knows them all.
export type Params = any;

/** An entry with the types of its own settings. */
export function expectation<E extends v.ObjectEntries>(entry: {
  readonly kind: Kind;
  readonly params: E;
  columns(
    rule: v.InferOutput<v.StrictObjectSchema<E, undefined>>,
    all: readonly NamedColumn[],
  ): readonly string[];
  check?(
    rule: v.InferOutput<v.StrictObjectSchema<E, undefined>>,
    columnOf: (name: string) => NamedColumn,
  ): string | undefined;
  say(rule: v.InferOutput<v.StrictObjectSchema<E, undefined>>): string;
  rows?(rule: v.InferOutput<v.StrictObjectSchema<E, undefined>>, bound: Bound): RowFold;
  table?(rule: v.InferOutput<v.StrictObjectSchema<E, undefined>>, bound: Bound): TableFold;
  readonly isAlone?: boolean;
}): Expectation {
  return entry;
}

export function needsNumber(name: string, columnOf: (name: string) => NamedColumn): string | undefined {
  return isNumeric(columnOf(name)) ? undefined : `"${name}" is no number`;
}

/** Bounds in words. */
export function between(min: number | string | undefined, max: number | string | undefined): string {
  if (min === undefined) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `from ${min} to ${max}`;
}

export const bounds = {
  min_value: v.optional(v.number('a number')),
  max_value: v.optional(v.number('a number')),
} as const;

export function needsBound({
  min_value,
  max_value,
}: {
  min_value?: unknown;
  max_value?: unknown;
}): string | undefined {
  if (min_value === undefined && max_value === undefined) return 'min_value or max_value says how much';
  if (typeof min_value === 'number' && typeof max_value === 'number' && min_value > max_value)
    return `nothing is from ${min_value} to ${max_value}`;
  return undefined;
}
