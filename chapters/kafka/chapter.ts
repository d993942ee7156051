/** kafka: rows in, predictions out, by topics of a broker. */
import type { Chapter } from '../../lib/chapter.ts';
import { kafkaSection } from './settings.ts';

export const chapter: Chapter = { section: kafkaSection };
