/** chapters.alerts of config.yaml; the limits are monitoring.limits. */
import * as v from 'valibot';
import type { SettingFault } from '../../lib/config/parse.ts';
import { type Config, SIGNALS } from '../../lib/config/schema.ts';
import { atLeast, count, milliseconds, text } from '../../lib/config/values.ts';

const schema = v.strictObject({
  rules: v.array(
    v.strictObject(
      {
        name: text,
        signal: v.picklist(SIGNALS, `one of ${SIGNALS.join(', ')}`),
        for_minutes: atLeast(0),
      },
      'a rule: name, signal and for_minutes',
    ),
  ),
  webhook: v.strictObject({
    url: v.pipe(
      v.string('an address, or "" for none'),
      v.regex(/^(https?:\/\/\S+)?$/, 'an http or https address, or "" for none'),
    ),
    attempts: v.pipe(count(1), v.maxValue(10, 'at most 10')),
    timeout_ms: milliseconds,
  }),
});

export type AlertSettings = v.InferOutput<typeof schema>;

export const alertsSection = {
  name: 'alerts',
  schema,
  check({ rules }: AlertSettings, _: Config, fault: SettingFault) {
    const names = rules.map(({ name }) => name);
    const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
    if (twice >= 0) throw fault(['rules', String(twice)], `two rules are named "${names[twice]}"`);
  },
};
