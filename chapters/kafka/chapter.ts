/** kafka: rows in and events out, by topics of a broker. */
import type { Chapter } from '../../lib/chapter.ts';
import { programPath } from '../../lib/files/program.ts';
import { runBeside } from '../../lib/serve/companion.ts';
import { figuresOf } from './figures.ts';
import { kafkaSection } from './settings.ts';
import { hasStandings, readStandings } from './standing.ts';

export const chapter: Chapter = {
  section: kafkaSection,
  make: ({ config }) => ({ variables: { TRANSPORT: config.events.transport }, settings: {} }),
  async beside(project) {
    if (project.config.events.transport !== kafkaSection.name) return { async stop() {} };
    return runBeside(programPath('kafka-share'), { FOREVER: 'yes' }, 'the sender of events');
  },
  figures: (project) => figuresOf(readStandings(project)),
  signals: async (project) => (hasStandings(project) ? (await import('./lag.ts')).readSignals(project) : {}),
};
