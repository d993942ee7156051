/** shadow: a version that scores a copy of every request and answers none. */
import type { Chapter } from '../../lib/chapter.ts';

export const chapter: Chapter = {
  beside: async (project) => (await import('./shadows.ts')).superviseShadows(project),
};
