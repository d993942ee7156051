/** index.html of the reports: every page that is there, the last one made first. It is made of what lies there, so nobody registers a page. */
import { closeSync, type Dirent, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { html } from 'hono/html';
import { readIfThere, writeAtomic } from '../files/write.ts';
import { day, type Html, pageOf, tableOf } from './page.ts';

const INDEX = 'index.html';
/** Pages, pictures, and model cards, which are texts. */
const PAGE = /^(?:\w[\w.-]*\.(?:html|svg)|model_card_\w+\.md)$/;
/** A title stands in the first bytes of a page. */
const HEAD = 4096;
/** A folder with more pages is named and not listed: one of its pages lists them. */
const MOST = 12;

interface Listed {
  readonly path: string;
  readonly made: number;
}

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
  writeAtomic(path, await contentsPage(folder, pages, project));
}

export function contentsPage(folder: string, pages: readonly Listed[], project: string): Promise<string> {
  const latest = [...pages].sort((a, b) => b.made - a.made || (a.path < b.path ? -1 : 1));
  const body = html`<h1>Reports of ${project}</h1>
${tableOf(
  ['Page', 'Data', 'Made'],
  latest.map(({ path, made }) => [
    html`<a href="${path}">${titleOf(join(folder, path)) ?? path}</a>`,
    dataOf(folder, path),
    day(new Date(made).toISOString()),
  ]),
)}`;
  return pageOf(`Reports of ${project}`, body, null);
}

/** What a page was made of, where it lies beside it under the same name. */
function dataOf(folder: string, path: string): Html {
  const files = ['json', 'csv', 'txt', 'md']
    .map((ending) => path.replace(/\.\w+$/, `.${ending}`))
    .filter((file) => existsSync(join(folder, file)));
  return html`${files.map((file, i) => html`${i === 0 ? '' : ', '}<a href="${file}">${file}</a>`)}`;
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

/** What a page calls itself, as text. */
function titleOf(path: string): string | undefined {
  if (!path.endsWith('.html')) return undefined;
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD);
    const text = head.subarray(0, readSync(fd, head, 0, HEAD, 0)).toString('utf8');
    const title = /<title>([^<]*)<\/title>/.exec(text)?.[1];
    return title?.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name]!);
  } finally {
    closeSync(fd);
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
