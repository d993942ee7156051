/** carry: the state of a project from one machine to another. */
import type { Chapter } from '../../lib/chapter.ts';
import { carrySection } from './settings.ts';

export const chapter: Chapter = { section: carrySection };
