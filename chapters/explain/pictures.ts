/** Explanations as pictures. */
import * as Plot from '@observablehq/plot';
import { draw } from '../../lib/page/draw.ts';
import { ALARM, CALM, PALETTE, type Picture } from '../../lib/page/picture.ts';
import type { GlobalExplanation, PartialDependence, PermutationImportance } from './global.ts';

const SHOWN = 12;
const LEFT = 190;

/** Mean |Shapley value|, with more than one output stacked by class. */
export function importancePicture(
  { names, importance }: GlobalExplanation,
  outputs: readonly string[],
  space: string,
): Picture {
  const bars = names
    .slice(0, SHOWN)
    .flatMap((name, i) => outputs.map((output, k) => ({ name, output, value: importance[i]![k]! })));
  return draw(
    {
      marginLeft: LEFT,
      width: 800,
      height: 60 + 24 * Math.min(SHOWN, names.length),
      x: { label: `mean |contribution| in ${space}` },
      y: { label: null, domain: names.slice(0, SHOWN) },
      color: { domain: [...outputs], range: PALETTE, legend: false },
      marks: [
        Plot.barX(bars, {
          x: 'value',
          y: 'name',
          fill: outputs.length === 1 ? CALM : 'output',
          title: 'output',
        }),
        Plot.ruleX([0]),
      ],
    },
    `Importance: ${names.slice(0, 3).join(', ')} contribute most${outputs.length === 1 ? '' : `; stacked by class ${outputs.join(', ')}`}`,
    bars,
    outputs,
  );
}

/** A picture holds so many rows, evenly taken of all: more make it slow to open and tell no more. */
const DRAWN = 150;

function drawnOf<T>(all: readonly T[]): readonly T[] {
  const step = all.length / DRAWN;
  return step <= 1 ? all : Array.from({ length: DRAWN }, (_, i) => all[Math.floor(i * step)]!);
}

/** One point per row and input: how much it contributed, coloured by how high its value is. */
export function beeswarmPicture(
  { names, contributions, values }: GlobalExplanation,
  output: number,
  of: string,
  space: string,
): Picture {
  const shown = names.slice(0, SHOWN);
  const points = shown.flatMap((name, i) => {
    const column = values.map((row) => row[i]!).filter((x) => x !== null) as number[];
    const [low, high] = [Math.min(...column), Math.max(...column)];
    const lifted = swarm(contributions.map((row) => row[output]![i]!));
    return drawnOf(lifted).map(({ row, x, lift }) => {
      const value = values[row]![i] ?? null;
      const height = value === null ? null : high === low ? 0.5 : (value - low) / (high - low);
      return { name, x, lift, height };
    });
  });
  return draw(
    {
      marginLeft: LEFT,
      width: 800,
      height: 60 + 44 * shown.length,
      x: { label: `contribution to ${of} in ${space}` },
      fy: { label: null, domain: shown, padding: 0, axis: 'left' },
      y: { axis: null, domain: [-1, 1] },
      color: { type: 'linear', range: [CALM, ALARM], domain: [0, 1], unknown: '#999' },
      marks: [
        Plot.ruleX([0]),
        Plot.dot(points, { x: 'x', y: 'lift', fy: 'name', fill: 'height', r: 2, fillOpacity: 0.7 }),
      ],
    },
    `Contributions of each input in ${drawnOf(contributions).length} of ${contributions.length} rows, low values blue, high ones red; ${shown[0]} spreads most`,
    drawnOf([...contributions.keys()]).map((row) =>
      Object.fromEntries(
        shown.flatMap((name, i) => [
          [name, contributions[row]![output]![i]!],
          [`value of ${name}`, values[row]![i]],
        ]),
      ),
    ),
    [
      { name: 'low value', color: CALM },
      { name: 'high value', color: ALARM },
    ],
  );
}

/** Points of one line, lifted where they would cover one another. */
function swarm(xs: readonly number[]): { row: number; x: number; lift: number }[] {
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const cells = new Map<number, number>();
  return xs.map((x, row) => {
    const cell = Math.round(((x - low) / (high - low || 1)) * 120);
    const count = cells.get(cell) ?? 0;
    cells.set(cell, count + 1);
    const lift = Math.min(0.9, Math.ceil(count / 2) * 0.09) * (count % 2 === 0 ? 1 : -1);
    return { row, x, lift };
  });
}

