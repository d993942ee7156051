/** What is odd about a table, as a page. */
import { html } from 'hono/html';
import { pageOf, tableOf } from '../../lib/page/page.ts';
import { formatCount, formatPercent } from '../../lib/words.ts';
import type { Oddities } from './anomalies.ts';
import type { OddColumn } from './batch-history.ts';

export interface WrongLabel {
  readonly line: number;
  readonly label: string;
  readonly likely: string;
  readonly confidence: number;
}

export interface AnomaliesReport extends Oddities {
  readonly file: string;
  /** Null where there was nothing to compare with. */
  readonly batch: readonly OddColumn[] | null;
  /** Null where no version has learnt these rows. */
  readonly labels: {
    readonly version: string;
    readonly count: number;
    readonly shown: readonly WrongLabel[];
  } | null;
}

export function anomaliesPage(
  { file, rows, odd, above, usualScore, cells, pairs, batch, labels }: AnomaliesReport,
  command: string,
): Promise<string> {
  const figure = (x: number) => String(Number(x.toPrecision(4)));
  const body = html`<h1>What is odd about ${file}</h1>
<p>${formatCount(rows)} rows; ${formatCount(above)} (${formatPercent(above / Math.max(1, rows))}) are odder than 99 of 100 training rows (score above ${usualScore.toFixed(3)}).</p>
<h2>Rows unlike the others</h2>
<p class="note">By an isolation forest (Liu, Ting and Zhou 2008); because: how much less odd the row were with a usual value there.</p>
${tableOf(
  ['Line', '#score', 'Because of'],
  odd.map(({ line, score, because }) => [
    `${file}:${line}`,
    score.toFixed(3),
    because.map(({ column, share }) => `${column} ${formatPercent(share, 0)}`).join(', ') ||
      'no column by itself',
  ]),
)}
<h2>Cells far from their column</h2>
${
  cells.length === 0
    ? html`<p>None is more than six robust standard deviations away.</p>`
    : tableOf(
        ['Column', '#cells', 'Lines'],
        cells.map((each) => [each.column, formatCount(each.count), linesText(each)]),
      )
}
<h2>Pairs that usually go together</h2>
${
  pairs.length === 0
    ? html`<p>No row breaks with one.</p>`
    : tableOf(
        ['Pair', '#correlation', '#rows', 'Lines'],
        pairs.map((each) => [
          `${each.first} and ${each.second}`,
          each.correlation.toFixed(2),
          formatCount(each.count),
          linesText(each),
        ]),
      )
}
<h2>The table against those before it</h2>
${
  batch === null
    ? html`<p>There is none before it.</p>`
    : batch.length === 0
      ? html`<p>Means, missing cells and categories are what they usually are.</p>`
      : tableOf(
          ['Column', 'What', '#now', '#usually', '#standard errors'],
          batch.map(({ column, what, now, usual, away }) => [
            column,
            what,
            figure(now),
            figure(usual),
            away.toFixed(1),
          ]),
        )
}
<h2>Labels that the model doubts</h2>
${
  labels === null
    ? html`<p>No version has learnt these rows: labels are looked at on training data alone.</p>`
    : html`<p>${formatCount(labels.count)} by what ${labels.version} says of rows that it had not learnt (confident learning, Northcutt, Jiang and Chuang 2021). They are wrong as far as the model is right: where it tells the classes apart badly, most of them are not. A person looks before anything is changed.</p>
${tableOf(
  ['Line', 'Label', 'By the model', '#probability of the label'],
  labels.shown.map(({ line, label, likely, confidence }) => [
    `${file}:${line}`,
    label,
    likely,
    confidence.toFixed(3),
  ]),
)}`
}
<p class="note">Made by <code>${command}</code>.</p>`;
  return pageOf(`What is odd about ${file}`, body);
}

function linesText({ count, lines }: { readonly count: number; readonly lines: readonly number[] }): string {
  return `${lines.join(', ')}${count > lines.length ? ' …' : ''}`;
}
