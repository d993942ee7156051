/** chapters.quality of config.yaml. */
import * as v from 'valibot';
import type { SettingFault } from '../../lib/config/parse.ts';
import { type NamedColumn, namedColumns } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import { between, oneOf, text } from '../../lib/config/values.ts';
import { didYouMean } from '../../lib/words.ts';
import { AGGREGATES } from './aggregates.ts';
import type { Expectation, Params } from './expectation.ts';
import { conditionProblem, TABLES } from './tables.ts';
import { VALUES } from './values.ts';

/** Every expectation by the name that Great Expectations has for it, without its expect_. */
export const EXPECTATIONS: Readonly<Record<string, Expectation>> = { ...VALUES, ...AGGREGATES, ...TABLES };

export const SEVERITIES = ['stop', 'warn'] as const;

const shared = {
  /** What becomes of a version that fails: it is not made, or it is said. */
  severity: v.optional(oneOf(...SEVERITIES), 'stop'),
  /** Share of the rows that are judged which must hold. */
  mostly: v.optional(v.pipe(between(0, 1), v.gtValue(0, 'a number above 0')), 1),
  /** A category: judged apart for each of its values. */
  by: v.optional(text),
};

export interface Rule {
  readonly expect: string;
  readonly severity: (typeof SEVERITIES)[number];
  readonly mostly: number;
  readonly by?: string | undefined;
  readonly params: Params;
}

const rule = v.pipe(
  v.looseObject(
    { expect: v.string('the name of an expectation') },
    'an expectation: expect, then what it needs',
  ),
  v.rawTransform(({ dataset, addIssue, NEVER }): Rule => {
    const { expect, ...rest } = dataset.value;
    const entry = Object.hasOwn(EXPECTATIONS, expect) ? EXPECTATIONS[expect] : undefined;
    if (entry === undefined) {
      addIssue({ message: `an expectation that is known${didYouMean(expect, Object.keys(EXPECTATIONS))}` });
      return NEVER;
    }
    const checked = v.safeParse(v.strictObject({ ...entry.params, ...shared }), rest);
    if (!checked.success) {
      const [issue] = checked.issues;
      const key = String(issue.path?.[0]?.key ?? '');
      const known = Object.keys({ ...entry.params, ...shared });
      const isUnknown = issue.type === 'strict_object' && issue.expected === 'never';
      const wanted = isUnknown
        ? `${known.join(', ')} of ${expect} and nothing else${didYouMean(key, known)}`
        : `of ${expect} ${key} ${issue.input === undefined ? '(is missing)' : 'as'} ${/^Invalid/.test(issue.message) ? issue.expected : issue.message}`;
      addIssue({ message: wanted });
      return NEVER;
    }
    const { severity, mostly, by, ...params } = checked.output as Rule & Record<string, unknown>;
    return { expect, severity, mostly, by, params };
  }),
);

export const REMEDIES = ['quarantine', 'impute', 'clip', 'map', 'drop_duplicates', 'reject'] as const;

const remedy = v.variant(
  'do',
  [
    v.strictObject({ do: v.picklist(['quarantine', 'reject']), failing: text }),
    v.strictObject({
      do: v.literal('impute'),
      column: text,
      value: v.union([v.number(), text, oneOf('median', 'most_frequent')]),
    }),
    v.strictObject({ do: v.literal('clip'), column: text, min_value: v.number(), max_value: v.number() }),
    v.strictObject({ do: v.literal('map'), column: text, values: v.record(text, v.string()) }),
    v.strictObject({ do: v.literal('drop_duplicates'), columns: v.pipe(v.array(text), v.minLength(1)) }),
  ],
  `a remedy: do (${REMEDIES.join(', ')}), then what it needs`,
);

const schema = v.strictObject({
  expectations: v.array(rule, 'a list of expectations'),
  remedies: v.array(remedy, 'a list of remedies'),
  anomalies: v.strictObject({
    trees: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
    rows_per_tree: v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65_536)),
    seed: v.pipe(v.number(), v.integer(), v.minValue(0)),
  }),
});

export type QualitySettings = v.InferOutput<typeof schema>;
export type Remedy = QualitySettings['remedies'][number];

export const qualitySection = {
  name: 'quality',
  schema,
  check({ expectations, remedies }: QualitySettings, config: Config, fault: SettingFault) {
    const columns = namedColumns(config.schema);
    for (const [i, { expect, params, by }] of expectations.entries()) {
      const keys = ['expectations', String(i)];
      const wrong = ruleProblem(EXPECTATIONS[expect]!, params, by, columns);
      if (wrong !== undefined) throw fault(keys, `${expect}: ${wrong}`);
    }
    for (const [i, remedy] of remedies.entries()) {
      const named = 'columns' in remedy ? remedy.columns : 'column' in remedy ? [remedy.column] : [];
      const unknown = named.find((name) => config.schema[name] === undefined);
      if (unknown !== undefined)
        throw fault(
          ['remedies', String(i)],
          `"${unknown}" is no column of the schema${didYouMean(unknown, Object.keys(config.schema))}`,
        );
      if (remedy.do === 'clip' && remedy.min_value >= remedy.max_value)
        throw fault(['remedies', String(i)], 'min_value is below max_value');
      if (
        'failing' in remedy &&
        remedy.failing !== 'schema' &&
        !expectations.some(({ expect }) => expect === remedy.failing)
      )
        throw fault(
          ['remedies', String(i)],
          `failing names "schema" or an expectation of the list, not "${remedy.failing}"`,
        );
    }
  },
} as const;

/** What is wrong with a rule beside the columns that there are; undefined where nothing is. */
export function ruleProblem(
  entry: Expectation,
  params: Params,
  by: string | undefined,
  columns: readonly NamedColumn[],
): string | undefined {
  if ('condition' in params) {
    const wrong = conditionProblem(params.condition, columns);
    if (wrong !== undefined) return wrong;
  }
  const columnOf = (name: string) => columns.find((column) => column.name === name);
  const unknown = [...entry.columns(params, columns), ...(by === undefined ? [] : [by])].find(
    (name) => columnOf(name) === undefined,
  );
  if (unknown !== undefined)
    return `"${unknown}" is no column of the schema${didYouMean(
      unknown,
      columns.map(({ name }) => name),
    )}`;
  if (by !== undefined && columnOf(by)!.type !== 'category') return `by: "${by}" is no category`;
  return entry.check?.(params, (name) => columnOf(name)!);
}
