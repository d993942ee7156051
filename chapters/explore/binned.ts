/** Columns as a few bins each, which everything that is counted works from: numbers by their tenths, categories as they are. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import { binFinder } from '../../lib/learn/bins.ts';
import { presentOf } from '../../lib/numbers/matrix.ts';
import { random } from '../../lib/numbers/random.ts';

export interface Binned {
  readonly bins: Uint8Array;
  /** The bin of missing values is the last. */
  readonly count: number;
  /** Upper bounds of the bins of a number, but the last. */
  readonly edges: Float64Array | undefined;
}

const TENTHS = 10;
const SAMPLE = 20_000;
/** Of a category, the rest shares a bin. */
const MOST_BINS = 60;

export function binColumn({ name, categories }: NamedColumn, values: Float64Array, seed: number): Binned {
  const bins = new Uint8Array(values.length);
  if (categories !== undefined) {
    const last = Math.min(categories.length, MOST_BINS);
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      bins[i] = Number.isNaN(value) ? last : Math.min(value, last - 1);
    }
    return { bins, count: last + 1, edges: undefined };
  }
  const edges = edgesOf(values, seed, name);
  const find = binFinder(edges);
  const last = edges.length + 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    bins[i] = Number.isNaN(value) ? last : find(value);
  }
  return { bins, count: last + 1, edges };
}

/** Tenths of a sample, each once. */
function edgesOf(values: Float64Array, seed: number, name: string): Float64Array {
  const rng = random(seed, 'explore', name);
  const some =
    values.length <= SAMPLE
      ? values
      : Float64Array.from({ length: SAMPLE }, () => values[rng.int(values.length)]!);
  const sorted = presentOf(some).sort();
  const edges = new Set<number>();
  for (let q = 1; q < TENTHS; q++) {
    const edge = sorted[Math.floor((q * sorted.length) / TENTHS)];
    if (edge !== undefined && edge < sorted.at(-1)!) edges.add(edge);
  }
  return Float64Array.from(edges);
}

/** How often each pair of bins is there: rows × columns, row-major. */
export function cross(a: Binned, b: Binned, rows?: Int32Array): Float64Array {
  const counts = new Float64Array(a.count * b.count);
  if (rows === undefined)
    for (let i = 0; i < a.bins.length; i++) counts[a.bins[i]! * b.count + b.bins[i]!]!++;
  else for (const i of rows) counts[a.bins[i]! * b.count + b.bins[i]!]!++;
  return counts;
}

export function tally({ bins, count }: Binned, from = 0, to = bins.length): Float64Array {
  const counts = new Float64Array(count);
  for (let i = from; i < to; i++) counts[bins[i]!]!++;
  return counts;
}
