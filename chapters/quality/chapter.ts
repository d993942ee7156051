/** quality: whether data is as good as it was, row by row and as a whole. */
import type { Chapter } from '../../lib/chapter.ts';
import { historyLedger } from './history.ts';
import { qualitySection } from './settings.ts';

export const chapter: Chapter = {
  section: qualitySection,
  ledgers: (config) => [historyLedger(config)],
  data: { load: async () => (await import('./data-judge.ts')).judgeData },
  rows: async (project) => (await import('./row-judge.ts')).rowJudge(project),
  monitored: async (project, seen) => (await import('./monitored.ts')).watchQuality(project, seen),
  routes: async (project) => (await import('./route.ts')).qualityRoutes(project),
};
