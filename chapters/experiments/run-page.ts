/** One run: first what changed since the one before it, then what came of it. */
import * as Plot from '@observablehq/plot';
import { html } from 'hono/html';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import { draw } from '../../lib/page/draw.ts';
import { day, figure, type Html, pageOf, tableOf } from '../../lib/page/page.ts';
import { CALM, type Picture } from '../../lib/page/picture.ts';
import { formatCount } from '../../lib/words.ts';
import type { CurvePoint } from './curve.ts';
import type { Run } from './run.ts';

export interface Changed {
  readonly before: Run;
  readonly settings: readonly string[];
  readonly data: string | undefined;
  /** Program files that differ, and the lines of them where git knows both. */
  readonly files: readonly string[];
  readonly diff: string | undefined;
  readonly metrics: Readonly<Record<string, Estimate>>;
  readonly by: 'rows' | 'folds' | 'apart';
}

const MOST_LINES = 400;

export function runPage(
  run: Run,
  changed: Changed | undefined,
  curve: readonly CurvePoint[] | undefined,
): Promise<string> {
  const title = `Run ${run.id}${run.version === undefined ? '' : `, ${run.version}`}`;
  const body = html`<h1>${title}</h1>
<p>${run.kind}${run.name === undefined ? '' : ` ${run.name}`}, ${day(run.time)}${run.tags === undefined ? '' : html` · ${run.tags.join(', ')}`}</p>
${run.note === undefined ? '' : html`<p>${run.note}</p>`}
${run.error === undefined ? '' : html`<p class="bad">It failed: ${run.error}</p>`}
${changed === undefined ? html`<p>No run is before it.</p>` : changesOf(run, changed)}
<h2>What came of it</h2>
${tableOf(
  ['Metric', '#value', '#low', '#high'],
  [
    ...Object.entries(run.metrics).map(([name, figures]) => [
      name,
      ...figures.map((each) => each.toFixed(4)),
    ]),
    ...(run.log_loss === undefined ? [] : [['log loss', run.log_loss.toFixed(4), '', '']]),
  ],
)}
${run.folds === undefined ? '' : html`<p>${run.folds.metric} by fold: ${run.folds.values.map((each) => each.toFixed(4)).join(', ')}</p>`}
${
  curve === undefined || curve.length < 2
    ? ''
    : html`<h2>With each tree more</h2>${figure(curvePicture(curve))}
<p class="note">On the later rows of the data version, which it was not trained on.</p>
${tableOf(
  ['#trees', '#log loss', '#PR-AUC'],
  curve.map((point) => [String(point.trees), point.log_loss.toFixed(4), point.pr_auc?.toFixed(4) ?? '–']),
)}`
}
<h2>What it took</h2>
<p>${run.seconds.toFixed(1)} s, ${run.cpu_seconds.toFixed(1)} s of all threads, ${run.megabytes.toFixed(0)} MB at most${run.bytes === undefined ? '' : `; the model is ${formatCount(run.bytes)} bytes`}.</p>
<h2>What went in</h2>
<p>Data ${run.data.version}, ${formatCount(run.data.rows)} rows, sha256 ${run.data.sha256.slice(0, 12)}…; commit ${run.commit.slice(0, 12)}${run.dirty ? ' with changes that are in no commit' : ''}.</p>
${tableOf(
  ['Setting', 'value'],
  Object.entries(run.params).map(([name, value]) => [name, String(value)]),
)}`;
  return pageOf(title, body, '../index.html');
}

function changesOf({ id }: Run, { before, settings, data, files, diff, metrics, by }: Changed): Html {
  const name = before.version ?? before.id;
  const how = {
    rows: 'row by row, on the same rows',
    folds: 'fold by fold, on the same folds',
    apart: 'as if they were of other rows, so wider than need be',
  }[by];
  const entries = Object.entries(metrics);
  return html`<h2>What changed since ${before.id === id ? name : html`<a href="${before.id}.html">${name}</a>`}</h2>
<ul>
${settings.map((line) => html`<li>${line}</li>\n`)}
${data === undefined ? '' : html`<li>${data}</li>\n`}
${files.length === 0 ? '' : html`<li>code: ${files.slice(0, 12).join(', ')}${files.length > 12 ? ` and ${files.length - 12} more` : ''}</li>\n`}
${settings.length === 0 && data === undefined && files.length === 0 ? html`<li>nothing that training uses</li>` : ''}
</ul>
${
  entries.length === 0
    ? html`<p>Their metrics are of other rows: nothing is said of the difference.</p>`
    : html`${tableOf(
        ['Metric', '#difference', '#low', '#high', ''],
        entries.map(([metric, { value, low, high }]) => [
          metric,
          signed(value),
          signed(low),
          signed(high),
          low > 0 ? 'higher' : high < 0 ? 'lower' : 'not shown to differ',
        ]),
      )}<p class="note">Less that of ${name}: ${how}.</p>`
}
${diff === undefined ? '' : html`<details><summary>The code, line by line</summary><pre>${shortened(diff)}</pre></details>`}`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}

function shortened(diff: string): string {
  const lines = diff.split('\n');
  return lines.length <= MOST_LINES
    ? diff
    : `${lines.slice(0, MOST_LINES).join('\n')}\n… and ${lines.length - MOST_LINES} lines more`;
}

function curvePicture(curve: readonly CurvePoint[]): Picture {
  return draw(
    {
      width: 800,
      height: 240,
      x: { label: 'trees' },
      y: { label: 'log loss', grid: true },
      marks: [
        Plot.lineY(curve, { x: 'trees', y: 'log_loss', stroke: CALM }),
        Plot.dot(curve, { x: 'trees', y: 'log_loss', fill: CALM }),
      ],
    },
    `log loss on later rows, from ${curve[0]!.log_loss.toFixed(4)} with ${curve[0]!.trees} trees to ${curve.at(-1)!.log_loss.toFixed(4)} with ${curve.at(-1)!.trees}`,
    curve,
  );
}
