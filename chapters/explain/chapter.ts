/** explain: Shapley values, what a version looks at, why a prediction is what it is. */
import type { Chapter } from '../../lib/chapter.ts';
import { explainSection } from './settings.ts';

export const chapter: Chapter = {
  section: explainSection,
  routes: async (project) => (await import('./route.ts')).explainRoutes(project),
  report: async (project, loaded) => (await import('./report-part.ts')).explainBlocks(project, loaded),
};
