/** Filling missing values by the declared rule, learnt from training rows only. */
import type { Column } from '../config/schema.ts';
import { presentOf } from '../numbers/matrix.ts';

/** Whether the column's rule says what stands in for a missing value. */
export function isFilled({ missing }: Column): boolean {
  return missing !== 'keep' && missing !== 'refuse';
}

/** The value that stands in for a missing one, or NaN where the rule leaves it missing. `values` may hold NaN. */
export function fillFor(column: Column, values: Float64Array): number {
  if (!isFilled(column)) return Number.NaN;
  const present = presentOf(values);
  if (present.length === 0) return Number.NaN;
  if (column.missing === 'mean') {
    const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
    return column.type === 'integer' ? Math.round(mean) : mean;
  }
  return column.missing === 'most_frequent' ? mostFrequent(present) : lowerMedian(present);
}

/** The lower median: a value that occurs, so that an integer stays one. */
function lowerMedian(values: Float64Array): number {
  return values.sort()[(values.length - 1) >> 1]!;
}

/** Of equally frequent values the lowest. */
function mostFrequent(values: Float64Array): number {
  const counts = new Map<number, number>();
  for (const value of values.sort()) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = values[0]!;
  for (const [value, count] of counts) if (count > counts.get(best)!) best = value;
  return best;
}
