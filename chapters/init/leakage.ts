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
  if (errorsOfMode < PURE_ROWS) return [];
  return inputs.flatMap((at) => {
    const { name, kind } = columns[at]!;
    const cells = rows.map((row) => row[at]!);
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

function tally(labels: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Numbers as the name of their bin. */
function binned(cells: readonly string[]): string[] {
  const bins = Math.max(2, Math.min(BINS, Math.floor(cells.length / BIN_ROWS) - 1));
  const numberOf = (cell: string) => Number(cell.replace(/[^\d.eE+-]/g, '') || Number.NaN);
  const numbers = cells.map(numberOf);
  const sorted = Float64Array.from(numbers.filter((x) => !Number.isNaN(x))).sort();
  const edges = Array.from(
    { length: bins - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / bins)]!,
  );
  return numbers.map((x) => (Number.isNaN(x) ? '' : String(edges.findIndex((edge) => x < edge))));
}
