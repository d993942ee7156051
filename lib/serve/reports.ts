/** GET /reports/: the pages of the reports as they lie there, read-only and without what a page has no need of. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { pageOf } from '../page/page.ts';
import { sortableHash } from '../page/sortable.ts';
import { type Route, text } from './route.ts';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  svg: 'image/svg+xml',
  json: 'application/json',
  csv: 'text/csv',
  md: 'text/plain',
  txt: 'text/plain',
  yaml: 'text/plain',
};
const NAME = /^\w[\w.-]{0,200}$/;
const MOST_BYTES = 64 * 2 ** 20;

/** `folder` is that of the reports; without one nothing is served. */
export function reportRoutes(folder: string | undefined): Route[] {
  if (folder === undefined) return [];
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; script-src '${sortableHash()}'; frame-ancestors 'none'`;
  const send = async (c: Context, ...names: string[]) => {
    const bytes = names.every((name) => NAME.test(name)) ? readPlain(folder, names) : undefined;
    const type = TYPES[/\.(\w+)$/.exec(names.at(-1)!)?.[1] ?? ''];
    if (bytes === undefined || type === undefined) return await missing(c, 'there is no such page');
    c.header('content-security-policy', policy);
    c.header('content-type', `${type}; charset=utf-8`);
    return c.body(bytes);
  };
  const page = { description: 'As it lies in the folder of reports', content: text('text/html') };
  return [
    {
      id: 'reports',
      method: 'GET',
      path: '/reports/',
      summary: 'Every report that is there, as a page',
      ok: page,
      errors: [404],
      handle: (c) => send(c, 'index.html'),
    },
    {
      id: 'report',
      method: 'GET',
      path: '/reports/:file',
      summary: 'A page of the reports, or what it is made of',
      examples: { file: 'monitor.html' },
      ok: page,
      errors: [404],
      handle: (c) => send(c, c.req.param('file')!),
    },
    {
      id: 'report_within',
      method: 'GET',
      path: '/reports/:folder/:file',
      summary: 'A page of a folder of the reports',
      examples: { folder: 'runs', file: 'c9e962209769.html' },
      ok: page,
      errors: [404],
      handle: (c) => send(c, c.req.param('folder')!, c.req.param('file')!),
    },
  ];
}

/** A person gets a page that leads back to the others, a program the error alone. */
export async function missing(c: Context, error: string): Promise<Response> {
  if (c.req.header('accept')?.includes('text/html') !== true) return c.json({ error }, 404);
  const up = '../'.repeat(c.req.path.split('/').length - 2) || './';
  const body = html`<h1>There is no page here</h1><p><a href="${up}reports/">All reports</a></p>`;
  c.header(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  );
  return c.html(await pageOf('No such page', body, null), 404);
}

/** The bytes of a file that is one itself, by no link on the way. */
function readPlain(folder: string, names: readonly string[]): Buffer<ArrayBuffer> | undefined {
  for (let i = 1; i <= names.length; i++) {
    const stats = lstatSync(join(folder, ...names.slice(0, i)), { throwIfNoEntry: false });
    const isLast = i === names.length;
    if (stats === undefined || (isLast ? !stats.isFile() || stats.size > MOST_BYTES : !stats.isDirectory()))
      return undefined;
  }
  return readFileSync(join(folder, ...names)) as Buffer<ArrayBuffer>;
}
