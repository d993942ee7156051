/** The slices of a version as a page. */
import { html } from 'hono/html';
import { pageOf, tableOf } from '../../lib/page/page.ts';
import { formatCount, formatInterval } from '../../lib/words.ts';
import type { Change } from './change.ts';
import type { Worst } from './slice.ts';

export interface SlicesReport {
  readonly training: Worst;
  /** Null where no truth has arrived. */
  readonly production: Worst | null;
  readonly change: {
    readonly before: string;
    readonly after: string;
    readonly by: readonly Change[];
  } | null;
}

export function slicesPage(version: string, sha256: string, report: SlicesReport): Promise<string> {
  const { training, production, change } = report;
  const body = html`<h1>Where ${version} fails</h1>
<p>Slices by one input or group and by each two. A difference is shown where the whole interval lies above 0; intervals hold for all slices
that were looked at together. Model sha256 ${sha256.slice(0, 12)}….</p>
<h2>In training, out of fold</h2>
${worstPart(training)}
<h2>In production</h2>
${production === null ? html`<p>No truth has arrived yet.</p>` : worstPart(production)}
<h2>What the change comes from</h2>
${
  change === null
    ? html`<p>There is no second period with truth to compare with.</p>`
    : html`<p>From ${change.before} to ${change.after}, by each input: other rows (mix), or more errors among the same kind of rows (within).</p>
${tableOf(
  ['Input', '#change', '#mix', '#within'],
  change.by.map(({ name, change: all, mix, within }) => [name, points(all), points(mix), points(within)]),
)}`
}`;
  return pageOf(`Where ${version} fails`, body);
}

function worstPart({ slices, looked, rows, errors }: Worst) {
  return html`<p>${formatCount(rows)} rows, error rate ${formatInterval(errors)}; ${formatCount(looked)} slices looked at.</p>
${tableOf(
  ['Slice', '#rows', '#errors', '#beyond the rest', 'Shown'],
  slices.map(({ name, rows: count, errors: own, beyond }) => [
    name,
    formatCount(count),
    formatInterval(own),
    formatInterval(beyond),
    beyond.low > 0 ? 'yes' : 'no',
  ]),
)}`;
}

/** How much one share is above another. */
export function points(x: number): string {
  return `${x < 0 ? '−' : '+'}${(100 * Math.abs(x)).toFixed(2)} points`;
}
