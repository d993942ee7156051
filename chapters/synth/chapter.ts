/** synth: rows that are like the real ones, with and without a promise of privacy. */
import type { Chapter } from '../../lib/chapter.ts';
import { synthSection } from './settings.ts';
import { spendingLedger } from './spending.ts';

export const chapter: Chapter = {
  section: synthSection,
  ledgers: (config) => [spendingLedger(config)],
};
