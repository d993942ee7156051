/** How like two tables are, as SDMetrics defines it: 1 is alike, 0 is nothing in common. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import type { Table } from '../../lib/data/table.ts';
import { presentOf } from '../../lib/numbers/matrix.ts';

export interface ColumnLikeness {
  readonly column: string;
  readonly score: number;
}

export interface PairLikeness {
  readonly columns: readonly [string, string];
  readonly score: number;
  /** Whether the real columns go together enough to count. */
  readonly counts: boolean;
}

export interface Likeness {
  /** The mean of shapes and pairs. */
  readonly score: number;
  readonly shapes: number;
  readonly pairs: number;
  readonly byColumn: readonly ColumnLikeness[];
  readonly byPair: readonly PairLikeness[];
}

/** Pairs of real columns count that go together more than this: by correlation, by Cramér's V (SDMetrics 0.32). */
const [CORRELATED, ASSOCIATED] = [0.5, 0.3];

/** Tables of the same columns in the same order. What cannot be said of a column or a pair, such as one of a single value, is left out. */
export function likenessOf(real: Table, synthetic: Table): Likeness {
  const { columns } = real;
  const byColumn = columns.flatMap(({ name }, c): ColumnLikeness[] => {
    const score = shapeLikeness(columns[c]!, real.values[c]!, synthetic.values[c]!);
    return Number.isNaN(score) ? [] : [{ column: name, score }];
  });
  const cells = columns.map((column, c) => cellsOf(column, real.values[c]!, synthetic.values[c]!));
  const byPair = columns.flatMap((b, j) =>
    columns.slice(0, j).flatMap((a, i): PairLikeness[] => {
      const areNumbers = a.categories === undefined && b.categories === undefined;
      const before = areNumbers ? pearson(real.values[i]!, real.values[j]!) : 0;
      const score = areNumbers
        ? 1 - Math.abs(before - pearson(synthetic.values[i]!, synthetic.values[j]!)) / 2
        : contingencyLikeness(cells[i]!, cells[j]!);
      if (Number.isNaN(score)) return [];
      const counts = areNumbers
        ? Math.abs(before) > CORRELATED
        : association(cells[i]!, cells[j]!) > ASSOCIATED;
      return [{ columns: [a.name, b.name], score, counts }];
    }),
  );
  const [shapes, pairs] = [
    mean(byColumn.map(({ score }) => score)),
    mean(byPair.filter(({ counts }) => counts).map(({ score }) => score)),
  ];
  return {
    score: mean([shapes, pairs].filter((each) => !Number.isNaN(each))),
    shapes,
    pairs,
    byColumn,
    byPair,
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** KSComplement of numbers, TVComplement of categories, of what is there. */
function shapeLikeness({ categories }: NamedColumn, real: Float64Array, synthetic: Float64Array): number {
  const [a, b] = [presentOf(real), presentOf(synthetic)];
  if (a.length === 0 || b.length === 0) return Number.NaN;
  if (categories === undefined) return 1 - kolmogorovSmirnov(a.sort(), b.sort());
  const shares = [a, b].map((values) => {
    const counts = new Float64Array(categories.length);
    for (const value of values) counts[value]! += 1 / values.length;
    return counts;
  });
  return 1 - 0.5 * shares[0]!.reduce((sum, share, k) => sum + Math.abs(share - shares[1]![k]!), 0);
}

/** The largest difference of two cumulated distributions; both sorted. */
export function kolmogorovSmirnov(a: Float64Array, b: Float64Array): number {
  let [i, j, most] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= value) i++;
    while (j < b.length && b[j]! <= value) j++;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}

/** CorrelationSimilarity is made of it: Pearson's, of rows where both are there; NaN where one is constant. */
function pearson(x: Float64Array, y: Float64Array): number {
  let [n, mx, my, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]!) || Number.isNaN(y[i]!)) continue;
    n++;
    const [dx, dy] = [x[i]! - mx, y[i]! - my];
    mx += dx / n;
    my += dy / n;
    xx += dx * (x[i]! - mx);
    yy += dy * (y[i]! - my);
    xy += dx * (y[i]! - my);
  }
  return xx === 0 || yy === 0 ? Number.NaN : xy / Math.sqrt(xx * yy);
}

interface Cells {
  readonly count: number;
  readonly real: Uint16Array;
  readonly synthetic: Uint16Array;
}

const BINS = 10;

/**
 * Categories with what is missing as one more; or ten bins of equal width over the values of each table by itself, and one more for its
 * highest value and for what is missing: as the report of SDMetrics has it.
 */
function cellsOf({ categories }: NamedColumn, real: Float64Array, synthetic: Float64Array): Cells {
  if (categories !== undefined) {
    const last = categories.length;
    const of = (values: Float64Array) =>
      Uint16Array.from(values, (value) => (Number.isNaN(value) ? last : value));
    return { count: last + 1, real: of(real), synthetic: of(synthetic) };
  }
  return { count: BINS + 1, real: binned(real), synthetic: binned(synthetic) };
}

function binned(values: Float64Array): Uint16Array {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // One value has bins around it, as numpy makes them.
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const step = (high - low) / BINS;
  const edges = Array.from({ length: BINS }, (_, k) => (k + 1 === BINS ? high : low + (k + 1) * step));
  return Uint16Array.from(values, (value) => {
    if (Number.isNaN(value)) return BINS;
    let bin = 0;
    while (bin < BINS && value >= edges[bin]!) bin++;
    return bin;
  });
}

function contingencyLikeness(a: Cells, b: Cells): number {
  const shares = (['real', 'synthetic'] as const).map((side) => {
    const counts = new Float64Array(a.count * b.count);
    const [x, y] = [a[side], b[side]];
    for (let i = 0; i < x.length; i++) counts[x[i]! * b.count + y[i]!]! += 1 / x.length;
    return counts;
  });
  return 1 - 0.5 * shares[0]!.reduce((sum, share, k) => sum + Math.abs(share - shares[1]![k]!), 0);
}

/** Cramér's V of the real cells. */
function association(a: Cells, b: Cells): number {
  const counts = new Float64Array(a.count * b.count);
  const [rows, columns] = [new Float64Array(a.count), new Float64Array(b.count)];
  for (let i = 0; i < a.real.length; i++) {
    counts[a.real[i]! * b.count + b.real[i]!]!++;
    rows[a.real[i]!]!++;
    columns[b.real[i]!]!++;
  }
  const used = (of: Float64Array) => of.reduce((n, count) => n + Number(count > 0), 0);
  const least = Math.min(used(rows), used(columns)) - 1;
  if (least < 1) return 0;
  let chi = 0;
  for (let i = 0; i < counts.length; i++) {
    const expected = (rows[Math.floor(i / b.count)]! * columns[i % b.count]!) / a.real.length;
    if (expected > 0) chi += (counts[i]! - expected) ** 2 / expected;
  }
  return Math.sqrt(chi / a.real.length / least);
}
