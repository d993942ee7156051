/** A line over steps, from 0 to its highest point, with what happened marked; said in words for those who do not see it. */
import { html } from 'hono/html';
import { dataLink, type Html } from '../../lib/page/page.ts';
import { csvOf } from '../../lib/page/picture.ts';

/** `marks` stand between the first step, 0, and the last, 1. */
export function sparkline(
  values: readonly number[],
  what: string,
  marks: readonly { readonly at: number; readonly what: string }[] = [],
): Html | '' {
  if (values.length < 2) return '';
  const highest = Math.max(...values, 1e-9);
  const points = values
    .map(
      (value, i) =>
        `${((i / (values.length - 1)) * 200).toFixed(1)},${(38 - (value / highest) * 36).toFixed(1)}`,
    )
    .join(' ');
  const marked = marks.length === 0 ? '' : `; dashed: ${marks.map((mark) => mark.what).join(', ')}`;
  const label = `${what}, ${values.length} of them: first ${values[0]!.toFixed(2)}, highest ${highest.toFixed(2)}, last ${values.at(-1)!.toFixed(2)}${marked}`;
  return html`<svg viewBox="0 0 200 40" preserveAspectRatio="none" role="img" aria-label="${label}">${marks.map(({ at }) => html`<line x1="${(at * 200).toFixed(1)}" x2="${(at * 200).toFixed(1)}" y1="0" y2="40" stroke="currentColor" stroke-dasharray="3 3" opacity="0.6" vector-effect="non-scaling-stroke"/>`)}<polyline points="${points}" fill="none" stroke="currentColor" stroke-width="2" vector-effect="non-scaling-stroke"/></svg>
<p class="note">${label}. ${dataLink(csvOf(values.map((value, i) => ({ step: i + 1, value }))), what)}</p>`;
}
