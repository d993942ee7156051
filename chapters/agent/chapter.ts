/** agent: what the monitoring means and what to do, by rules; a language model may word it. */
import type { Chapter } from '../../lib/chapter.ts';
import { agentSection } from './settings.ts';

export const chapter: Chapter = {
  section: agentSection,
  routes: async (project) => (await import('./route.ts')).agentRoutes(project),
};
