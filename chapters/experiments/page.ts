/** All runs on one page, that works from a file and without JavaScript; with it columns sort by a click. */
import { html, raw } from 'hono/html';
import { figure, type Html, pageOf } from '../../lib/page/page.ts';
import { SORTABLE } from '../../lib/page/sortable.ts';
import { formatCount, formatMany } from '../../lib/words.ts';
import type { Standing } from './differences.ts';
import { isMixed, MIXED } from './listing.ts';
import { againstSettings, costPicture, drawnOf, parallelCoordinates } from './pictures.ts';
import type { Run } from './run.ts';
import { saysOf } from './where.ts';

/** Rows of the table; what is left out is in the file beside the page. */
const SHOWN = 1000;

export interface Listing {
  readonly project: string;
  /** Best first. */
  readonly ranked: readonly Run[];
  readonly all: number;
  readonly unknown: number;
  readonly where: string;
  readonly sort: string;
  readonly metric: string;
  /** Settings that differ between them. */
  readonly settings: readonly string[];
  readonly stands: ReadonlyMap<string, Standing>;
  /** Runs that have a page of their own. */
  readonly pages: ReadonlySet<string>;
}

const STYLE = `<style>
#runs { font-size: .85rem; } #runs td, #runs th { padding: .1rem .6rem .1rem 0; white-space: nowrap; max-width: 16rem; overflow: hidden; text-overflow: ellipsis; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: left; }
.pair { display: flex; flex-wrap: wrap; gap: 1rem; }
</style>`;

/** A choice of the runs has a page of its own. */
export function listingFile(where: string): string {
  return where === '' ? 'experiments' : 'experiments-where';
}

export function experimentsPage(listing: Listing): Promise<string> {
  const { project, ranked, all, unknown, where, sort, metric, settings, stands } = listing;
  // What was measured on other rows than the best is listed, and not drawn beside it.
  const done = ranked.filter(
    (run) => typeof saysOf(run, metric) === 'number' && stands.get(run.id) !== 'other rows',
  );
  const failed = ranked.filter(({ error }) => error !== undefined).length;
  const standing = (of: Standing) => [...stands.values()].filter((each) => each === of).length;
  const [same, apart] = [standing('not different'), standing('other rows')];
  const compared = same + standing('worse');
  const drawn = drawnOf(done).length;
  const file = listingFile(where);
  const body = html`${raw(STYLE)}<h1>Experiments of ${project}</h1>
<p>${formatMany(ranked.length, 'run')}${ranked.length < all ? html` of ${formatCount(all)}, those where <code>${where}</code>` : ''}, by ${sort}${
    failed === 0 ? '' : `; ${formatCount(failed)} failed`
  }${unknown === 0 ? '' : `; ${formatMany(unknown, 'line')} of a newer program ${unknown === 1 ? 'is' : 'are'} passed over`}.
${compared === 0 ? '' : `Of ${formatMany(compared, 'run')} on the rows of the best ${same === 1 ? '1 is' : `${formatCount(same)} are`} not different from it in ${metric}: intervals that hold for all of them together (Bonferroni).`}
${apart === 0 ? '' : `${formatMany(apart, 'run')} ${apart === 1 ? 'is' : 'are'} of other rows: listed, and not compared.`}
${isMixed(ranked.filter((run) => typeof saysOf(run, metric) === 'number')) ? MIXED : ''}
The best of many is partly luck. As a table: <a href="${file}.csv">${file}.csv</a>.${where === '' ? '' : html` All runs: <a href="experiments.html">experiments.html</a>, which make experiments makes.`}</p>
${
  done.length < 2
    ? ''
    : html`<h2>Settings side by side</h2>
${drawn < done.length ? html`<p class="note">Drawn are ${drawn}: the best half of them, and some of the others.</p>` : ''}
${figure(parallelCoordinates(done, settings, metric))}
<div class="pair">${againstSettings(done, settings, metric).map(figure)}</div>
<h2>What quality costs</h2>
${figure(costPicture(done, metric, 'seconds'))}
${done.some(({ bytes }) => bytes !== undefined) ? figure(costPicture(done, metric, 'bytes')) : ''}`
}
<h2>Runs</h2>
${tableOfRuns(listing)}
${ranked.length > SHOWN ? html`<p class="note">The first ${formatCount(SHOWN)}; make experiments WHERE="…" lists fewer.</p>` : ''}
${raw(SORTABLE)}`;
  return pageOf(`Experiments of ${project}`, body);
}

/** As few bytes a row as there can be: a thousand of them are on the page. */
function tableOfRuns({ ranked, settings, metric, stands, pages }: Listing): Html {
  const names = [
    'run',
    metric,
    'low',
    'high',
    'log loss',
    '',
    'seconds',
    'data',
    ...settings.map(short),
    'what',
  ];
  const rows = ranked.slice(0, SHOWN).map((run) => {
    const [value, low, high] = run.metrics[metric] ?? [];
    const name = run.version ?? run.id;
    const cells = [
      pages.has(run.id) ? `<a href="runs/${run.id}.html">${escapeHtml(name)}</a>` : escapeHtml(name),
      figureOf(value),
      figureOf(low),
      figureOf(high),
      figureOf(run.log_loss),
      run.error === undefined ? (stands.get(run.id) ?? '') : '<b class="bad">failed</b>',
      run.seconds.toFixed(1),
      escapeHtml(run.data.version),
      ...settings.map((setting) => escapeHtml(String(saysOf(run, setting) ?? ''))),
      escapeHtml(
        [
          run.kind === 'train' ? '' : (run.name ?? run.kind),
          ...(run.tags ?? []),
          run.note ?? '',
          run.error ?? '',
        ]
          .filter((text) => text !== '')
          .join(' · ')
          .slice(0, 120),
      ),
    ];
    return `<tr><td>${cells.join('<td>')}`;
  });
  return html`<div class="scroll" tabindex="0"><table id="runs" class="sortable"><thead><tr>${names.map((name) => html`<th scope="col">${name === '' ? 'beside the best' : name}</th>`)}</tr></thead><tbody>
${raw(rows.join('\n'))}
</tbody></table></div>`;
}

const short = (name: string) => name.split('.').at(-1)!;

function figureOf(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(4);
}

/** Text as HTML, whatever it holds. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
