/** The leaderboard of a search as a page. */
import * as Plot from '@observablehq/plot';
import { html } from 'hono/html';
import { draw } from '../../lib/page/draw.ts';
import { figure, pageOf, tableOf } from '../../lib/page/page.ts';
import { ALARM, CALM } from '../../lib/page/picture.ts';
import type { Trial } from './search.ts';

export function leaderboardPage(
  ranked: readonly Trial[],
  about: { metric: string; validation: string; folds: number; searched: number; project: string },
): Promise<string> {
  const names = [...new Set(ranked.flatMap(({ params }) => Object.keys(params)))];
  const asItIs = ranked.find(({ trial }) => trial === 0)!;
  const points = ranked.map((trial, place) => ({
    place: place + 1,
    mean: trial.mean,
    low: trial.mean - trial.deviation,
    high: trial.mean + trial.deviation,
    isConfig: trial.trial === 0,
  }));
  const picture = draw(
    {
      width: 800,
      height: 260,
      x: { label: 'place', ticks: Math.min(ranked.length, 10) },
      y: { label: about.metric, grid: true },
      marks: [
        Plot.ruleY([asItIs.mean], { strokeDasharray: '4 3' }),
        Plot.ruleX(points, { x: 'place', y1: 'low', y2: 'high', stroke: CALM }),
        Plot.dot(points, { x: 'place', y: 'mean', r: 3, fill: (point) => (point.isConfig ? ALARM : CALM) }),
      ],
    },
    `${about.metric} of ${ranked.length} trials from the best to the worst, ${ranked[0]!.mean.toFixed(4)} to ${ranked.at(-1)!.mean.toFixed(4)}; dashed: the config as it is, ${asItIs.mean.toFixed(4)}`,
    points,
    [
      { name: 'trial', color: CALM },
      { name: 'the config as it is', color: ALARM },
    ],
  );
  const body = html`<h1>Search for settings of ${about.project}</h1>
<p>${about.searched} trials, ${about.folds} folds (${about.validation}). Of those that saw all rows, by ${about.metric}${
    about.metric === 'log_loss' ? ', the lowest first' : ''
  }. The point of another colour and the row "as it is" are the config's own settings; bars are one deviation of the folds.</p>
${figure(picture)}
${tableOf(
  ['#place', 'Trial', `#${about.metric}`, '#deviation', ...names.map((name) => `#${name}`)],
  ranked.map(({ trial, mean, deviation, params }, place) => [
    String(place + 1),
    trial === 0 ? 'as it is' : String(trial),
    mean.toFixed(5),
    deviation.toFixed(5),
    ...names.map((name) => String((params as Record<string, unknown>)[name] ?? '–')),
  ]),
)}
<p class="note">The best of many is partly luck: its figure here is higher than what it will reach. make train measures it anew.</p>`;
  return pageOf(`Search for settings of ${about.project}`, body, '../index.html');
}
