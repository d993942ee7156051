/** Lineage as text and as a picture. */
import * as Plot from '@observablehq/plot';
import { draw } from '../../lib/page/draw.ts';
import { CALM, type Picture } from '../../lib/page/picture.ts';
import { formatMany } from '../../lib/words.ts';
import { LAYERS, type Lineage, type LineageNode, reached } from './lineage.ts';

/** A line for each column: where it comes from, and what it becomes. */
export function lineageText(lineage: Lineage): string {
  const nodeOf = new Map(lineage.nodes.map((node) => [node.id, node]));
  const names = (ids: readonly string[], layer: LineageNode['layer']) =>
    ids
      .map((id) => nodeOf.get(id)!)
      .filter((node) => node.layer === layer)
      .map(({ name }) => name);
  const columns = lineage.nodes.filter(({ layer }) => layer === 'column');
  const lines = columns.map((column) => {
    const [up, down] = [reached(lineage, column.id, 'up'), reached(lineage, column.id, 'down')];
    const from = [...names(up, 'source column'), ...names(up, 'file')].join(', ') || 'nothing';
    const to = [...names(down, 'feature'), ...names(down, 'version')].join(', ');
    return `${column.name} (${column.note})\n    from ${from}\n    to   ${to === '' ? 'nothing' : to}`;
  });
  const steps = lineage.steps.map(
    ({ time = '', version, path, rows, rows_in, table, unmatched, from }) =>
      `${time.slice(0, 19)}  ${version}  ${path}  ${rows_in === undefined ? '' : `${rows_in} → `}${rows} rows${table === undefined ? '' : `, table ${table}`}${unmatched === undefined ? '' : `, unmatched ${unmatched}`}${from === undefined ? '' : `, from ${from.split('@')[0]}`}`,
  );
  return `${[...lines, '', ...steps].join('\n')}\n`;
}

const [ROW, WIDTH, SHOWN] = [22, 1100, 34];

export function lineagePicture({ nodes, edges }: Lineage): Picture {
  const layers = LAYERS.map((layer) => nodes.filter((node) => node.layer === layer)).filter(
    (of) => of.length > 0,
  );
  const tallest = Math.max(...layers.map((of) => of.length));
  const place = new Map(
    layers.flatMap((of, x) =>
      of.map((node, i) => [node.id, { x, y: ((i + 0.5) * tallest) / of.length, node }] as const),
    ),
  );
  const short = (name: string) => (name.length > SHOWN ? `${name.slice(0, SHOWN - 1)}…` : name);
  const points = [...place.values()];
  return draw(
    {
      width: WIDTH,
      height: 60 + tallest * ROW,
      marginLeft: 10,
      marginRight: 190,
      marginTop: 30,
      marginBottom: 10,
      x: { domain: [0, layers.length - 1 || 1], axis: null },
      y: { domain: [0, tallest], axis: null, reverse: true },
      marks: [
        Plot.link(
          edges.flatMap(([from, to]) => {
            const [a, b] = [place.get(from), place.get(to)];
            return a === undefined || b === undefined ? [] : [{ a, b }];
          }),
          {
            x1: ({ a }) => a.x + 0.02,
            y1: ({ a }) => a.y,
            x2: ({ b }) => b.x - 0.02,
            y2: ({ b }) => b.y,
            stroke: CALM,
            strokeOpacity: 0.35,
            curve: 'bump-x',
          },
        ),
        Plot.dot(points, { x: 'x', y: 'y', r: 3, fill: CALM }),
        Plot.text(points, {
          x: 'x',
          y: 'y',
          dx: 7,
          textAnchor: 'start',
          text: ({ node }) => short(node.note === '' ? node.name : `${node.name} (${node.note})`),
          fontSize: 11,
          stroke: 'white',
          strokeOpacity: 0.8,
          fill: 'black',
        }),
        Plot.text(
          layers.map((of, x) => ({ x, layer: of[0]!.layer })),
          { x: 'x', y: 0, dy: -14, text: ({ layer }) => `${layer}s`, textAnchor: 'start', fontWeight: 600 },
        ),
      ],
    },
    `Lineage: ${layers.map((of) => formatMany(of.length, of[0]!.layer)).join(', ')}; lineage.txt says the same in words.`,
    edges.map(([from, to]) => ({ from, to })),
  );
}
