/** Percentile bootstrap (Efron 1979): the rows are drawn again and again, the statistic computed each time. */
import type { Estimate } from '../numbers/estimate.ts';
import { random, shuffled } from '../numbers/random.ts';

export interface BootstrapOptions {
  readonly rounds: number;
  /** Share of the draws inside the interval. */
  readonly confidence: number;
  readonly seed: number;
}

/**
 * Intervals of several statistics of the same rows. `statistics` gets how often each row was drawn, undefined for the
 * rows as they are. Draws for which a statistic is undefined (NaN) are left out of its interval.
 */
export function bootstrap<K extends string>(
  rows: number,
  statistics: (weights: Uint16Array | undefined) => Record<K, number>,
  options: BootstrapOptions,
): Record<K, Estimate> {
  const values = statistics(undefined);
  const names = Object.keys(values) as K[];
  const draws = new Map<K, number[]>(names.map((name) => [name, []]));
  const weights = new Uint16Array(rows);
  for (let round = 0; round < options.rounds; round++) {
    const { int } = random(options.seed, 'bootstrap', round);
    weights.fill(0);
    for (let i = 0; i < rows; i++) weights[int(rows)]!++;
    const drawn = statistics(weights);
    for (const name of names) if (!Number.isNaN(drawn[name])) draws.get(name)!.push(drawn[name]);
  }
  return Object.fromEntries(
    names.map((name) => [
      name,
      { value: values[name], ...percentiles(draws.get(name)!, options.confidence) },
    ]),
  ) as Record<K, Estimate>;
}

/** Beyond so many rows a drawn part of them, always the same, stands for all. */
const ROWS = 100_000;

/**
 * The same for many rows: beyond 100,000, drawings of a part of the rows give the spread, which shrinks with the root of their
 * number (Bickel, Götze & van Zwet 1997, m out of n), around the value of all rows. `statisticsOf` prepares the statistics
 * of some rows, or of all where none are named.
 */
export function bootstrapRows<K extends string>(
  rows: number,
  statisticsOf: (some: Int32Array | undefined) => (weights: Uint16Array | undefined) => Record<K, number>,
  options: BootstrapOptions,
): Record<K, Estimate> {
  const ofAll = statisticsOf(undefined);
  if (rows <= ROWS) return bootstrap(rows, ofAll, options);
  const some = shuffled(rows, random(options.seed, 'part')).slice(0, ROWS).sort();
  const scale = Math.sqrt(ROWS / rows);
  const values = ofAll(undefined);
  const part = bootstrap(ROWS, statisticsOf(some), options);
  return Object.fromEntries(
    (Object.keys(values) as K[]).map((name) => {
      const { value, low, high } = part[name];
      const around = (edge: number) => values[name] + (edge - value) * scale;
      return [name, { value: values[name], low: around(low), high: around(high) }];
    }),
  ) as Record<K, Estimate>;
}

function percentiles(draws: number[], confidence: number): { low: number; high: number } {
  const sorted = Float64Array.from(draws).sort();
  const at = (q: number) =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(q * (sorted.length - 1))))] ?? Number.NaN;
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}
