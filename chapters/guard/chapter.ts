/** guard: what may be learnt from production, and what a challenger must not be worse on. */
import type { Chapter } from '../../lib/chapter.ts';
import { guardSection } from './settings.ts';

export const chapter: Chapter = {
  section: guardSection,
  guard: { load: async () => (await import('./guard.ts')).guard },
};
