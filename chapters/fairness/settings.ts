/** chapters.fairness of config.yaml. */
import * as v from 'valibot';
import type { SettingFault } from '../../lib/config/parse.ts';
import { rolesOf } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import { between, count, oneOf, text } from '../../lib/config/values.ts';

const schema = v.strictObject({
  favourable: text,
  reference: v.record(text, text),
  min_rows: count(1),
  max_gap: between(0, 1),
  mitigation: v.pipe(
    v.strictObject({
      method: oneOf('none', 'reweighing', 'group_thresholds'),
      column: v.optional(text),
      criterion: oneOf('demographic_parity', 'equal_opportunity'),
    }),
    v.check(
      (m) => (m.method === 'none') === (m.column === undefined),
      'a column for a method, and for none no column',
    ),
  ),
});

export type FairnessSettings = v.InferOutput<typeof schema>;

export const fairnessSection = {
  name: 'fairness',
  schema,
  check({ favourable, reference, mitigation }: FairnessSettings, config: Config, fault: SettingFault) {
    const { categories } = rolesOf(config.schema).target;
    const classes = categories!;
    if (!classes.includes(favourable))
      throw fault(['favourable'], `"${favourable}" is no class of the target: ${classes.join(', ')}`);
    const groupsOf = (keys: string[], name: string) => {
      const column = config.schema[name];
      if (column === undefined) throw fault(keys, `"${name}" is no column of the schema`);
      if (column.role === 'input')
        throw fault(
          keys,
          `"${name}" is an input of the model; a sensitive column is kept apart from it (role: sensitive)`,
        );
      if (column.role !== 'sensitive' || column.categories === undefined)
        throw fault(keys, `"${name}" is no sensitive column of type category`);
      return column.categories;
    };
    for (const [name, group] of Object.entries(reference))
      if (!groupsOf(['reference', name], name).includes(group))
        throw fault(['reference', name], `"${group}" is no category of ${name}`);
    if (mitigation.column !== undefined) groupsOf(['mitigation', 'column'], mitigation.column);
    if (mitigation.method === 'group_thresholds' && classes.length > 2)
      throw fault(['mitigation', 'method'], 'group_thresholds needs two classes; reweighing takes more');
  },
};
