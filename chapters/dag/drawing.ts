/** Rules as text and as a picture: a box for each, to the right of what it is made from. */
import { outdatedOf, type Rule } from './rules.ts';

const WIDTH = 250;
const GAP = 70;
const LINE = 16;
const MARGIN = 20;

export function asText(rules: readonly Rule[]): string {
  const outdated = outdatedOf(rules);
  return rules
    .map((rule) => {
      const made =
        [...rule.from, ...(rule.code > 0 ? [`${rule.code} files of code`] : [])].join(' ') || 'nothing';
      return `${outdated.has(rule) ? '! ' : '  '}${rule.products.join(' ')}\n      ← ${made}`;
    })
    .join('\n');
}

export function asPicture(rules: readonly Rule[]): string {
  const outdated = outdatedOf(rules);
  const makerOf = (file: string) => rules.find(({ products }) => products.includes(file));
  const column = new Map<Rule, number>();
  for (const rule of rules)
    column.set(rule, Math.max(0, ...rule.from.map((file) => (column.get(makerOf(file)!) ?? -1) + 1)));
  const filled: number[] = [];
  const boxes = new Map<Rule, { x: number; y: number; height: number; lines: string[] }>();
  for (const rule of rules) {
    const at = column.get(rule)!;
    const given = rule.from.filter((file) => makerOf(file) === undefined);
    const lines = [
      ...rule.products,
      ...given.map((file) => `← ${file}`),
      ...(rule.code > 0 ? [`← ${rule.code} files of code`] : []),
    ];
    const height = lines.length * LINE + 14;
    const y = filled[at] ?? MARGIN + 20;
    filled[at] = y + height + 24;
    boxes.set(rule, { x: MARGIN + at * (WIDTH + GAP), y, height, lines });
  }
  const width = MARGIN * 2 + filled.length * (WIDTH + GAP) - GAP;
  const height = Math.max(60, ...filled.map((bottom) => bottom ?? 0)) + MARGIN;
  const arrows = rules.flatMap((rule) =>
    [...new Set(rule.from.flatMap((file) => makerOf(file) ?? []))].map((maker) => {
      const [from, to] = [boxes.get(maker)!, boxes.get(rule)!];
      const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + from.height / 2, to.x, to.y + to.height / 2];
      return `<path d="M${x1} ${y1} C${x1 + GAP / 2} ${y1} ${x2 - GAP / 2} ${y2} ${x2} ${y2}" fill="none" stroke="#666" marker-end="url(#tip)"/>`;
    }),
  );
  const drawn = rules.map((rule) => {
    const { x, y, height: tall, lines } = boxes.get(rule)!;
    const late = outdated.has(rule);
    const text = lines.map(
      (line, i) =>
        `<text x="${x + 8}" y="${y + 20 + i * LINE}" fill="${i < rule.products.length ? '#111' : '#666'}">${escaped(shortened(line))}<title>${escaped(line)}</title></text>`,
    );
    return `<rect x="${x}" y="${y}" width="${WIDTH}" height="${tall}" rx="4" fill="${late ? '#fff3e0' : '#fff'}" stroke="${late ? '#b35900' : '#666'}" stroke-width="${late ? 2 : 1}"/>${text.join('')}`;
  });
  const label = `What is made from what: ${rules.length} rules, ${outdated.size} out of date`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}" font-family="ui-monospace, monospace" font-size="11"><defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#666"/></marker></defs><rect width="100%" height="100%" fill="#fff"/><text x="${MARGIN}" y="${MARGIN + 4}" fill="#111">${label}${outdated.size > 0 ? ' (in orange)' : ''}</text>${arrows.join('')}${drawn.join('')}</svg>\n`;
}

/** The end of a path says most. */
function shortened(line: string): string {
  const most = 36;
  return line.length <= most ? line : `${line.slice(0, 2)}…${line.slice(3 - most)}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
