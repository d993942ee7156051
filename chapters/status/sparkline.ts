/** A line over the runs, from 0 to its highest point; said in words for those who do not see it. */
import { html } from 'hono/html';
import type { Html } from '../../lib/page/page.ts';

export function sparkline(values: readonly number[], what: string): Html | '' {
  if (values.length < 2) return '';
  const highest = Math.max(...values, 1e-9);
  const points = values
    .map(
      (value, i) =>
        `${((i / (values.length - 1)) * 200).toFixed(1)},${(38 - (value / highest) * 36).toFixed(1)}`,
    )
    .join(' ');
  const label = `${what}, ${values.length} of them: first ${values[0]!.toFixed(2)}, highest ${highest.toFixed(2)}, last ${values.at(-1)!.toFixed(2)}`;
  return html`<svg viewBox="0 0 200 40" preserveAspectRatio="none" role="img" aria-label="${label}"><polyline points="${points}" fill="none" stroke="currentColor" stroke-width="2" vector-effect="non-scaling-stroke"/></svg>
<p class="note">${label}</p>`;
}