/** An input's contribution against its value, one point per row that is drawn. */
export function dependencePicture(
  { names, contributions, values }: GlobalExplanation,
  place: number,
  output: number,
  space: string,
  categories: readonly string[] | undefined,
): Picture {
  const name = names[place]!;
  const points = drawnOf([...contributions.keys()]).flatMap((i) => {
    const value = values[i]![place]!;
    const phi = contributions[i]![output]![place]!;
    return value === null ? [] : [{ value: categories?.[value] ?? value, phi }];
  });
  return draw(
    {
      width: 800,
      height: 240,
      x: categories === undefined ? { label: name } : { label: name, type: 'point', domain: [...categories] },
      y: { label: `contribution in ${space}`, grid: true },
      marks: [
        Plot.ruleY([0]),
        Plot.dot(points, { x: 'value', y: 'phi', r: 2, fill: CALM, fillOpacity: 0.6 }),
      ],
    },
    `Contribution of ${name} against its value in ${points.length} rows`,
    points.map(({ value, phi }) => ({ [name]: value, contribution: phi })),
  );
}

export function permutationPicture(importances: readonly PermutationImportance[]): Picture {
  const shown = importances.slice(0, SHOWN).map(({ name, loss }) => ({ name, ...loss }));
  return draw(
    {
      marginLeft: LEFT,
      width: 800,
      height: 60 + 24 * shown.length,
      x: { label: 'growth of the log loss when the column is shuffled' },
      y: { label: null, domain: shown.map(({ name }) => name) },
      marks: [
        Plot.barX(shown, { x: 'value', y: 'name', fill: CALM }),
        Plot.ruleY(shown, { x1: 'low', x2: 'high', y: 'name' }),
        Plot.ruleX([0]),
      ],
    },
    `Permutation importance: shuffling ${shown[0]?.name ?? 'nothing'} costs most`,
    shown,
  );
}

export function partialPicture(
  { name, grid, means }: PartialDependence,
  outputs: readonly string[],
): Picture {
  const points = grid.flatMap((value, i) =>
    outputs.map((output, k) => ({ value, output, mean: means[i]![k]! })),
  );
  const isNumber = typeof grid[0] === 'number';
  const colour = outputs.length === 1 ? { stroke: CALM } : { stroke: 'output' };
  return draw(
    {
      width: 800,
      height: 240,
      x: isNumber ? { label: name } : { label: name, type: 'point', domain: [...grid] },
      y: { label: 'mean probability', grid: true, zero: true },
      color: { domain: [...outputs], range: PALETTE },
      marks: [
        isNumber
          ? Plot.lineY(points, { x: 'value', y: 'mean', z: 'output', ...colour, strokeWidth: 2 })
          : Plot.dot(points, { x: 'value', y: 'mean', ...colour, r: 4 }),
        Plot.ruleY([0]),
      ],
    },
    `Mean probability of ${outputs.join(', ')} as ${name} is set to each of its values`,
    points,
    outputs,
  );
}

export interface Step {
  readonly name: string;
  readonly contribution: number;
}

/** From the mean to the output of one prediction, the largest contributions first. */
export function waterfallPicture(base: number, steps: readonly Step[], space: string): Picture {
  const sorted = [...steps].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const shown = sorted.slice(0, SHOWN);
  const rest = sorted.slice(SHOWN).reduce((sum, { contribution }) => sum + contribution, 0);
  if (sorted.length > SHOWN) shown.push({ name: `${sorted.length - SHOWN} others`, contribution: rest });
  let from = base;
  const bars = shown.map(({ name, contribution }) => {
    const bar = { name, from, to: from + contribution, up: contribution >= 0 };
    from += contribution;
    return bar;
  });
  return draw(
    {
      marginLeft: LEFT + 60,
      width: 800,
      height: 60 + 24 * bars.length,
      x: { label: space, nice: true },
      y: { label: null, domain: bars.map(({ name }) => name) },
      marks: [
        Plot.ruleX([base], { strokeDasharray: '4 3' }),
        Plot.barX(bars, { x1: 'from', x2: 'to', y: 'name', fill: (bar) => (bar.up ? ALARM : CALM) }),
        Plot.ruleX([from]),
      ],
    },
    `From the mean ${base.toFixed(3)} to ${from.toFixed(3)}: ${shown
      .slice(0, 3)
      .map(
        ({ name, contribution }) =>
          `${name} ${contribution >= 0 ? '+' : '−'}${Math.abs(contribution).toFixed(3)}`,
      )
      .join(', ')}`,
    bars,
    [
      { name: 'raises it', color: ALARM },
      { name: 'lowers it', color: CALM },
    ],
  );
}
