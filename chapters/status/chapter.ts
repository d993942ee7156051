/** status: the page of the server, what is live and how it does. */
import type { Chapter } from '../../lib/chapter.ts';

export const chapter: Chapter = {
  async routes(project) {
    const [{ statusRoutes }, { gatherStatus }] = await Promise.all([
      import('./route.ts'),
      import('./status.ts'),
    ]);
    return statusRoutes((server) => gatherStatus(project, server));
  },
};
