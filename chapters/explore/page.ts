/** What a first look at a table says, as a page. */
import { html } from 'hono/html';
import { figure, type Html, pageOf, tableOf } from '../../lib/page/page.ts';
import { formatCount, formatPercent } from '../../lib/words.ts';
import type { ColumnLook, Explored } from './explored.ts';
import { associationMatrix, histogram, informationBars, overTimeLines, pairScatter } from './pictures.ts';

export interface Look extends Explored {
  readonly file: string;
  readonly invalid: number;
}

const MOST_PICTURES = 40;

export function explorePage(look: Look, command: string): Promise<string> {
  const {
    file,
    rows,
    invalid,
    sampled,
    target,
    classes,
    columns,
    associations,
    missingness,
    duplicates,
    suspects,
    pairs,
    sensitive,
    overTime,
  } = look;
  const names = classes.map(([name]) => name);
  const drifting = columns.filter(({ drift }) => drift !== null && !drift.byChance && drift.psi > 0.1);
  const body = html`<h1>A look at ${file}</h1>
<p>${formatCount(rows)} rows${invalid === 0 ? '' : ` that fit the schema, and ${formatCount(invalid)} that do not (make check-data shows them)`}, ${formatCount(columns.length)} columns.
${target === '' ? '' : html`${target} is ${classes.map(([name, count]) => `${name} in ${formatPercent(count / rows, 1)}`).join(', ')}.`}</p>
<h2>What to look at first</h2>
<ul>
${suspects.map(({ column, of, why }) => html`<li><span class="bad">${of}</span> ${column} ${why}</li>\n`)}
${duplicates.whole > 0 ? html`<li>${formatCount(duplicates.whole)} rows repeat another in every column</li>` : ''}
${duplicates.inputs > 0 ? html`<li>${formatCount(duplicates.inputs)} rows have the same inputs as another${duplicates.contradicting > 0 ? html`, <span class="bad">${formatCount(duplicates.contradicting)} of them another class</span>` : ''}</li>` : ''}
${drifting.length > 0 ? html`<li>the last half of the rows is not like the first in ${drifting.map(({ name, drift }) => `${name} (PSI ${drift!.psi.toFixed(2)})`).join(', ')}</li>` : ''}
${sensitive.filter(({ proxies }) => proxies.length > 0).map(({ column, proxies }) => html`<li>${proxies.map((proxy) => `${proxy.column} (${formatPercent(proxy.explains, 0)})`).join(', ')} tell of ${column}, which is sensitive</li>\n`)}
${suspects.length + duplicates.inputs + drifting.length === 0 ? html`<li>nothing strikes the eye</li>` : ''}
</ul>
<h2>Columns</h2>
<p class="note">Explains: the share of what is uncertain about ${target} that the column takes away by itself. Drift: the last half of the rows against the first (PSI), in brackets where chance explains it.</p>
${columnsTable(columns, rows)}
${target === '' ? '' : html`<h2>What says most of ${target}</h2>${figure(informationBars(columns, target))}`}
${pairs.length === 0 ? '' : html`<p class="note">Of two together${sampled < rows ? `, by ${formatCount(sampled)} rows drawn` : ''}; each picture shows as many rows of each class, not their shares.</p>`}
${pairs.map((pair) => html`<h3>${pair.y} and ${pair.x} together explain ${formatPercent(pair.explains, 1)}, the better alone ${formatPercent(pair.alone, 1)}</h3>${figure(pairScatter(pair, names))}`)}
<h2>How columns go together</h2>
<p class="note">Correlation of two numbers, blue where one falls as the other rises and red where both do; else Cramér's V${sampled < rows ? `, on ${formatCount(sampled)} rows drawn` : ''}.</p>
${figure(associationMatrix(associations))}
<h2>What is missing</h2>
${
  missingness.length === 0
    ? html`<p>Nothing.</p>`
    : tableOf(
        ['Missing together', '#rows', '#share'],
        missingness.map((each) => [
          each.columns.join(', '),
          formatCount(each.rows),
          formatPercent(each.rows / rows),
        ]),
      )
}
<h2>Over the rows</h2>
${overTime.length === 0 ? html`<p>No column is another in the last half of the rows than in the first, beyond chance.</p>` : figure(overTimeLines(overTime))}
<h2>Distributions</h2>
<p class="note">Of numbers the first and the last bar hold what lies beyond them too.</p>
${columns.slice(0, MOST_PICTURES).map((column) => {
  const picture = histogram(column, names.length === 0 ? ['rows'] : names);
  return picture === undefined ? '' : html`<h3>${column.name}</h3>${figure(picture)}`;
})}
${columns.length > MOST_PICTURES ? html`<p>${formatCount(columns.length - MOST_PICTURES)} more columns are in the JSON beside this page.</p>` : ''}
<p class="note">Made by <code>${command}</code>; the same as data: explore.json.</p>`;
  return pageOf(`A look at ${file}`, body);
}

function columnsTable(columns: readonly ColumnLook[], rows: number): Html {
  return tableOf(
    ['Column', 'Role', '#missing', '#values', 'What it holds', '#explains', '#drift'],
    columns.map(({ name, role, type, missing, distinct, figures, frequent, explains, drift }) => [
      name,
      `${role} (${type})`,
      formatPercent(missing / Math.max(1, rows), 1),
      formatCount(distinct),
      holds(type, figures, frequent),
      explains === null ? '–' : formatPercent(explains, 1),
      drift === null ? '–' : drift.byChance ? `(${drift.psi.toFixed(2)})` : drift.psi.toFixed(2),
    ]),
  );
}

function holds(type: string, figures: ColumnLook['figures'], frequent: ColumnLook['frequent']): string {
  if (frequent !== undefined)
    return frequent
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${formatCount(count)}`)
      .join(', ');
  if (figures === undefined) return '';
  const [low, , median, mean, , high] = figures;
  if (Number.isNaN(low)) return 'nothing';
  if (type === 'time')
    return `${new Date(low).toISOString().slice(0, 16)} to ${new Date(high).toISOString().slice(0, 16)}`;
  const said = (x: number) => String(Number(x.toPrecision(4)));
  // What a column ends at is a fact.
  return `${low} to ${high}, median ${said(median)}, mean ${said(mean)}`;
}
