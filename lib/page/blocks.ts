/** A report as blocks that become Markdown or HTML alike. */
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

/** What is left where pictures cannot be shown: no picture, and no heading that stood over pictures alone. */
export function withoutPictures(blocks: readonly Block[]): Block[] {
  const words = blocks.filter(({ kind }) => kind !== 'image');
  return words.filter((block, i) => {
    const next = words[i + 1];
    if (block.kind !== 'heading') return true;
    return next !== undefined && !(next.kind === 'heading' && next.level <= block.level);
  });
}

/** `folder` is where the images lie, as seen from the page. */
export function toMarkdown(blocks: readonly Block[], folder: string): string {
  return `${blocks.map((block) => markdownOf(block, folder)).join('\n\n')}\n`;
}

function markdownOf(block: Block, folder: string): string {
  if (block.kind === 'heading') return `${'#'.repeat(block.level)} ${plain(block.text)}`;
  if (block.kind === 'text') return plain(block.text);
  if (block.kind === 'list') return block.items.map((item) => `- ${plain(item)}`).join('\n');
  if (block.kind === 'image')
    return `![${plain(block.title)}](${folder}/${block.file}.svg)\n\n[Data](${folder}/${block.file}.csv)`;
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => plain(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  const names = block.columns.map((name) => name.replace(/^#/, ''));
  const rules = block.columns.map((name) => (name.startsWith('#') ? '---:' : '---'));
  return [line(names), `| ${rules.join(' | ')} |`, ...block.rows.map(line)].join('\n');
}

/** Text that comes from data is text, whatever it holds. */
function plain(words: string): string {
  return words
    .replace(/\s+/g, ' ')
    .replace(/[\\`*]|(?<!\w)_|_(?!\w)|\](?=[([:])|^[#>+-]/g, '\\$&')
    .replace(/</g, '&lt;');
}

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
