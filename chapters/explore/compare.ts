/** Two tables side by side: what is another in the second. */
import type { Table } from '../../lib/data/table.ts';
import { chiSquaredTail } from '../../lib/measure/intervals.ts';
import { meanOf } from '../../lib/measure/metrics.ts';
import { presentOf } from '../../lib/numbers/matrix.ts';
import { stability } from './explored.ts';

export interface ColumnChange {
  readonly column: string;
  readonly psi: number;
  readonly byChance: boolean;
  readonly missing: readonly [before: number, after: number];
  /** Means of numbers; null of categories. */
  readonly means: readonly [before: number, after: number] | null;
  /** Categories that only one side has. */
  readonly only: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Shares of each bin or category, for the picture. */
  readonly bins: readonly string[];
  readonly shares: readonly [before: readonly number[], after: readonly number[]];
}

export interface Comparison {
  readonly rows: readonly [before: number, after: number];
  readonly columns: readonly ColumnChange[];
}

const BINS = 12;
const CHANCE = 0.001;
const SHOWN = 12;

export function compareTables(a: Table, b: Table): Comparison {
  const columns = a.columns.flatMap((column, c): ColumnChange[] => {
    const d = b.columns.findIndex(({ name }) => name === column.name);
    if (d < 0 || column.type === 'text' || column.role === 'id') return [];
    const [before, after] = [a.values[c]!, b.values[d]!];
    const missing = [before, after].map((values) =>
      values.reduce((n, value) => n + Number(Number.isNaN(value)), 0),
    ) as [number, number];
    const { names, counts } =
      column.categories === undefined
        ? binNumbers(before, after)
        : {
            names: column.categories,
            counts: [before, after].map((values) => countCategories(values, column.categories!.length)),
          };
    const [p, q] = counts.map((of, side) => [...of, missing[side]!]) as [number[], number[]];
    const psi = stability(p, q);
    const used = p.reduce((n, count, k) => n + Number(count + q[k]! > 0), 0);
    const chi = psi / (1 / Math.max(1, before.length) + 1 / Math.max(1, after.length));
    const only = (here: number[], there: number[]) =>
      names.filter((_, k) => here[k]! > 0 && there[k] === 0).slice(0, SHOWN);
    return [
      {
        column: column.name,
        psi,
        byChance: used < 2 || chiSquaredTail(chi, used - 1) > CHANCE,
        missing,
        means:
          column.categories === undefined
            ? [meanOf([...presentOf(before)]), meanOf([...presentOf(after)])]
            : null,
        only:
          column.categories === undefined
            ? { before: [], after: [] }
            : { before: only(p, q), after: only(q, p) },
        bins: names,
        shares: [p, q].map((of) =>
          of.slice(0, -1).map(
            (count) =>
              count /
              Math.max(
                1,
                of.reduce((sum, each) => sum + each, 0),
              ),
          ),
        ) as [number[], number[]],
      },
    ];
  });
  return { rows: [a.rows, b.rows], columns: columns.sort((x, y) => y.psi - x.psi) };
}

function countCategories(values: Float64Array, categories: number): number[] {
  const counts = new Array<number>(categories).fill(0);
  for (const value of values) if (!Number.isNaN(value)) counts[value]!++;
  return counts;
}

/** Bins of equal width over both; what lies outside of the first table's range counts as its outermost. */
function binNumbers(before: Float64Array, after: Float64Array): { names: string[]; counts: number[][] } {
  const sorted = presentOf(before).sort();
  const [low, high] = [
    sorted[Math.floor(0.01 * (sorted.length - 1))] ?? 0,
    sorted[Math.ceil(0.99 * (sorted.length - 1))] ?? 1,
  ];
  const width = (high - low) / BINS || 1;
  const count = (values: Float64Array) => {
    const counts = new Array<number>(BINS).fill(0);
    for (const value of values)
      if (!Number.isNaN(value)) counts[Math.min(BINS - 1, Math.max(0, Math.floor((value - low) / width)))]!++;
    return counts;
  };
  return {
    names: Array.from({ length: BINS }, (_, k) => String(Number((low + (k + 0.5) * width).toPrecision(4)))),
    counts: [count(before), count(after)],
  };
}
