/** chapters.experiments of config.yaml. */
import * as v from 'valibot';

export const experimentsSection = {
  name: 'experiments',
  schema: v.strictObject({
    /** Scores of a run's rows are kept up to so many, so that runs can be compared row by row. */
    keep_scores: v.pipe(v.number(), v.integer(), v.minValue(0)),
  }),
} as const;

export type ExperimentsSettings = v.InferOutput<typeof experimentsSection.schema>;
