/** Pictures of how good a version's scores are. */
import * as Plot from '@observablehq/plot';
import type { Confusion } from '../../lib/measure/metrics.ts';
import { draw } from '../../lib/page/draw.ts';
import { ALARM, CALM, PALETTE, type Picture } from '../../lib/page/picture.ts';
import type { CalibrationBin, CurvePoint } from './curve-points.ts';

/** Share of each true class that was given each class, with the counts. */
export function confusionPicture(confusion: Confusion, classes: readonly string[]): Picture {
  const cells = confusion.flatMap((row, truth) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((count, given) => ({
      truth: classes[truth]!,
      given: classes[given]!,
      count,
      share: total === 0 ? 0 : count / total,
    }));
  });
  const rows = confusion.flat().reduce((a, b) => a + b, 0);
  const right = confusion.reduce((sum, row, k) => sum + row[k]!, 0);
  return draw(
    {
      width: 800,
      height: 110 + 44 * classes.length,
      marginLeft: 170,
      marginBottom: 60,
      x: { label: 'class given', domain: [...classes], tickRotate: classes.length > 4 ? -20 : 0 },
      y: { label: 'true class', domain: [...classes] },
      color: { type: 'linear', range: ['#dde7f3', '#1f4e8c'], domain: [0, 1] },
      marks: [
        Plot.cell(cells, { x: 'given', y: 'truth', fill: 'share', inset: 1 }),
        Plot.text(cells, {
          x: 'given',
          y: 'truth',
          text: 'count',
          fill: (cell) => (cell.share > 0.5 ? 'white' : 'black'),
        }),
      ],
    },
    `Confusion matrix: ${right} of ${rows} rows on the diagonal`,
    cells,
  );
}

export interface Curves {
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

export function curvePicture(
  curves: readonly Curves[],
  labels: { x: string; y: string },
  diagonal: boolean,
  words: string,
): Picture {
  const points = curves.flatMap(({ name, points: of }) => of.map((point) => ({ ...point, name })));
  return draw(
    {
      width: 520,
      height: 380,
      x: { label: labels.x, domain: [0, 1], grid: true },
      y: { label: labels.y, domain: [0, 1], grid: true },
      color: { domain: curves.map(({ name }) => name), range: PALETTE },
      marks: [
        ...(diagonal
          ? [
              Plot.line(
                [
                  [0, 0],
                  [1, 1],
                ],
                { strokeDasharray: '4 3', strokeOpacity: 0.5 },
              ),
            ]
          : []),
        Plot.line(points, { x: 'x', y: 'y', z: 'name', stroke: 'name', strokeWidth: 2 }),
      ],
    },
    words,
    points.map(({ name, x, y }) => ({ name, [labels.x]: x, [labels.y]: y })),
    curves.map(({ name }) => name),
  );
}

/** A class this rare is drawn on logarithmic axes. */
const RARE = 0.1;

export function calibrationPicture(bins: readonly CalibrationBin[], name: string): Picture {
  const rows = bins.reduce((sum, bin) => sum + bin.rows, 0);
  const share = bins.reduce((sum, bin) => sum + bin.rows * bin.observed, 0) / rows;
  const isRare = share < RARE;
  const least = Math.min(0.01, ...bins.flatMap((bin) => [bin.predicted, bin.high].filter((x) => x > 0))) / 2;
  // What is zero lies at the edge of a logarithmic axis.
  const kept = (x: number) => (isRare ? Math.max(x, least) : x);
  const points = bins.map(({ predicted, observed, low, high }) => ({
    predicted: kept(predicted),
    observed: kept(observed),
    low: kept(low),
    high: kept(high),
  }));
  const axis = isRare
    ? { type: 'log' as const, domain: [least, 1], grid: true, ticks: 5, tickFormat: '~g' }
    : { domain: [0, 1], grid: true };
  return draw(
    {
      width: 520,
      height: 380,
      x: { label: `mean probability of ${name}${isRare ? ' (logarithmic)' : ''}`, ...axis },
      y: { label: 'share that was true', ...axis },
      marks: [
        Plot.line(
          [
            [isRare ? least : 0, isRare ? least : 0],
            [1, 1],
          ],
          { strokeDasharray: '4 3', strokeOpacity: 0.5 },
        ),
        Plot.ruleX(points, { x: 'predicted', y1: 'low', y2: 'high', stroke: CALM, strokeWidth: 2 }),
        Plot.dot(points, { x: 'predicted', y: 'observed', fill: ALARM, r: 3 }),
      ],
    },
    `Calibration of ${name} in ${bins.length} bins: mean probability against the share that was true`,
    bins,
    [
      { name: 'share that was true', color: ALARM },
      { name: 'its interval', color: CALM },
    ],
  );
}
