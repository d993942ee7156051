/** chapters.explain of config.yaml. */
import * as v from 'valibot';
import { count, oneOf } from '../../lib/config/values.ts';

export const explainSection = {
  name: 'explain',
  schema: v.strictObject({
    method: oneOf('path_dependent', 'interventional'),
    background: count(1),
    rows: count(1),
  }),
};
