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
  /** Of a category: the names of its bins but the last, and how many of its values are there. */
  readonly names?: readonly string[];
  readonly distinct?: number;
}

const TENTHS = 10;
const SAMPLE = 20_000;
/** Of a category; with more, those that are rarest share a bin. */
const MOST_BINS = 60;

export function binColumn({ name, categories }: NamedColumn, values: Float64Array, seed: number): Binned {
  const bins = new Uint8Array(values.length);
  if (categories !== undefined) {
    const counts = new Float64Array(categories.length);
    for (const value of values) if (!Number.isNaN(value)) counts[value]!++;
    const isFew = categories.length <= MOST_BINS;
    const byCount = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || a - b);
    const own = isFew ? [...counts.keys()] : byCount.slice(0, MOST_BINS - 1).sort((a, b) => a - b);
    const others = isFew ? [] : [`${categories.length - own.length} others`];
    const last = own.length + others.length;
    const binOf = new Uint8Array(categories.length).fill(own.length);
    for (const [bin, category] of own.entries()) binOf[category] = bin;
    for (let i = 0; i < values.length; i++) bins[i] = Number.isNaN(values[i]!) ? last : binOf[values[i]!]!;
    const names = [...own.map((category) => categories[category]!), ...others];
    return {
      bins,
      count: last + 1,
      edges: undefined,
      names,
      distinct: counts.filter((count) => count > 0).length,
    };
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
