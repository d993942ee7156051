/** chapters.guard of config.yaml. */
import * as v from 'valibot';
import { between, count, SENDER } from '../../lib/config/values.ts';

const schema = v.strictObject({
  trusted: v.array(
    v.pipe(v.string('a name'), v.regex(SENDER, 'the name of a sender')),
    'a list of names of senders',
  ),
  rows_per_day: count(1),
  sure: between(0.5, 1),
  neighbours: count(1),
  margin: between(0, 1),
});

export type GuardSettings = v.InferOutput<typeof schema>;

export const guardSection = { name: 'guard', schema };
