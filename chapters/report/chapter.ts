/** report: a version against the champion for its reviewer, and its model card. */
import type { Chapter } from '../../lib/chapter.ts';
import { reportSection } from './settings.ts';

export const chapter: Chapter = { section: reportSection };
