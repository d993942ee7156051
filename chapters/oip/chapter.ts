/** oip: the Open Inference Protocol (KServe V2, REST). */
import type { Chapter } from '../../lib/chapter.ts';

export const chapter: Chapter = {
  routes: async () => (await import('./routes.ts')).inferenceRoutes,
};
