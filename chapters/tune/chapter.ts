/** tune: searches settings of the model, trial by trial, as files. */
import type { Chapter } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { rungsOf } from './search.ts';
import { tuneSection } from './settings.ts';

export const chapter: Chapter = {
  section: tuneSection,
  make({ config }) {
    const { schema, features, model_params } = config;
    // More trials join those that are there: each draws by its own number.
    const { method, trials, ...search } = sectionOf(config, tuneSection);
    return {
      variables: {
        RUNGS: Array.from({ length: rungsOf({ method, trials }) }, (_, i) => i + 1).join(' '),
      },
      settings: { tune: { schema, features, model_params, tuning: search } },
    };
  },
};
