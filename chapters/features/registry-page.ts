/** Every view and feature: what it means, what it is made of, its values, and who uses it. */
import { html } from 'hono/html';
import { pageOf, tableOf } from '../../lib/page/page.ts';
import { formatCount, formatPercent } from '../../lib/words.ts';
import { type Feature, type FeatureSettings, FIGURES } from './settings.ts';
import type { ViewUser, ViewVersion } from './views.ts';

export interface FeatureFigures {
  readonly rows: number;
  readonly missing: number;
  readonly low: number;
  readonly mean: number;
  readonly high: number;
}

export function formula(feature: Feature): string {
  if (feature.last !== undefined) return `latest ${feature.last}`;
  if (feature.since !== undefined) return `hours since ${feature.since}`;
  if (feature.of !== undefined)
    return feature.bins === undefined ? feature.of : `piece of ${feature.of} by ${feature.bins.join(', ')}`;
  const kind = FIGURES.find((each) => feature[each] !== undefined)!;
  return `${kind} of ${feature[kind]} over the last ${feature.hours === undefined ? `${feature.rows} rows` : `${feature.hours} hours`}`;
}

export function registryPage(
  settings: FeatureSettings,
  versions: readonly ViewVersion[],
  users: readonly ViewUser[],
  figures: ReadonlyMap<string, FeatureFigures>,
  command: string,
): Promise<string> {
  const said = (x: number) => (Number.isFinite(x) ? String(Number(x.toPrecision(4))) : '–');
  const body = html`<h1>Features</h1>
${Object.entries(settings.views).map(([name, view]) => {
  const own = versions.filter((each) => each.view === name);
  const now = own.at(-1);
  const source = settings.sources[view.source]!;
  return html`<h2>${name}${now === undefined ? '' : ` v${now.number}`}</h2>
<p>${view.description} Owner: ${view.owner === '' ? 'nobody yet' : view.owner}. Of ${source.entity.join(', ')}, from ${source.path} by ${source.time}${source.created === undefined ? '' : ` (known at ${source.created})`}; a row counts for ${formatCount(view.ttl_hours)} hours.</p>
${tableOf(
  ['Feature', 'What it is', 'Unit', 'Description', '#missing', '#lowest', '#mean', '#highest'],
  Object.entries(view.features).map(([feature, of]) => {
    const figure = figures.get(feature);
    return [
      feature,
      formula(of),
      of.unit ?? '',
      of.description ?? '',
      figure === undefined ? '–' : formatPercent(figure.missing / Math.max(1, figure.rows), 1),
      said(figure?.low ?? Number.NaN),
      said(figure?.mean ?? Number.NaN),
      said(figure?.high ?? Number.NaN),
    ];
  }),
)}
${
  own.length === 0
    ? html`<p>Nothing was made of it yet.</p>`
    : tableOf(
        ['Version', 'Definition', 'Since', 'Models that use it'],
        [...own].reverse().map(({ number, hash, since }) => [
          `v${number}`,
          hash,
          since.slice(0, 19).replace('T', ' '),
          users
            .filter((user) => user.view === name && user.number === number)
            .map(({ model }) => model)
            .join(', ') || 'none',
        ]),
      )
}`;
})}
<p class="note">Figures are of the raw rows. Made by <code>${command}</code>.</p>`;
  return pageOf('Features', body);
}
