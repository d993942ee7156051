/** Pictures of a table, each with what it shows in words. */
import * as Plot from '@observablehq/plot';
import { draw } from '../../lib/page/draw.ts';
import { ALARM, CALM, coloursOf, type Picture } from '../../lib/page/picture.ts';
import { formatPercent } from '../../lib/words.ts';
import type { ColumnLook, Explored, PairLook } from './explored.ts';

const [WIDE, SMALL] = [720, 340];

/** Rows of a column by its values, stacked by class. */
export function histogram(
  { name, histogram: of }: ColumnLook,
  classes: readonly string[],
): Picture | undefined {
  if (of === null) return undefined;
  const isNumber = of.bins.every((bin) => bin !== '' && !Number.isNaN(Number(bin))) && of.bins.length > 6;
  const bars = of.byClass.flatMap((counts, k) =>
    counts.map((rows, b) => ({
      rows,
      bin: isNumber ? Number(of.bins[b]) : of.bins[b]!,
      class: classes[k] ?? 'rows',
    })),
  );
  const totals = of.bins.map(
    (bin, b) => [bin, of.byClass.reduce((sum, counts) => sum + counts[b]!, 0)] as const,
  );
  const [most] = [...totals].sort((a, b) => b[1] - a[1]);
  return draw(
    {
      width: SMALL,
      height: 130,
      marginLeft: 45,
      marginBottom: 32,
      x: {
        label: null,
        type: 'band',
        ...(isNumber
          ? { ticks: of.bins.filter((_, i) => i % 5 === 0).map(Number), tickFormat: shortNumber }
          : {}),
        domain: isNumber ? of.bins.map(Number) : [...of.bins],
      },
      y: { label: 'rows', ticks: 3, tickFormat: shortNumber },
      color: { domain: [...classes], range: coloursOf(classes) },
      marks: [Plot.barY(bars, { x: 'bin', y: 'rows', fill: 'class', inset: 0.3 })],
    },
    `${name}: most rows (${most?.[1]}) at ${most?.[0]}${classes.length > 1 ? `, stacked by ${classes.join(', ')}` : ''}.`,
    bars,
    classes,
  );
}

/** To three digits, thousands as k. */
function shortNumber(value: number): string {
  return new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

export function informationBars(columns: readonly ColumnLook[], target: string): Picture {
  const bars = columns
    .filter(({ explains, role }) => explains !== null && (role === 'input' || role === 'leakage'))
    .sort((a, b) => b.explains! - a.explains!)
    .slice(0, 30);
  return draw(
    {
      width: WIDE,
      height: 40 + 22 * bars.length,
      marginLeft: 200,
      x: {
        label: `share of what is uncertain about ${target} that it explains, %`,
        percent: true,
        grid: true,
      },
      y: { label: null, domain: bars.map(({ name }) => name) },
      marks: [
        Plot.barX(bars, {
          x: 'explains',
          y: 'name',
          fill: ({ role }: ColumnLook) => (role === 'leakage' ? ALARM : CALM),
        }),
      ],
    },
    `How much each column says of ${target} alone: ${bars
      .slice(0, 5)
      .map(({ name, explains }) => `${name} ${formatPercent(explains!, 1)}`)
      .join(', ')}`,
    bars.map(({ name, role, explains }) => ({ name, role, explains })),
    bars.some(({ role }) => role === 'leakage')
      ? [
          { name: 'input', color: CALM },
          { name: 'left out as leakage', color: ALARM },
        ]
      : [],
  );
}

export function associationMatrix({ names, values }: Explored['associations']): Picture {
  const cells = names.flatMap((a, i) => names.map((b, j) => ({ a, b, value: values[i]![j]! })));
  const strongest = cells
    .filter(({ a, b }) => a < b)
    .sort((x, y) => Math.abs(y.value) - Math.abs(x.value))
    .slice(0, 3);
  const size = Math.min(WIDE, 240 + 34 * names.length);
  return draw(
    {
      width: size,
      height: size - 60,
      marginLeft: 170,
      marginBottom: 140,
      x: { label: null, domain: [...names], tickRotate: -45 },
      y: { label: null, domain: [...names] },
      color: {
        type: 'diverging',
        domain: [-1, 1],
        scheme: 'RdBu',
        reverse: true,
        label: 'correlation, or Cramér’s V',
      },
      marks: [
        Plot.cell(cells, { x: 'a', y: 'b', fill: 'value', inset: 0.5 }),
        ...(names.length <= 12
          ? [
              Plot.text(cells, {
                x: 'a',
                y: 'b',
                text: ({ value }: { value: number }) => value.toFixed(2),
                fontSize: 9,
                fill: ({ value }: { value: number }) => (Math.abs(value) > 0.6 ? 'white' : 'black'),
              }),
            ]
          : []),
      ],
    },
    `How columns go together; strongest: ${strongest.map(({ a, b, value }) => `${a} and ${b} ${value.toFixed(2)}`).join(', ')}.`,
    cells,
  );
}

export function pairScatter({ x, y, points }: PairLook, classes: readonly string[]): Picture {
  return draw(
    {
      width: WIDE,
      height: 320,
      marginLeft: 60,
      x: { label: x },
      y: { label: y },
      color: { domain: [...classes], range: coloursOf(classes) },
      marks: [
        Plot.dot(points, {
          x: (d: { x: number }) => round(d.x),
          y: (d: { y: number }) => round(d.y),
          stroke: 'class',
          r: 2.5,
          strokeOpacity: 0.7,
        }),
      ],
    },
    `${y} against ${x}, ${points.length} rows, as many of each class as there are.`,
    points.map(({ x: a, y: b, ...rest }) => ({ [x]: a, [y]: b, ...rest })),
    classes,
  );
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function overTimeLines(columns: Explored['overTime']): Picture {
  const points = columns.flatMap(({ column, psi }) =>
    psi.map((value, part) => ({ column, part: part + 1, psi: value })),
  );
  return draw(
    {
      width: WIDE,
      height: 240,
      marginLeft: 50,
      x: { label: 'tenth of the rows, in order', ticks: 10 },
      y: { label: 'difference from all rows (PSI)', grid: true },
      color: {
        domain: columns.map(({ column }) => column),
        range: coloursOf(columns.map(({ column }) => column)),
      },
      marks: [
        Plot.lineY(points, { x: 'part', y: 'psi', stroke: 'column' }),
        Plot.dot(points, { x: 'part', y: 'psi', fill: 'column', r: 2.5 }),
      ],
    },
    `Drift over the rows: ${columns.map(({ column, psi }) => `${column} up to ${Math.max(...psi).toFixed(2)}`).join(', ')}.`,
    points,
    columns.map(({ column }) => column),
  );
}
