/** A report as blocks, that become a page here and Markdown in a chapter. */
import { html, raw } from 'hono/html';
import { figure, type Html, pageOf, tableOf } from './page.ts';
import type { Picture } from './picture.ts';

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  /** Columns named with a leading # are numbers. */
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'image'; readonly file: string; readonly title: string; readonly picture: Picture };

export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: 'heading', level, text });
export const text = (words: string): Block => ({ kind: 'text', text: words });
export const list = (items: readonly string[]): Block => ({ kind: 'list', items });
export const table = (columns: readonly string[], rows: readonly (readonly string[])[]): Block => ({
  kind: 'table',
  columns,
  rows,
});
export const image = (file: string, title: string, picture: Picture): Block => ({
  kind: 'image',
  file,
  title,
  picture,
});

export function toHtml(title: string, blocks: readonly Block[]): Promise<string> {
  return pageOf(title, html`${blocks.map(htmlOf)}`);
}

function htmlOf(block: Block): Html {
  if (block.kind === 'text') return html`<p>${block.text}</p>\n`;
  if (block.kind === 'list') return html`<ul>${block.items.map((item) => html`<li>${item}</li>`)}</ul>\n`;
  if (block.kind === 'image') return html`${figure(block.picture)}\n`;
  if (block.kind === 'table') return html`${tableOf(block.columns, block.rows)}\n`;
  const tag = raw(`h${block.level}`);
  return html`<${tag}>${block.text}</${tag}>\n`;
}
