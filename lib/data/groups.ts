/** The groups of a sensitive column. */
import type { Schema } from '../config/schema.ts';
import type { Matrix } from '../numbers/matrix.ts';

export interface Grouping {
  readonly column: string;
  readonly groups: readonly string[];
  /** Per row the place of its group in groups; −1 where it is not known. */
  readonly groupOf: Int16Array;
}

/** Sensitive columns that are categories; `sensitive` holds category indices, NaN where missing. */
export function groupingsOf(sensitive: Matrix, schema: Schema): Grouping[] {
  const width = sensitive.names.length;
  return sensitive.names.flatMap((column, f) => {
    const groups = schema[column]?.categories;
    if (groups === undefined) return [];
    const groupOf = Int16Array.from({ length: sensitive.rows }, (_, row) => {
      const index = sensitive.values[row * width + f]!;
      return Number.isNaN(index) ? -1 : index;
    });
    return [{ column, groups, groupOf }];
  });
}

/** The group of each row by name, for a decision rule; undefined where the column is not there or the group not known. */
export function groupNames(
  groupings: readonly Grouping[],
  column: string | undefined,
): (row: number) => string | undefined {
  const grouping = groupings.find((each) => each.column === column);
  return (row) => grouping?.groups[grouping.groupOf[row]!];
}
