/** Count, mean, spread and bounds of a column. */
import { UNREADABLE } from './block.ts';

/** Count, mean and spread as rows come (Welford 1962). */
export function moments() {
  let [count, mean, squares, low, high, sum] = [
    0,
    0,
    0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
  ];
  return {
    take(values: Float64Array, rows: number): void {
      for (let i = 0; i < rows; i++) {
        const x = values[i]!;
        if (!(x < UNREADABLE)) continue;
        count++;
        const off = x - mean;
        mean += off / count;
        squares += off * (x - mean);
        sum += x;
        if (x < low) low = x;
        if (x > high) high = x;
      }
    },
    of: () => ({ count, mean, stdev: Math.sqrt(squares / (count - 1)), min: low, max: high, sum }),
  };
}
