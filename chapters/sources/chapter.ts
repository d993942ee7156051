/** sources: rows from several files, joined, and increments as more come. */
import type { Chapter } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { SOURCES, sourcesSection } from './settings.ts';

/** Formats whose readers are packages. */
const PACKED = /\.(parquet|xlsx)$/;

export const chapter: Chapter = {
  section: sourcesSection,
  source: { load: async () => (await import('./raw.ts')).rawOfSources },
  make: ({ config }) => {
    const { tables } = sectionOf(config, sourcesSection);
    const isPacked = Object.values(tables).some(
      ({ format, path }) =>
        format === 'parquet' ||
        format === 'xlsx' ||
        (format === undefined && (PACKED.test(path) || !/\.\w+$/.test(path))),
    );
    return {
      variables: { SOURCES_PACKED: config.data.source === SOURCES && isPacked ? 'yes' : '' },
      settings: {},
    };
  },
};
