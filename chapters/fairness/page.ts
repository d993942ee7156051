/** The fairness of a version as a page. */
import * as Plot from '@observablehq/plot';
import { html } from 'hono/html';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import { draw } from '../../lib/page/draw.ts';
import { figure, mark, pageOf, tableOf } from '../../lib/page/page.ts';
import { CALM, type Picture } from '../../lib/page/picture.ts';
import { formatCount } from '../../lib/words.ts';
import type { ColumnFairness, Statistic } from './measure.ts';
import { describeMitigation, type FairnessReport } from './report.ts';

const SHOWN: readonly Statistic[] = ['selection_rate', 'tpr', 'fpr', 'precision', 'roc_auc', 'calibration'];

/** Selection rate and TPR of each group with their intervals. */
export function groupsPicture({ column, groups }: ColumnFairness): Picture {
  const points = groups.flatMap(({ group, tiny, statistics }) =>
    (['selection_rate', 'tpr'] as const).flatMap((statistic) => {
      const estimate = statistics[statistic];
      return estimate === null ? [] : [{ group: tiny ? `${group} (few)` : group, statistic, ...estimate }];
    }),
  );
  return draw(
    {
      marginLeft: 190,
      width: 800,
      height: 60 + 36 * groups.length,
      x: { label: 'share, with interval', domain: [0, 1], grid: true },
      y: { label: null },
      fx: { label: null },
      marks: [
        Plot.ruleY(points, {
          x1: 'low',
          x2: 'high',
          y: 'group',
          fx: 'statistic',
          strokeWidth: 2,
          stroke: CALM,
        }),
        Plot.dot(points, { x: 'value', y: 'group', fx: 'statistic', fill: 'currentColor', r: 3 }),
      ],
    },
    `Selection rate and true positive rate by ${column}: ${points
      .filter(({ statistic }) => statistic === 'selection_rate')
      .map(({ group, value }) => `${group} ${value.toFixed(2)}`)
      .join(', ')}`,
    points,
  );
}

export function fairnessPage(
  version: string,
  sha256: string,
  report: FairnessReport,
  path: string,
): Promise<string> {
  const { favourable, rows, max_gap, min_rows, columns, intersection, at, mitigations, advice } = report;
  const body = html`<h1>What groups get from ${version}</h1>
<p>${formatCount(rows)} rows of ${path}, scored by models that had not seen them; model sha256 ${sha256.slice(0, 12)}…. The favourable class is
<strong>${favourable}</strong>. Rates of fewer than ${min_rows} rows are shown, and nothing is concluded from them. Intervals of differences hold for all pairs of groups together (Newcombe, Bonferroni). A difference up to ${max_gap} passes.</p>
${advice.length === 0 ? html`<p>${allWithin(columns) ? `Every gap is within ${max_gap}.` : `No gap is shown to be larger than ${max_gap}, and not all are shown to be within it.`}</p>` : html`<ul>${advice.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
${columns.map((column) => columnPart(column))}
${intersection === null ? '' : html`<h2>Where two columns meet</h2><p class="note">The two columns whose groups lie furthest apart, of all; intervals are as much wider.</p>${gapsTable(intersection)}`}
${at === null ? '' : at.columns.map((column) => html`<h2>${column.column} at threshold ${at.threshold}</h2>${gapsTable(column)}`)}
${
  mitigations.length === 0
    ? ''
    : html`<h2>Mitigations, tried on the same rows</h2>
${tableOf(
  ['Column', 'Mitigation', 'Criterion', '#before', '#after', '#accuracy'],
  mitigations.flatMap((each) =>
    each.gaps.map(({ criterion, before, after }) => [
      each.column,
      describeMitigation(each),
      criterion.replace('_', ' '),
      shown(before),
      shown(after),
      shown(each.accuracy, 4),
    ]),
  ),
)}
<p class="note">fairness.mitigation in the config makes one of them part of training. Accuracy is the difference to the version as it is.</p>`
}`;
  return pageOf(`What groups get from ${version}`, body);
}

function columnPart(column: ColumnFairness) {
  return html`<h2>${column.column}</h2>
${figure(groupsPicture(column))}
${tableOf(
  ['Group', '#rows', '#favourable', ...SHOWN.map((name) => `#${name.replace('_', ' ')}`)],
  column.groups.map(({ group, rows: count, favourable: good, labelled, statistics, tiny }) => [
    tiny ? `${group} (inconclusive: few rows)` : group,
    formatCount(count),
    labelled === 0 ? '–' : formatCount(good),
    ...SHOWN.map((name) => shown(statistics[name])),
  ]),
)}
<h3>Differences</h3>
${gapsTable(column)}`;
}

function gapsTable({ reference, gaps }: ColumnFairness) {
  return tableOf(
    ['Criterion', '#highest − lowest', 'Between', `#largest against ${reference}`, 'Verdict'],
    gaps.map(({ criterion, spread, between, to_reference, verdict }) => {
      const [far] = Object.entries(to_reference).sort(
        ([, a], [, b]) => Math.abs(b.value) - Math.abs(a.value),
      );
      return [
        criterion.replace('_', ' '),
        shown(spread),
        between === null ? '–' : between.join(' and '),
        far === undefined ? '–' : `${far[0]} ${shown(far[1])}`,
        mark(verdict, 'within', 'beyond'),
      ];
    }),
  );
}

function allWithin(columns: readonly ColumnFairness[]): boolean {
  return columns.every(({ gaps }) => gaps.every(({ verdict }) => verdict === 'pass'));
}

function shown(estimate: Estimate | null, digits = 3): string {
  if (estimate === null) return '–';
  const [value, low, high] = [estimate.value, estimate.low, estimate.high].map((x) => x.toFixed(digits));
  return `${value} [${low} – ${high}]`;
}
