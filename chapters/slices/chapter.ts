/** slices: where a version errs more than elsewhere. */
import type { Chapter } from '../../lib/chapter.ts';

export const chapter: Chapter = {
  report: async (project, loaded) => (await import('./report-part.ts')).slicesBlocks(project, loaded),
};
