/** What made rows are worth, as a page. */
import { html } from 'hono/html';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import { type Html, pageOf, tableOf } from '../../lib/page/page.ts';
import { formatCount, formatInterval } from '../../lib/words.ts';
import type { Disclosure } from './disclosure.ts';
import type { Likeness } from './likeness.ts';
import type { Usefulness } from './usefulness.ts';

export interface Judgement {
  readonly file: string;
  readonly rows: number;
  readonly likeness: Likeness;
  /** Learnt from made rows and from real ones; null where a class is missing. */
  readonly useful: { readonly synthetic: Usefulness; readonly real: Usefulness } | null;
  readonly disclosure: Disclosure;
}

const SHOWN = 12;

export function judgementPage(
  { file, rows, likeness, useful, disclosure }: Judgement,
  command: string,
): Promise<string> {
  const worst = <T extends { score: number }>(of: readonly T[]) =>
    [...of].sort((a, b) => a.score - b.score).slice(0, SHOWN);
  const body = html`<h1>What the rows of ${file} are worth</h1>
<p>${formatCount(rows)} rows, like the real ones by ${likeness.score.toFixed(3)} of 1 (${likenessWords(likeness)}; as SDMetrics defines them).</p>
<h2>What a model learns from them</h2>
${
  useful === null
    ? html`<p>A class is missing in them: nothing can be learnt.</p>`
    : tableOf(
        ['Boosted trees that learnt', '#ROC-AUC', '#PR-AUC', '#accuracy'],
        [
          ['the made rows', ...figures(useful.synthetic)],
          ['the real ones', ...figures(useful.real)],
        ],
      )
}
<p class="note">Judged on real rows that were kept out.</p>
<h2>What they tell of the rows they were learnt from</h2>
${tableOf(
  ['Attack', '#told', 'Where nothing is told', ''],
  [
    [
      'a made row is nearer to a training row than to a kept out one',
      formatInterval(disclosure.nearer),
      'a half',
      told(disclosure.nearer),
    ],
    [
      'the distance to the nearest made row tells a training row (ROC-AUC)',
      formatInterval(disclosure.membership),
      'a half',
      told(disclosure.membership),
    ],
    ...disclosure.attributes.map(
      ({ column, train, holdout, difference }) =>
        [
          `${column} of a training row by the nearest made row`,
          formatInterval(train),
          `${formatInterval(holdout)} of others`,
          difference.low > 0 ? html`<span class="bad">more</span>` : 'not more, as far as is shown',
        ] as const,
    ),
    [
      'made rows that are a training row to the cell',
      `${formatCount(disclosure.copies.train)} of ${formatCount(disclosure.copies.of)}`,
      `${formatCount(disclosure.copies.holdout)} are a kept out one`,
      '',
    ],
  ],
)}
<p class="note">On ${formatCount(disclosure.rows)} rows of each side. An attack that finds nothing is no promise: METHOD=mst gives one.</p>
<h2>Columns, the least alike first</h2>
${tableOf(
  ['Column', '#alike'],
  worst(likeness.byColumn).map(({ column, score }) => [column, score.toFixed(3)]),
)}
<h2>Pairs, the least alike first</h2>
${tableOf(
  ['Pair', '#alike'],
  worst(likeness.byPair).map(({ columns, score }) => [columns.join(' and '), score.toFixed(3)]),
)}
<p class="note">Made by <code>${command}</code>. It looks at real rows: what it says of private ones is not private.</p>`;
  return pageOf(`What the rows of ${file} are worth`, body);
}

/** Columns and pairs; where no pair of real columns goes together there is nothing to say of pairs. */
export function likenessWords({ shapes, pairs }: Likeness): string {
  return `columns ${shapes.toFixed(3)}, ${Number.isNaN(pairs) ? 'no pair goes together' : `pairs ${pairs.toFixed(3)}`}`;
}

function figures({ roc_auc, pr_auc, accuracy }: Usefulness): string[] {
  return [roc_auc, pr_auc, accuracy].map((x) => x.toFixed(3));
}

function told({ low }: Estimate): Html | string {
  return low > 0.5 ? html`<span class="bad">more</span>` : 'not more, as far as is shown';
}
