/** Runs as pictures: their settings side by side, each setting against the metric, and what quality costs. */
import * as Plot from '@observablehq/plot';
import { draw } from '../../lib/page/draw.ts';
import { ALARM, CALM, type Picture } from '../../lib/page/picture.ts';
import { formatCount } from '../../lib/words.ts';
import type { Run } from './run.ts';
import { isLowestFirst, saysOf } from './where.ts';

/** Drawn at most; of more the best and some of the others. */
const DRAWN = 150;
const [AXES, SETTINGS] = [6, 6];

/** The best half of what is drawn, and every so many of the others. */
export function drawnOf(ranked: readonly Run[]): readonly Run[] {
  if (ranked.length <= DRAWN) return ranked;
  const best = ranked.slice(0, DRAWN / 2);
  const rest = ranked.slice(DRAWN / 2);
  const step = rest.length / (DRAWN / 2);
  return [...best, ...Array.from({ length: DRAWN / 2 }, (_, i) => rest[Math.floor(i * step)]!)];
}

const short = (name: string) => name.split('.').at(-1)!;

/** Every run as a line through its settings to its metric; the best tenth stands out. */
export function parallelCoordinates(
  ranked: readonly Run[],
  settings: readonly string[],
  metric: string,
): Picture {
  const axes = [...settings.slice(0, AXES - 1), metric];
  const places = axes.map((name) => {
    const said = ranked.map((run) => saysOf(run, name));
    const isNumber = said.every((value) => value === undefined || typeof value === 'number');
    const words = isNumber ? [] : [...new Set(said.map(String))].sort();
    const numbers = said.flatMap((value) => (typeof value === 'number' ? [value] : []));
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const place = (value: unknown) =>
      isNumber
        ? typeof value === 'number'
          ? (value - low) / (high - low || 1)
          : undefined
        : words.indexOf(String(value)) / Math.max(1, words.length - 1);
    const ends = isNumber ? [formatted(low), formatted(high)] : [words[0]!, words.at(-1)!];
    return { name, place, ends };
  });
  const drawn = drawnOf(ranked);
  const best = Math.max(1, Math.ceil(drawn.length / 10));
  const lines = drawn.flatMap((run, i) =>
    places.flatMap(({ name, place }, x) => {
      const y = place(saysOf(run, name));
      return y === undefined ? [] : [{ x, y: Number(y.toFixed(3)), run: run.id, isBest: i < best }];
    }),
  );
  // The best on top.
  lines.sort((a, b) => Number(a.isBest) - Number(b.isBest));
  return draw(
    {
      width: 800,
      height: 300,
      marginLeft: 60,
      marginRight: 60,
      marginTop: 34,
      marginBottom: 22,
      x: { axis: null, domain: [0, axes.length - 1] },
      y: { axis: null, domain: [0, 1] },
      marks: [
        Plot.ruleX(
          axes.map((_, x) => x),
          { strokeOpacity: 0.4 },
        ),
        Plot.lineY(lines, {
          x: 'x',
          y: 'y',
          z: 'run',
          stroke: (point: { isBest: boolean }) => (point.isBest ? ALARM : CALM),
          strokeOpacity: 0.55,
          strokeWidth: 1,
        }),
        Plot.text(places, {
          x: (_, x) => x,
          y: 1,
          dy: -24,
          text: ({ name }) => short(name),
          fontWeight: 'bold',
        }),
        Plot.text(places, { x: (_, x) => x, y: 1, dy: -10, text: ({ ends }) => ends[1]! }),
        Plot.text(places, { x: (_, x) => x, y: 0, dy: 12, text: ({ ends }) => ends[0]! }),
      ],
    },
    `${drawn.length} of ${ranked.length} runs as lines through ${axes.map(short).join(', ')}; the best tenth by ${metric} stand out`,
    drawn.map((run) => ({
      run: run.id,
      ...Object.fromEntries(axes.map((name) => [name, saysOf(run, name)])),
    })),
    [
      { name: `the best tenth by ${metric}`, color: ALARM },
      { name: 'the others', color: CALM },
    ],
  );
}

function formatted(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** The metric against each setting that differs. */
export function againstSettings(
  ranked: readonly Run[],
  settings: readonly string[],
  metric: string,
): Picture[] {
  const drawn = drawnOf(ranked);
  return settings.slice(0, SETTINGS).map((name) => {
    const points = drawn.flatMap((run) => {
      const [x, y] = [saysOf(run, name), saysOf(run, metric)];
      return x === undefined || x === null || typeof y !== 'number' ? [] : [{ x: x as string | number, y }];
    });
    const isNumber = points.every(({ x }) => typeof x === 'number');
    return draw(
      {
        width: 380,
        height: 220,
        x: { label: short(name), ...(isNumber ? { ticks: 5 } : { type: 'point', padding: 0.5 }) },
        y: { label: metric, grid: true, ticks: 5 },
        marks: [
          Plot.dot(isNumber ? points : points.map(({ x, y }) => ({ x: String(x), y })), {
            x: 'x',
            y: 'y',
            r: 2.5,
            stroke: CALM,
          }),
        ],
      },
      `${metric} of ${points.length} runs against ${short(name)}`,
      points.map(({ x, y }) => ({ [short(name)]: x, [metric]: y })),
    );
  });
}

/** Runs that no other beats in both: with each cost more they reach more. */
export function paretoFront(runs: readonly Run[], metric: string, cost: string): Run[] {
  const sign = isLowestFirst(metric) ? -1 : 1;
  const known = runs.flatMap((run) => {
    const [quality, price] = [saysOf(run, metric), saysOf(run, cost)];
    return typeof quality === 'number' && typeof price === 'number'
      ? [{ run, quality: sign * quality, price }]
      : [];
  });
  known.sort((a, b) => a.price - b.price || b.quality - a.quality);
  let most = Number.NEGATIVE_INFINITY;
  return known.flatMap(({ run, quality }) => {
    if (quality <= most) return [];
    most = quality;
    return [run];
  });
}

export function costPicture(ranked: readonly Run[], metric: string, cost: 'seconds' | 'bytes'): Picture {
  const front = paretoFront(ranked, metric, cost);
  const point = (run: Run) => ({ x: saysOf(run, cost) as number, y: saysOf(run, metric) as number });
  const drawn = drawnOf(ranked).filter(
    (run) => typeof saysOf(run, cost) === 'number' && typeof saysOf(run, metric) === 'number',
  );
  const label = { seconds: 'seconds of training', bytes: 'bytes of the model' }[cost];
  return draw(
    {
      width: 800,
      height: 260,
      x: { label, type: 'log', ticks: 6, tickFormat: (value: number) => formatCount(value) },
      y: { label: metric, grid: true },
      marks: [
        Plot.lineY(front.map(point), { x: 'x', y: 'y', stroke: ALARM, curve: 'step-after' }),
        Plot.dot(drawn.map(point), { x: 'x', y: 'y', r: 2.5, stroke: CALM }),
        Plot.dot(front.map(point), { x: 'x', y: 'y', r: 3.5, fill: ALARM }),
      ],
    },
    `${metric} of ${drawn.length} runs against ${label}; ${front.length} that no other beats in both`,
    drawn.map((run) => ({
      run: run.id,
      [cost]: saysOf(run, cost),
      [metric]: saysOf(run, metric),
      on_front: front.includes(run),
    })),
    [
      { name: 'no other is better in both', color: ALARM },
      { name: 'some other is', color: CALM },
    ],
  );
}
