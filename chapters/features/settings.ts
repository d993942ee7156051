/** chapters.features of config.yaml. */
import * as v from 'valibot';
import type { SettingFault } from '../../lib/config/parse.ts';
import type { Config } from '../../lib/config/schema.ts';
import { above, oneOf, path, text } from '../../lib/config/values.ts';
import { ExpressionError, parseExpression } from '../../lib/data/expression.ts';
import { didYouMean } from '../../lib/words.ts';

/** What of an entity's rows: the latest value, or one figure of those of the last hours or of so many. */
export const FIGURES = ['mean', 'sum', 'min', 'max', 'count'] as const;

const span = {
  hours: v.optional(above(0)),
  rows: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
};
const described = { description: v.optional(text), unit: v.optional(text) };

const feature = v.pipe(
  v.strictObject(
    {
      /** An expression over the columns of a row. */
      last: v.optional(text),
      ...v.entriesFromList(FIGURES, v.optional(text)),
      /** Hours since the last row that a condition holds of. */
      since: v.optional(text),
      /** An expression over the features above it. */
      of: v.optional(text),
      /** Which of the pieces between these edges the feature that of names is in, from 0. */
      bins: v.optional(v.pipe(v.array(v.number()), v.minLength(1, 'one edge or more'))),
      ...span,
      ...described,
    },
    'a feature: last, mean, sum, min, max, count, since or of, and what it needs',
  ),
  v.check((f) => kindsOf(f).length === 1, 'exactly one of last, mean, sum, min, max, count, since, of'),
  v.check(
    (f) => FIGURES.some((kind) => f[kind] !== undefined) === (f.hours !== undefined || f.rows !== undefined),
    'hours or rows for mean, sum, min, max and count, and for nothing else',
  ),
  v.check((f) => f.hours === undefined || f.rows === undefined, 'hours or rows, not both'),
  v.check((f) => f.bins === undefined || f.of !== undefined, 'bins of a feature that of names'),
);

function kindsOf(feature: Readonly<Record<string, unknown>>): string[] {
  return ['last', ...FIGURES, 'since', 'of'].filter((kind) => feature[kind] !== undefined);
}

const view = v.strictObject({
  source: text,
  owner: v.string('text'),
  description: v.string('text'),
  /** A row that is older counts for nothing; one of exactly that age still does. */
  ttl_hours: above(0),
  features: v.record(text, feature),
});

const source = v.strictObject({
  path,
  /** What a row is of: columns that the spine has too. */
  entity: v.pipe(v.array(text, 'a list of columns'), v.minLength(1, 'one column or more')),
  /** When it happened. */
  time: text,
  /** When it was known; without one as soon as it happened. */
  created: v.optional(text),
  columns: v.record(text, oneOf('number', 'text')),
});

const schema = v.strictObject({
  /** Rows that features are joined to: its columns are those of the schema that are no feature. "" for none. */
  spine: v.string('a path, "" for none'),
  sources: v.record(text, source),
  views: v.record(v.pipe(text, v.regex(/^[a-z][a-z0-9_]*$/, 'small letters, digits and _')), view),
  online: oneOf('none', 'lmdb', 'redis'),
  /** What becomes of a request whose features are older than their view's ttl. */
  stale: oneOf('refuse', 'mark'),
});

export type FeatureSettings = v.InferOutput<typeof schema>;
export type View = FeatureSettings['views'][string];
export type Source = FeatureSettings['sources'][string];
export type Feature = View['features'][string];

export const FEATURES = 'features';

export const featuresSection = {
  name: FEATURES,
  schema,
  brings: true,
  check({ spine, sources, views }: FeatureSettings, config: Config, fault: SettingFault) {
    const taken = new Map<string, string>();
    for (const [name, { source: from, features }] of Object.entries(views)) {
      const keys = ['views', name];
      const own = Object.hasOwn(sources, from) ? sources[from] : undefined;
      if (own === undefined)
        throw fault([...keys, 'source'], `"${from}" is no source${didYouMean(from, Object.keys(sources))}`);
      const columns = columnsOf(own);
      const above: string[] = [];
      for (const [called, of] of Object.entries(features)) {
        const where = [...keys, 'features', called];
        if (taken.has(called)) throw fault(where, `is a feature of ${taken.get(called)} already`);
        taken.set(called, name);
        try {
          checkFeature(of, columns, above);
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
          throw fault(where, error.message);
        }
        above.push(called);
      }
    }
    for (const [name, { entity, time, created, columns }] of Object.entries(sources)) {
      const twice = [...entity, time, ...(created === undefined ? [] : [created])].find((column) =>
        Object.hasOwn(columns, column),
      );
      if (twice !== undefined)
        throw fault(['sources', name], `"${twice}" is entity, time or created and a column as well`);
      const unknown = entity.find(
        (column) => config.data.source === FEATURES && config.schema[column] === undefined,
      );
      if (unknown !== undefined)
        throw fault(
          ['sources', name, 'entity'],
          `"${unknown}" is no column of the schema${didYouMean(unknown, Object.keys(config.schema))}`,
        );
    }
    if (config.data.source !== FEATURES) return;
    if (spine === '') throw fault(['spine'], 'data.source is features: rows that features are joined to');
    if (!Object.values(config.schema).some(({ role }) => role === 'time'))
      throw fault(
        ['spine'],
        'the schema has no column with role time: a feature is what was known at a time',
      );
    const { csv } = config.data;
    if (
      csv.separator !== ',' ||
      !csv.header ||
      csv.decimal !== '.' ||
      csv.comment !== '' ||
      csv.missing.length > 0
    )
      throw fault([], 'the raw file is made here, so data.csv is plain');
  },
} as const;

export function columnsOf({ columns }: Source) {
  return Object.entries(columns).map(([name, type]) => ({ name, type }));
}

function checkFeature(
  feature: Feature,
  columns: readonly { name: string; type: 'number' | 'text' }[],
  above: readonly string[],
): void {
  const wants = (
    text: string,
    type: 'number' | 'truth',
    known: readonly { name: string; type: 'number' | 'text' }[],
  ) => {
    const found = parseExpression(text, known).type;
    if (found !== type) throw new ExpressionError(`${text} is a ${found}, and a ${type} is needed`);
  };
  if (feature.since !== undefined) wants(feature.since, 'truth', columns);
  else if (feature.count !== undefined) wants(feature.count, 'truth', columns);
  else if (feature.of !== undefined)
    wants(
      feature.of,
      'number',
      above.map((name) => ({ name, type: 'number' as const })),
    );
  else wants((feature.last ?? feature.mean ?? feature.sum ?? feature.min ?? feature.max)!, 'number', columns);
  if (feature.bins?.some((edge, i) => i > 0 && edge <= feature.bins![i - 1]!) === true)
    throw new ExpressionError('bins: each edge is above the one before');
}
