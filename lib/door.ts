/** The chapters that are here. chapters/index.ts lists them; the scripts that start a program compose them. */
import * as door from '#chapters';
import type { Chapter } from './chapter.ts';

/** What chapters/index.ts exports, nothing where that folder is gone. */
export const chapters: readonly Chapter[] = Object.values(door);

/** What those chapters hand in that have it. */
export function handedIn<K extends keyof Chapter>(name: K): NonNullable<Chapter[K]>[] {
  return chapters.flatMap((chapter) => chapter[name] ?? []) as NonNullable<Chapter[K]>[];
}
