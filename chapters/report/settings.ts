/** chapters.report of config.yaml. */
import * as v from 'valibot';

export const reportSection = {
  name: 'report',
  schema: v.strictObject({
    contact: v.string('a text'),
    licence: v.string('a text'),
    intended_use: v.string('a text'),
    out_of_scope: v.string('a text'),
    ethical_considerations: v.string('a text'),
    caveats: v.string('a text'),
  }),
};
