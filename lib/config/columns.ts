/** Columns of the raw table, and features made of them. */
import * as v from 'valibot';
import { oneOf, text } from './values.ts';

const column = v.pipe(
  v.strictObject(
    {
      type: oneOf('number', 'integer', 'category', 'text', 'time'),
      role: oneOf('id', 'input', 'target', 'leakage', 'sensitive', 'time', 'ignored'),
      unit: v.optional(text),
      description: v.optional(text),
      range: v.optional(
        v.pipe(
          v.strictTuple(
            [v.number('two numbers, low then high'), v.number('two numbers, low then high')],
            'two numbers, low then high',
          ),
          v.check(([low, high]) => low < high, 'two numbers, low then high'),
        ),
      ),
      categories: v.optional(
        v.pipe(
          v.array(text, 'a list of texts (put numbers in quotes)'),
          v.minLength(2, 'two or more categories'),
        ),
      ),
      aliases: v.optional(v.record(text, text)),
      other: v.optional(text),
      strip: v.optional(v.array(text, 'a list of texts')),
      format: v.optional(oneOf('iso', 'day_first', 'month_first', 'epoch')),
      missing: oneOf('refuse', 'median', 'mean', 'most_frequent', 'keep'),
    },
    'a column: type, role, missing and what else it needs',
  ),
  v.check(
    (c) => (c.type === 'category') === (c.categories !== undefined),
    'categories for type category and for no other',
  ),
  v.check(
    (c) => c.range === undefined || c.type === 'number' || c.type === 'integer',
    'a range for numbers only',
  ),
  v.check(
    (c) => c.type === 'category' || (c.aliases ?? c.other) === undefined,
    'aliases and other for categories only',
  ),
  v.check(
    (c) =>
      [...Object.values(c.aliases ?? {}), ...(c.other === undefined ? [] : [c.other])].every((name) =>
        c.categories?.includes(name),
      ),
    'aliases and other that stand for one of the categories',
  ),
  v.check(
    (c) => c.role !== 'target' || c.other === undefined,
    'no other for the target: a class is known or the row is refused',
  ),
  v.check(
    (c) => c.strip === undefined || c.type === 'number' || c.type === 'integer',
    'strip for numbers only',
  ),
  v.check((c) => (c.format !== undefined) === (c.type === 'time'), 'a format for type time and for no other'),
  v.check(
    (c) => (c.role === 'time') === (c.type === 'time') || c.role === 'ignored',
    'type time and role time together',
  ),
  v.check((c) => c.role !== 'target' || c.type === 'category', 'type category for the target'),
  v.check(
    (c) => c.role !== 'target' || c.missing === 'refuse',
    'missing: refuse for the target: nothing is learnt from a row without a class',
  ),
  v.check(
    (c) => c.role !== 'sensitive' || c.missing === 'keep',
    'missing: keep for a sensitive column, since requests may come without it',
  ),
  v.check(
    (c) => c.role !== 'input' || (c.type !== 'text' && c.type !== 'time'),
    'an input that is a number, an integer or a category',
  ),
  v.check(
    (c) => c.type === 'number' || c.type === 'integer' || !['median', 'mean'].includes(c.missing),
    'missing: most_frequent, keep or refuse for a column that is no number',
  ),
);

/** The columns of the raw table by their names. */
export const columnsSchema = v.pipe(
  v.record(text, column),
  v.check(
    (s) => Object.values(s).filter((c) => c.role === 'target').length === 1,
    'exactly one column with role target',
  ),
  v.check((s) => Object.values(s).some((c) => c.role === 'input'), 'at least one column with role input'),
  v.check(
    (s) => Object.values(s).filter((c) => c.role === 'time').length <= 1,
    'at most one column with role time',
  ),
);

const pair = v.strictTuple([text, text], 'a list of two columns');
/** A feature made of two columns. */
export const engineered = v.pipe(
  v.strictObject(
    {
      product: v.optional(pair),
      difference: v.optional(pair),
      ratio: v.optional(pair),
      sum: v.optional(pair),
      scale: v.optional(v.number('a number')),
    },
    'product, difference, ratio or sum of two columns',
  ),
  v.check(
    (e) => [e.product, e.difference, e.ratio, e.sum].filter(Boolean).length === 1,
    'exactly one of product, difference, ratio, sum',
  ),
);
