/** Curves of one output: labels are 1 for its class, else 0. */
import { wilson } from '../../lib/measure/intervals.ts';
import { type Ranking, rankScores } from '../../lib/measure/metrics.ts';

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/** False against true positive rate, from (0, 0) to (1, 1), at most so many points. */
export function rocCurve(labels: Uint8Array, scores: Float64Array, limit = 200): CurvePoint[] {
  const counts = cumulative(rankScores(labels, scores));
  const { tp: positives, fp: negatives } = counts.at(-1)!;
  const points = counts.map(({ tp, fp }) => ({ x: fp / negatives, y: tp / positives }));
  return thinned([{ x: 0, y: 0 }, ...points], limit);
}

/** Recall against precision, from the highest score down, at most so many points. */
export function prCurve(labels: Uint8Array, scores: Float64Array, limit = 200): CurvePoint[] {
  const counts = cumulative(rankScores(labels, scores));
  const positives = counts.at(-1)!.tp;
  return thinned(
    counts.map(({ tp, fp }) => ({ x: tp / positives, y: tp / (tp + fp) })),
    limit,
  );
}

/** Counts of rows from the highest score down to each score. */
function cumulative({ groupEnds, labels }: Ranking): { tp: number; fp: number }[] {
  let [tp, fp, from] = [0, 0, 0];
  return Array.from(groupEnds, (end) => {
    for (; from < end; from++) {
      if (labels[from] === 1) tp++;
      else fp++;
    }
    return { tp, fp };
  });
}

function thinned(points: readonly CurvePoint[], limit: number): CurvePoint[] {
  if (points.length <= limit) return [...points];
  return Array.from(
    { length: limit },
    (_, i) => points[Math.round((i * (points.length - 1)) / (limit - 1))]!,
  );
}

export interface CalibrationBin {
  readonly rows: number;
  /** Mean probability. */
  readonly predicted: number;
  /** Share that was true, with its interval. */
  readonly observed: number;
  readonly low: number;
  readonly high: number;
}

const BINS = 10;

/**
 * Rows in bins by their score, each with the same half of the rows and half of what is expected to be true, so that those of a
 * rare class do not all lie at zero; equal scores share a bin.
 */
export function calibrationBins(
  labels: Uint8Array,
  scores: Float64Array,
  confidence: number,
): CalibrationBin[] {
  const order = Int32Array.from(labels.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const expected = scores.reduce((sum, score) => sum + score, 0);
  const weightOf = (row: number) =>
    0.5 / order.length + (expected === 0 ? 0.5 / order.length : (0.5 * scores[row]!) / expected);
  const bins: CalibrationBin[] = [];
  for (let start = 0, weight = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && (end === start || weight < (bins.length + 1) / BINS - 1e-9)) {
      weight += weightOf(order[end]!);
      end++;
    }
    while (end < order.length && scores[order[end]!] === scores[order[end - 1]!]) {
      weight += weightOf(order[end]!);
      end++;
    }
    const rows = order.subarray(start, end);
    const events = rows.reduce((sum, row) => sum + labels[row]!, 0);
    const predicted = rows.reduce((sum, row) => sum + scores[row]!, 0) / rows.length;
    const { value, low, high } = wilson(events, rows.length, confidence);
    bins.push({ rows: rows.length, predicted, observed: value, low, high });
    start = end;
  }
  return bins;
}
