/** fairness: what groups of people get from a version, and what bringing them closer would cost. */
import type { Chapter } from '../../lib/chapter.ts';
import { fairnessSection } from './settings.ts';

export const chapter: Chapter = {
  section: fairnessSection,
  training: {
    file: 'chapters/fairness/training.ts',
    load: async () => (await import('./training.ts')).mitigatedTraining,
  },
  monitored: async (project, seen) => (await import('./monitored.ts')).watchGroups(project, seen),
  report: async (project, loaded) => (await import('./report-part.ts')).fairnessBlocks(project, loaded),
};
