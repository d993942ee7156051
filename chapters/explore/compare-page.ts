/** Two tables side by side, as a page. */
import * as Plot from '@observablehq/plot';
import { html } from 'hono/html';
import { draw } from '../../lib/page/draw.ts';
import { figure, pageOf, tableOf } from '../../lib/page/page.ts';
import { PALETTE, type Picture } from '../../lib/page/picture.ts';
import { formatCount, formatPercent } from '../../lib/words.ts';
import type { ColumnChange, Comparison } from './compare.ts';

const PICTURES = 12;

export function comparisonPage(
  a: string,
  b: string,
  { rows, columns }: Comparison,
  command: string,
): Promise<string> {
  const changed = columns.filter(({ byChance }) => !byChance);
  const figureOf = (x: number) => (Number.isNaN(x) ? '–' : String(Number(x.toPrecision(4))));
  const body = html`<h1>${b} beside ${a}</h1>
<p>${formatCount(rows[0])} and ${formatCount(rows[1])} rows. ${changed.length === 0 ? 'No column differs beyond chance.' : `${formatCount(changed.length)} of ${formatCount(columns.length)} columns differ beyond chance.`}</p>
${tableOf(
  ['Column', '#PSI', 'Differs', '#mean', '#missing', 'Only in one'],
  columns.map(({ column, psi, byChance, means, missing, only }) => [
    column,
    psi.toFixed(3),
    byChance ? 'by chance' : html`<span class="bad">yes</span>`,
    means === null ? '–' : `${figureOf(means[0])} → ${figureOf(means[1])}`,
    `${formatPercent(missing[0] / Math.max(1, rows[0]), 1)} → ${formatPercent(missing[1] / Math.max(1, rows[1]), 1)}`,
    [...only.before.map((name) => `${name} (${a})`), ...only.after.map((name) => `${name} (${b})`)].join(
      ', ',
    ),
  ]),
)}
<h2>Distributions, the most different first</h2>
${columns.slice(0, PICTURES).map((column) => html`<h3>${column.column}</h3>${figure(shares(a, b, column))}`)}
<p class="note">Made by <code>${command}</code>.</p>`;
  return pageOf(`${b} beside ${a}`, body);
}

function shares(a: string, b: string, { column, bins, shares: [before, after], psi }: ColumnChange): Picture {
  const points = [before, after].flatMap((of, side) =>
    of.map((share, k) => ({ bin: bins[k]!, share, table: side === 0 ? a : b })),
  );
  return draw(
    {
      width: 720,
      height: 200,
      marginLeft: 50,
      x: { label: null, domain: [...bins], type: 'point', ...(bins.length > 16 ? { tickRotate: -45 } : {}) },
      y: { label: 'share of the rows', percent: true, grid: true },
      color: { domain: [a, b], range: [PALETTE[0]!, PALETTE[1]!] },
      marks: [
        Plot.lineY(points, { x: 'bin', y: 'share', stroke: 'table' }),
        Plot.dot(points, { x: 'bin', y: 'share', fill: 'table', r: 3 }),
      ],
    },
    `${column} in ${a} and in ${b}, PSI ${psi.toFixed(3)}.`,
    points,
    [a, b],
  );
}
