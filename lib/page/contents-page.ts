/** The list of the reports as a page. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { html } from 'hono/html';
import { readStart } from '../files/csv.ts';
import { day, type Html, pageOf, tableOf } from './page.ts';

/** A title stands in the first bytes of a page. */
const HEAD = 4096;

export interface Listed {
  readonly path: string;
  readonly made: number;
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

/** What a page calls itself, as text. */
function titleOf(path: string): string | undefined {
  if (!path.endsWith('.html')) return undefined;
  const title = /<title>([^<]*)<\/title>/.exec(readStart(path, HEAD))?.[1];
  return title?.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name]!);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
