/** rollout: more traffic for a version step by step, each step judged; back by itself. */
import type { Chapter } from '../../lib/chapter.ts';
import { rolloutSection } from './settings.ts';

export const chapter: Chapter = { section: rolloutSection };
