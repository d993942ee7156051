/** Columns that know the outcome too well to have been known before it. */
import type { ColumnProfile } from './column-reader.ts';

export interface Suspicion {
  readonly column: string;
  readonly why: string;
}

/** A column that by itself leaves so few of the errors of always saying the most frequent class is suspected. */
const ERRORS_LEFT = 0.05;
/** And one with a value under which, this often, one rare class is true … */
const PURE = 0.98;
/** … in so many rows at least. */
const PURE_ROWS = 20;
/** A number with so few values is looked at value by value, like a category. */
const NAMED = 10;
/** Values of any other number are put into equally full bins, so many at most … */
const BINS = 50;
/** … of so many rows at least. */
const BIN_ROWS = 20;

/** `sample` holds cells in the order of `columns`; `inputs` and `target` are places in it. */
export function suspectLeakage(
  sample: readonly (readonly string[])[],
  inputs: readonly number[],
  target: number,
  columns: readonly ColumnProfile[],
): Suspicion[] {
  const rows = sample.filter((row) => row[target] !== '');
  const labels = rows.map((row) => row[target]!);
  const shares = tally(labels);
  const errorsOfMode = rows.length - Math.max(...shares.values());
  return inputs.flatMap((at) => {
    const { name, kind } = columns[at]!;
    const cells = rows.map((row) => row[at]!);
    if (tellsAll(cells, labels, shares, kind === 'text'))
      return [{ column: name, why: `by itself it tells all of ${rows.length} rows right` }];
    if (errorsOfMode < PURE_ROWS) return [];
    const isNamed = kind === 'text' || new Set(cells).size <= NAMED;
    const values = isNamed ? cells : binned(cells);
    const byValue = new Map<string, string[]>();
    for (const [i, value] of values.entries()) {
      const group = byValue.get(value);
      if (group === undefined) byValue.set(value, [labels[i]!]);
      else group.push(labels[i]!);
    }
    if (byValue.size * BIN_ROWS > rows.length) return [];
    let errors = 0;
    let pure: string | undefined;
    for (const [value, group] of byValue) {
      const counts = tally(group);
      const [mode, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
      errors += group.length - most;
      const isRare = shares.get(mode)! < 0.5 * rows.length;
      if (isNamed && isRare && group.length >= PURE_ROWS && most >= PURE * group.length)
        pure = `with "${value}" the target is "${mode}" in ${most} of ${group.length} rows`;
    }
    if (errors <= ERRORS_LEFT * errorsOfMode)
      return [
        { column: name, why: `by itself it tells ${rows.length - errors} of ${rows.length} rows right` },
      ];
    return pure === undefined ? [] : [{ column: name, why: pure }];
  });
}

/** Rows of the rarest class that are too many to be told right by chance. */
const TOLD_ROWS = 5;

/**
 * At any size of table: a number whose order puts each class in one piece, or a category of few values each of which has one
 * class.
 */
function tellsAll(
  cells: readonly string[],
  labels: readonly string[],
  shares: ReadonlyMap<string, number>,
  isText: boolean,
): boolean {
  if (Math.min(...shares.values()) < TOLD_ROWS) return false;
  if (isText) {
    const classOf = new Map<string, string>();
    for (const [i, cell] of cells.entries()) {
      const known = classOf.get(cell) ?? labels[i]!;
      if (known !== labels[i]) return false;
      classOf.set(cell, known);
    }
    return classOf.size <= 2 * shares.size;
  }
  const numbers = cells.map((cell, i) => ({ x: numberOf(cell), label: labels[i]! }));
  if (numbers.some(({ x }) => Number.isNaN(x))) return false;
  numbers.sort((a, b) => a.x - b.x);
  let pieces = 1;
  for (const [i, { x, label }] of numbers.entries()) {
    const before = numbers[i - 1];
    if (before === undefined || before.label === label) continue;
    if (before.x === x) return false;
    pieces++;
  }
  return pieces <= shares.size;
}

function numberOf(cell: string): number {
  return Number(cell.replace(/[^\d.eE+-]/g, '') || Number.NaN);
}

function tally(labels: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Numbers as the name of their bin. */
function binned(cells: readonly string[]): string[] {
  const bins = Math.max(2, Math.min(BINS, Math.floor(cells.length / BIN_ROWS) - 1));
  const numbers = cells.map(numberOf);
  const sorted = Float64Array.from(numbers.filter((x) => !Number.isNaN(x))).sort();
  const edges = Array.from(
    { length: bins - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / bins)]!,
  );
  return numbers.map((x) => (Number.isNaN(x) ? '' : String(edges.findIndex((edge) => x < edge))));
}
