/** How many of some rows have which probability. */
import * as Plot from '@observablehq/plot';
import { formatCount } from '../words.ts';
import { draw } from './draw.ts';
import { CALM, type Picture } from './picture.ts';

const BINS = 40;

/** `scores` are probabilities; `what` are their rows. */
export function scoresPicture(
  scores: ArrayLike<number>,
  of: string,
  what: string,
  size: { readonly width: number; readonly height: number },
): Picture {
  const bins = Array.from({ length: BINS }, (_, i) => ({ from: i / BINS, to: (i + 1) / BINS, [what]: 0 }));
  for (let i = 0; i < scores.length; i++) {
    const bin = bins[Math.min(BINS - 1, Math.floor(scores[i]! * BINS))];
    if (bin !== undefined) bin[what]!++;
  }
  return draw(
    {
      ...size,
      x: { label: of, domain: [0, 1] },
      y: {
        label: `${what} (logarithmic)`,
        type: 'symlog',
        ticks: [0, 1, 10, 100, 1000, 10_000, 100_000].filter((tick) => tick <= scores.length),
      },
      marks: [Plot.rectY(bins, { x1: 'from', x2: 'to', y: what, fill: CALM }), Plot.ruleY([0])],
    },
    `How many of ${formatCount(scores.length)} ${what} have which ${of}`,
    bins,
  );
}
