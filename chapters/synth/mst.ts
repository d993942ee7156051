/**
 * Rows by MST with differential privacy (McKenna, Miklau and Sheldon 2021): noisy counts of each column; a spanning tree of pairs by
 * the exponential mechanism; noisy counts of those pairs; a tree model of all of it. A data set differs from its neighbour by one row.
 */
import type { NamedColumn } from '../../lib/config/roles.ts';
import type { Table } from '../../lib/data/table.ts';
import { badInput } from '../../lib/fault.ts';
import { type Bits, discreteGaussian } from './noise.ts';
import { type Edge, estimateTree, type Measurement, sampleTree } from './tree-model.ts';

export interface MstOptions {
  readonly rho: number;
  /** Cells of a number whose edges are not declared, all as wide. */
  readonly bins: number;
  readonly edges: Readonly<Record<string, readonly number[]>>;
  /** Every pair with this column is measured; without it the tree is chosen by its counts, which costs as well. */
  readonly target: number | undefined;
}

/** Cells of a column, by what is public alone: the schema, and declared edges. */
export interface Domain {
  readonly column: NamedColumn;
  readonly size: number;
  cellOf(value: number): number;
  /** A value of the cell. */
  valueOf(cell: number, draw: () => number): number;
}

export function domainOf(
  column: NamedColumn,
  { bins, edges: declared }: Pick<MstOptions, 'bins' | 'edges'>,
): Domain {
  const { name, categories, range, type, missing } = column;
  // A cell for what is missing, where the schema lets it be.
  const extra = missing === 'refuse' ? 0 : 1;
  if (categories !== undefined) {
    const size = categories.length + extra;
    return {
      column,
      size,
      cellOf: (value) => (Number.isNaN(value) ? size - 1 : value),
      valueOf: (cell) => (cell < categories.length ? cell : Number.NaN),
    };
  }
  const edges =
    declared[name] ?? (range === undefined ? undefined : evenEdges(range, bins, type === 'integer'));
  if (edges === undefined)
    throw badInput(
      `column "${name}" has no range in the schema and no edges in chapters.synth.privacy.edges: bounds taken from the data would tell of it, so private rows are refused`,
    );
  const count = edges.length - 1;
  const size = count + extra;
  return {
    column,
    size,
    cellOf(value) {
      if (Number.isNaN(value)) return size - 1;
      let [low, high] = [0, count - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (value < edges[middle + 1]!) high = middle;
        else low = middle + 1;
      }
      return low;
    },
    valueOf(cell, draw) {
      if (cell >= count) return Number.NaN;
      const [from, to] = [edges[cell]!, edges[cell + 1]!];
      if (type === 'integer') {
        const [first, end] = [Math.ceil(from), Math.max(Math.ceil(from) + 1, Math.ceil(to))];
        return first + Math.floor(draw() * (end - first));
      }
      return Number((from + draw() * (to - from)).toPrecision(6));
    },
  };
}

function evenEdges([low, high]: readonly [number, number], bins: number, isWhole: boolean): number[] {
  const count = isWhole ? Math.min(bins, high - low + 1) : bins;
  const edges = Array.from(
    { length: count + 1 },
    (_, k) => low + ((high - low + (isWhole ? 1 : 0)) * k) / count,
  );
  if (isWhole) return [...new Set(edges.map(Math.floor))];
  return edges;
}

export interface PrivateModel {
  /** Rows that the noisy counts say there are. */
  readonly rows: number;
  /** Pairs of columns that were measured. */
  readonly pairs: readonly (readonly [string, string])[];
  sample(rows: number, draw: () => number): Float64Array[];
}

/** Shares of ρ: with pairs that are declared there is nothing to choose. */
const CHOSEN = { single: 1 / 3, choice: 1 / 3, pair: 1 / 3 };
const DECLARED = { single: 1 / 4, choice: 0, pair: 3 / 4 };
/** Cells whose noisy count is below so many standard deviations are taken together. */
const SMALL = 3;

