/** index.html of the reports: every page that is there, the last one made first. It is made of what lies there, so nobody registers a page. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere, writeAtomic } from '../files/write.ts';
import type { Listed } from './contents-page.ts';

const INDEX = 'index.html';
/** Pages, pictures, and model cards, which are texts. */
const PAGE = /^(?:\w[\w.-]*\.(?:html|svg)|model_card_\w+\.md)$/;
/** A folder with more pages is named and not listed: one of its pages lists them. */
const MOST = 12;

/** Writes it anew where a page is newer than it, came or went. */
export async function writeContents(folder: string, project: string): Promise<void> {
  const pages = pagesIn(folder);
  if (pages.length === 0) return;
  const path = join(folder, INDEX);
  const before = statSync(path, { throwIfNoEntry: false });
  const text = readIfThere(path) ?? '';
  const listed = new Set([...text.matchAll(/<tr><td><a href="([^"]+)"/g)].map(([, page]) => page));
  const isSame = listed.size === pages.length && pages.every((page) => listed.has(page.path));
  if (before !== undefined && isSame && pages.every(({ made }) => made <= before.mtimeMs)) return;
  // Pages are drawn by much code, which a look at the clock has no need of.
  const { contentsPage } = await import('./contents-page.ts');
  try {
    writeAtomic(path, await contentsPage(folder, pages, project));
  } catch (error) {
    // Who may read and not write has the list of who may.
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Pages and pictures of the folder and of those in it; a name that a page could not link to is passed over. */
function pagesIn(folder: string): Listed[] {
  const listed = (where: string, entries: readonly Dirent[]) =>
    entries
      .filter((entry) => entry.isFile() && PAGE.test(entry.name) && `${where}${entry.name}` !== INDEX)
      .map(({ name }) => ({
        path: `${where}${name}`,
        made: statSync(join(folder, where, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
      }));
  const entries = entriesOf(folder);
  const within = entries
    .filter((entry) => entry.isDirectory() && /^\w[\w-]*$/.test(entry.name))
    .flatMap(({ name }) => {
      const pages = listed(`${name}/`, entriesOf(join(folder, name))).filter(({ path }) =>
        path.endsWith('.html'),
      );
      return pages.length > MOST ? [] : pages;
    });
  return [...listed('', entries), ...within];
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
