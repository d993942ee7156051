/** batch: predictions for a stream of CSV or NDJSON rows. */
import type { Chapter } from '../../lib/chapter.ts';

export const chapter: Chapter = {
  routes: async () => (await import('./route.ts')).batchRoutes,
};
