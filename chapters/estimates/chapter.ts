/** estimates: the errors that are likely where the truth is missing. */
import type { Chapter } from '../../lib/chapter.ts';

export const chapter: Chapter = {
  monitored: async (project, seen) => (await import('./monitored.ts')).estimateErrors(project, seen),
};
