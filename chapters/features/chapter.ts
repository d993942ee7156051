/** features: what was known of an entity at a time, for training and for serving alike. */
import type { Chapter } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { programPath } from '../../lib/files/program.ts';
import { runBeside } from '../../lib/serve/companion.ts';
import { featuresSection } from './settings.ts';
import { viewsLedger } from './views.ts';

export const chapter: Chapter = {
  section: featuresSection,
  ledgers: (config) => [viewsLedger(config)],
  source: { load: async () => (await import('./raw.ts')).rawOfFeatures },
  make: ({ config, path }) => {
    const { online, spine, sources } = sectionOf(config, featuresSection);
    const isUsed = config.data.source === 'features';
    const files = [spine, ...Object.values(sources).map((source) => source.path)].map((file) => path(file));
    return {
      variables: { FEATURES_ONLINE: online, FEATURE_FILES: isUsed ? files.join(' ') : '' },
      settings: {},
    };
  },
  beside: async (project) => {
    const { online, views } = sectionOf(project.config, featuresSection);
    if (online === 'none' || Object.keys(views).length === 0) return { async stop() {} };
    return runBeside(programPath('features-materialize'), { FOREVER: 'yes' }, 'what fills the online store');
  },
  monitored: async (project, seen) => (await import('./skew.ts')).watchSkew(project, seen),
  routes: async (project) => {
    const { online } = sectionOf(project.config, featuresSection);
    return online === 'none' ? () => [] : (await import('./route.ts')).featureRoutes(project);
  },
};
