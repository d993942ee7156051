/** What a column looked like in training: bins and points that are frozen in the model version. */
import { presentOf } from '../numbers/matrix.ts';

export interface Reference {
  readonly name: string;
  /** Of a category: its levels, a bin each. */
  readonly categories?: readonly string[];
  /** Of a number: values so frequent that each is a bin of its own, ascending. */
  readonly points: readonly number[];
  /** Bin i of the other numbers holds edges[i − 1] < x ≤ edges[i]. */
  readonly edges: readonly number[];
  /** Rows in each bin: the categories, or the points and then the ranges; after them what is no category, and what is missing. */
  readonly counts: readonly number[];
  /** Points of the distribution function for KS: F(values[i]) = cumulative[i]. */
  readonly values: readonly number[];
  readonly cumulative: readonly number[];
}

const BINS = 10;
/** A value that so large a share of the rows has is a bin of its own. */
const MASS = 0.05;
/** With fewer distinct values the distribution function is kept whole, and KS is exact. */
const POINTS = 1000;

export function numericReference(name: string, column: Float64Array): Reference {
  const sorted = presentOf(column).sort();
  const points = massPoints(sorted);
  const isPoint = new Set(points);
  const others = sorted.filter((x) => !isPoint.has(x));
  const edges: number[] = [];
  for (let i = 1; i < BINS; i++) {
    const edge = others[Math.ceil((i * others.length) / BINS) - 1];
    if (edge !== undefined && edge !== edges.at(-1) && edge < others.at(-1)!) edges.push(edge);
  }
  const empty = { name, points, edges, counts: [], ...distributionOf(sorted) };
  return { ...empty, counts: countBins(empty, column) };
}

/** `column` holds category indices, NaN for missing, −1 for what is no category. */
export function categoryReference(
  name: string,
  column: Float64Array,
  categories: readonly string[],
): Reference {
  const empty = { name, categories, points: [], edges: [], counts: [], values: [], cumulative: [] };
  return { ...empty, counts: countBins(empty, column) };
}

/** Of a constant or a flag every value is one. */
function massPoints(sorted: Float64Array): number[] {
  const points: number[] = [];
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    while (to < sorted.length && sorted[to] === sorted[from]) to++;
    if (to - from >= Math.max(2, MASS * sorted.length)) points.push(sorted[from]!);
  }
  return points;
}

function distributionOf(sorted: Float64Array): Pick<Reference, 'values' | 'cumulative'> {
  const values: number[] = [];
  const cumulative: number[] = [];
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
  const step = distinct <= POINTS ? 0 : sorted.length / POINTS;
  let next = step;
  for (let i = 0; i < sorted.length; i++) {
    if (i + 1 < sorted.length && (sorted[i] === sorted[i + 1] || i + 1 < next)) continue;
    values.push(sorted[i]!);
    cumulative.push((i + 1) / sorted.length);
    while (next <= i + 1 && step > 0) next += step;
  }
  return { values, cumulative };
}

/** Rows of a column in each bin of a reference. */
export function countBins(
  { categories, points, edges }: Pick<Reference, 'categories' | 'points' | 'edges'>,
  column: Float64Array,
): number[] {
  const named = categories?.length ?? points.length + edges.length + 1;
  const counts = new Array<number>(named + 2).fill(0);
  for (const x of column) {
    if (Number.isNaN(x)) counts[named + 1]!++;
    else if (categories !== undefined) counts[x >= 0 && x < named ? x : named]!++;
    else {
      const point = points.length === 0 ? -1 : points.indexOf(x);
      if (point >= 0) counts[point]!++;
      else counts[points.length + binOf(edges, x)]!++;
    }
  }
  return counts;
}

function binOf(edges: readonly number[], x: number): number {
  let bin = 0;
  while (bin < edges.length && x > edges[bin]!) bin++;
  return bin;
}
