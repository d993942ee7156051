/** The explanation of a version as a page. */
import { html, raw } from 'hono/html';
import { figure, type Html, legend, pageOf, tableOf } from '../../lib/page/page.ts';

export interface ExplainPage {
  readonly version: string;
  readonly sha256: string;
  readonly algorithm: string;
  readonly space: string;
  readonly method: string;
  readonly rows: { readonly count: number; readonly path: string };
  readonly outputs: readonly string[];
  readonly importance: readonly { readonly name: string; readonly mean_abs: readonly number[] }[];
  readonly permutation: readonly {
    readonly name: string;
    readonly loss: { readonly value: number; readonly low: number; readonly high: number };
  }[];
}

/** File name of each picture, its heading and its SVG. */
export type Pictures = readonly { readonly file: string; readonly title: string; readonly svg: string }[];

/** The picture in words, which says what its colours are. */
function wordsOf(svg: string): Html | string {
  return raw(/<title>([^<]*)<\/title>/.exec(svg)?.[1] ?? '');
}

export function explainPage(page: ExplainPage, pictures: Pictures): Promise<string> {
  const { version, sha256, algorithm, space, method, rows, outputs, importance, permutation } = page;
  const body = html`<h1>What ${version} looks at</h1>
<p>${algorithm}, model sha256 ${sha256.slice(0, 12)}…. Shapley values (${method.replace('_', ' ')}) of ${rows.count} rows of ${rows.path},
in ${space} of ${outputs.join(', ')}; those of each row add up to the model's output. They say what the model does, not what causes the outcome.</p>
${legend(outputs)}
${pictures.map(({ title, svg }) => html`<h2>${title}</h2>${figure(svg)}<p class="note">${wordsOf(svg)}</p>`)}
<h2>Figures</h2>
${tableOf(
  ['Input', ...outputs.map((output) => `#mean |contribution| to ${output}`)],
  importance.map(({ name, mean_abs }) => [name, ...mean_abs.map((x) => x.toPrecision(3))]),
)}
<h2>Permutation importance</h2>
${tableOf(
  ['Input', '#growth of the log loss', '#lowest', '#highest'],
  permutation.map(({ name, loss }) => [
    name,
    loss.value.toFixed(4),
    loss.low.toFixed(4),
    loss.high.toFixed(4),
  ]),
)}`;
  return pageOf(`What ${version} looks at`, body, '../index.html');
}
