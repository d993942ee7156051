/** A report as Markdown. */
import type { Block } from '../../lib/page/blocks.ts';

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
