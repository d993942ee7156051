/** chapters.synth of config.yaml. */
import * as v from 'valibot';
import type { SettingFault } from '../../lib/config/parse.ts';
import type { Config } from '../../lib/config/schema.ts';
import { above, between, count, text } from '../../lib/config/values.ts';
import { ExpressionError, parseExpression } from '../../lib/data/expression.ts';
import { didYouMean } from '../../lib/words.ts';

const schema = v.strictObject({
  seed: count(0),
  /** What every row must be, besides the schema. */
  constraints: v.array(text, 'a list of conditions'),
  tree: v.strictObject({
    bins: v.pipe(count(2), v.maxValue(200, 'at most 200')),
    trees: count(1),
    min_rows: count(1),
  }),
  privacy: v.strictObject({
    delta: v.pipe(between(0, 0.01), v.gtValue(0, 'a number above 0')),
    /** The most ε that may ever be spent on one raw file, at that δ. */
    budget: above(0),
    bins: v.pipe(count(2), v.maxValue(500, 'at most 500')),
    edges: v.record(text, v.pipe(v.array(v.number()), v.minLength(2, 'two or more numbers'))),
    pairs_with_target: v.boolean('true or false'),
  }),
  judge: v.strictObject({ rows: count(10) }),
});

export type SynthSettings = v.InferOutput<typeof schema>;

export const synthSection = {
  name: 'synth',
  schema,
  check({ constraints, privacy }: SynthSettings, config: Config, fault: SettingFault) {
    const columns = knownColumns(config);
    for (const [i, condition] of constraints.entries()) {
      try {
        const { type } = parseExpression(condition, columns);
        if (type !== 'truth') throw new ExpressionError(`is a ${type}, and nothing that is true or false`);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        throw fault(['constraints', String(i)], error.message);
      }
    }
    for (const [name, edges] of Object.entries(privacy.edges)) {
      if (config.schema[name] === undefined)
        throw fault(
          ['privacy', 'edges', name],
          `is no column of the schema${didYouMean(name, Object.keys(config.schema))}`,
        );
      if (edges.some((edge, i) => i > 0 && edge <= edges[i - 1]!))
        throw fault(['privacy', 'edges', name], 'each edge is above the one before');
    }
  },
} as const;

/** The columns that conditions may name. */
export function knownColumns({ schema }: Pick<Config, 'schema'>) {
  return Object.entries(schema).map(([name, { type }]) => ({
    name,
    type: type === 'text' || type === 'category' ? ('text' as const) : ('number' as const),
  }));
}