export function fitMst({ columns, values, rows }: Table, options: MstOptions, bits: Bits): PrivateModel {
  const domains = columns.map((column) => domainOf(column, options));
  const cells = domains.map(({ cellOf }, c) =>
    Int32Array.from({ length: rows }, (_, row) => cellOf(values[c]![row]!)),
  );
  const shares = options.target === undefined ? CHOSEN : DECLARED;
  const single = sigmaOf((shares.single * options.rho) / domains.length);
  const noisy = domains.map(({ size }, c) => measure(countsOf(cells[c]!, size), single, bits));
  const merged = noisy.map((counts) => mergeSmall(counts, SMALL * single));
  const compact = cells.map((of, c) => of.map((cell) => merged[c]!.to[cell]!));
  const sizes = merged.map(({ size }) => size);
  const singles = merged.map(({ size, to }, c): Measurement => {
    const counts = new Float64Array(size);
    for (const [cell, count] of noisy[c]!.entries()) counts[to[cell]!]! += count;
    return { columns: [c], counts, sigma: single };
  });
  const edges =
    options.target === undefined
      ? chooseTree(compact, sizes, singles, shares.choice * options.rho, bits)
      : starOf(domains.length, options.target);
  const double = sigmaOf((shares.pair * options.rho) / Math.max(1, edges.length));
  const pairs = edges.map(
    ({ a, b }): Measurement => ({
      columns: [a, b],
      counts: measure(crossOf(compact[a]!, compact[b]!, sizes[a]!, sizes[b]!), double, bits),
      sigma: double,
    }),
  );
  const model = estimateTree(sizes, edges, [...singles, ...pairs]);
  return {
    rows: Math.max(1, Math.round(model.total)),
    pairs: edges.map(({ a, b }) => [columns[a]!.name, columns[b]!.name] as const),
    sample(count, draw) {
      const drawn = sampleTree(model, sizes, edges, count, draw);
      return domains.map((domain, c) => {
        const { from } = merged[c]!;
        return Float64Array.from(drawn[c]!, (cell) => {
          const own = from[cell]!;
          return domain.valueOf(own[Math.floor(draw() * own.length)]!, draw);
        });
      });
    },
  };
}

/** Of counts that one row changes by 1 (Bun and Steinke 2016, proposition 1.6). */
export function sigmaOf(rho: number): number {
  return Math.sqrt(1 / (2 * rho));
}

function measure(counts: Float64Array, sigma: number, bits: Bits): Float64Array {
  return counts.map((count) => count + discreteGaussian(bits, sigma * sigma));
}

function countsOf(cells: Int32Array, size: number): Float64Array {
  const counts = new Float64Array(size);
  for (const cell of cells) counts[cell]!++;
  return counts;
}

function crossOf(a: Int32Array, b: Int32Array, sizeA: number, sizeB: number): Float64Array {
  const counts = new Float64Array(sizeA * sizeB);
  for (let i = 0; i < a.length; i++) counts[a[i]! * sizeB + b[i]!]!++;
  return counts;
}

/** Small cells as one, the last; `from` is what each new cell stands for. */
function mergeSmall(counts: Float64Array, least: number): { to: Int32Array; from: number[][]; size: number } {
  const large = [...counts.keys()].filter((cell) => counts[cell]! >= least);
  const small = [...counts.keys()].filter((cell) => counts[cell]! < least);
  const from = [...large.map((cell) => [cell]), ...(small.length === 0 ? [] : [small])];
  const to = new Int32Array(counts.length);
  for (const [cell, own] of from.entries()) for (const old of own) to[old] = cell;
  return { to, from, size: from.length };
}

function starOf(columns: number, centre: number): Edge[] {
  return Array.from({ length: columns }, (_, c) => c)
    .filter((c) => c !== centre)
    .map((c) => ({ a: c, b: centre }));
}

/** A spanning tree, an edge after the other by the exponential mechanism on how far each pair is from independence (L1). */
function chooseTree(
  cells: readonly Int32Array[],
  sizes: readonly number[],
  singles: readonly Measurement[],
  rho: number,
  bits: Bits,
): Edge[] {
  const rows = cells[0]?.length ?? 0;
  const shares = singles.map(({ counts }) => {
    const positive = counts.map((count) => Math.max(0, count));
    const sum = positive.reduce((all, count) => all + count, 0) || 1;
    return positive.map((count) => count / sum);
  });
  const total =
    singles.length === 0
      ? rows
      : Math.max(
          1,
          singles[0]!.counts.reduce((sum, count) => sum + count, 0),
        );
  const pairs = sizes.flatMap((_, b) =>
    sizes.slice(0, b).map((__, a) => {
      const counts = crossOf(cells[a]!, cells[b]!, sizes[a]!, sizes[b]!);
      let distance = 0;
      for (let i = 0; i < counts.length; i++)
        distance += Math.abs(
          counts[i]! - total * shares[a]![Math.floor(i / sizes[b]!)]! * shares[b]![i % sizes[b]!]!,
        );
      return { a, b, distance };
    }),
  );
  const group = sizes.map((_, c) => c);
  const edges: Edge[] = [];
  const epsilon = Math.sqrt((8 * rho) / Math.max(1, sizes.length - 1));
  while (edges.length < sizes.length - 1) {
    const open = pairs.filter(({ a, b }) => group[a] !== group[b]);
    // The largest of the scores with Gumbel noise is a draw by the exponential mechanism.
    let best = open[0]!;
    let most = Number.NEGATIVE_INFINITY;
    for (const pair of open) {
      const noisy = 0.5 * epsilon * pair.distance - Math.log(-Math.log(bits.float()));
      if (noisy > most) [best, most] = [pair, noisy];
    }
    edges.push({ a: best.a, b: best.b });
    const [keep, gone] = [group[best.a]!, group[best.b]!];
    for (const [c, of] of group.entries()) if (of === gone) group[c] = keep;
  }
  return edges;
}
