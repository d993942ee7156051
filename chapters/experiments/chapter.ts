/** experiments: everything that was tried, kept, listed and compared. */
import type { Chapter } from '../../lib/chapter.ts';
import { runsLedger } from './run.ts';
import { experimentsSection } from './settings.ts';

export const chapter: Chapter = {
  section: experimentsSection,
  ledgers: (config) => [runsLedger(config)],
  tried: async (project, tried) => (await import('./keep.ts')).keepRun(project, tried),
};
