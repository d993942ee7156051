/** Pages of a report: one file that needs no other, readable on paper, on a phone and in the dark. */
import { html, raw } from 'hono/html';
import type { Estimate, Verdict } from '../numbers/estimate.ts';
import type { Picture, Swatch } from './picture.ts';

const STYLE = `
  :root { color-scheme: light dark; background: Canvas; color: CanvasText; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; } table { overflow-wrap: normal; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } h3 { font-size: 1rem; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .75rem .25rem 0; }
  td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
  tr { border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
  .bad { color: #b3261e; font-weight: 600; } .good { color: #1a7f37; font-weight: 600; } .open { color: #8a6100; font-weight: 600; }
  @media (prefers-color-scheme: dark) { .bad { color: #ff8a80; } .good { color: #7ee787; } .open { color: #f2cc60; } }
  svg { max-width: 100%; height: auto; color: inherit; } .note { opacity: .75; font-size: .9rem; }
  nav { font-size: .9rem; } a { color: #0b57d0; } @media (prefers-color-scheme: dark) { a { color: #8ab4f8; } }
  .scroll { overflow-x: auto; } figure { margin: 0; } .data, .legend { margin: 0; font-size: .8rem; } svg.swatch { width: .8em; height: .8em; }
  @media (max-width: 40rem) { .scroll td:not(.n) { min-width: 6.5rem; } }`;

export type Html = ReturnType<typeof html>;

/** The whole page around its body; `contents` is where it finds the page that lists all. */
export async function pageOf(
  title: string,
  body: Html,
  contents: string | null = 'index.html',
): Promise<string> {
  const page = await html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${raw(STYLE)}</style></head>
<body>
${
  contents === null
    ? ''
    : html`<nav><a href="${contents}">All reports</a></nav>
`
}<main>
${body}
</main>
</body></html>`;
  return `${page}\n`;
}

/** A picture that may be wider than a phone, what its colours are, and what it shows as a file. */
export function figure({ svg, words, csv, legend }: Picture): Html {
  return html`<figure><div class="scroll" tabindex="0">${raw(svg)}</div>
${legendOf(legend)}<p class="data">${dataLink(csv, words)}</p></figure>`;
}

/** A table inside the page, for who wants the figures of a picture: no file beside the page, no script. */
export function dataLink(csv: string, words: string): Html {
  const name =
    words
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.slice(0, 6)
      .join('_') ?? 'picture';
  return html`<a download="${name}.csv" href="data:text/csv;charset=utf-8,${encodeURI(csv).replaceAll('#', '%23')}" aria-label="Data: ${words}">Data</a>`;
}

/** Which colour is which. */
function legendOf(swatches: readonly Swatch[]): Html | string {
  if (swatches.length <= 1) return '';
  const drawn = (color: string) =>
    html`<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill="${color}"/></svg>`;
  return html`<p class="legend">${swatches.map(({ name, color }) => html`${drawn(color)} ${name} &nbsp; `)}</p>`;
}

/** Columns named with a leading # are numbers. */
export function tableOf(columns: readonly string[], rows: readonly (readonly (string | Html)[])[]): Html {
  const isNumber = columns.map((name) => name.startsWith('#'));
  const kind = (i: number) => raw(isNumber[i] ? ' class="n"' : '');
  return html`<div class="scroll" tabindex="0"><table><tr>${columns.map((name, i) => (name === '' ? html`<td></td>` : html`<th scope="col"${kind(i)}>${name.replace(/^#/, '')}</th>`))}</tr>
${rows.map((cells) => html`<tr>${cells.map((cell, i) => html`<td${kind(i)}>${cell}</td>`)}</tr>\n`)}</table></div>`;
}

export function mark(verdict: Verdict, whenPass: string, whenFail: string): Html {
  if (verdict === 'pass') return html`<span class="good">${whenPass}</span>`;
  if (verdict === 'fail') return html`<span class="bad">${whenFail}</span>`;
  return html`<span class="open">not known yet</span>`;
}

/** "1.23 % [1.02 – 1.45]" */
export function percent({ value, low, high }: Estimate): string {
  if (Number.isNaN(value)) return 'unknown';
  return `${(value * 100).toFixed(2)} % [${(low * 100).toFixed(2)} – ${(high * 100).toFixed(2)}]`;
}

export function day(time: string | null): string {
  return time === null ? '–' : `${time.slice(0, 19).replace('T', ' ')} UTC`;
}
