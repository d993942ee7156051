/** The explanation of a version as a page. */
import { html } from 'hono/html';
import { figure, pageOf, tableOf } from '../../lib/page/page.ts';
import type { Picture } from '../../lib/page/picture.ts';

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

/** File name of each picture, its heading and what it shows. */
export type Pictures = readonly {
  readonly file: string;
  readonly title: string;
  readonly picture: Picture;
}[];

export function explainPage(page: ExplainPage, pictures: Pictures): Promise<string> {
  const { version, sha256, algorithm, space, method, rows, outputs, importance, permutation } = page;
  const body = html`<h1>What ${version} looks at</h1>
<p>${algorithm}, model sha256 ${sha256.slice(0, 12)}…. Shapley values (${method.replace('_', ' ')}) of ${rows.count} rows of ${rows.path},
in ${space} of ${outputs.join(', ')}; those of each row add up to the model's output. They say what the model does, not what causes the outcome.</p>
${pictures.map(({ title, picture }) => html`<h2>${title}</h2>${figure(picture)}<p class="note">${picture.words}</p>`)}
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
