/** chapters.carry of config.yaml. */
import * as v from 'valibot';

export const carrySection = {
  name: 'carry',
  schema: v.strictObject({
    /** Where make restore finds what make pack made; "" for nowhere. */
    from: v.string('a path, "" for none'),
  }),
} as const;
