/** What a table was, in a few figures for each column: what the next one is held against. Holds no row. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import { type Block, isNumeric } from './block.ts';
import { moments } from './moments.ts';

export interface ColumnProfile {
  /** Cells that are missing, of all rows. */
  readonly nulls: number;
  /** Of numbers. */
  readonly mean?: number;
  readonly stdev?: number;
  /** Of categories, how often each is there. */
  readonly categories?: Readonly<Record<string, number>>;
}

export interface Profile {
  readonly rows: number;
  readonly columns: Readonly<Record<string, ColumnProfile>>;
}

export function profiler(columns: readonly NamedColumn[]) {
  let rows = 0;
  const nulls = new Float64Array(columns.length);
  const numbers = columns.map((column) => (isNumeric(column) ? moments() : undefined));
  const counts = columns.map(({ categories }) =>
    categories === undefined ? undefined : new Float64Array(categories.length),
  );
  return {
    take(block: Block): void {
      rows += block.rows;
      for (const [c, values] of block.values.entries()) {
        const of = counts[c];
        for (let i = 0; i < block.rows; i++) {
          const value = values[i]!;
          if (Number.isNaN(value)) nulls[c]!++;
          else if (of !== undefined && Number.isFinite(value)) of[value]!++;
        }
        numbers[c]?.take(values, block.rows);
      }
    },
    profile(): Profile {
      const of = columns.map(({ name, categories }, c): [string, ColumnProfile] => {
        const seen = numbers[c]?.of();
        return [
          name,
          {
            nulls: nulls[c]!,
            ...(seen === undefined || seen.count < 2 ? {} : { mean: seen.mean, stdev: seen.stdev }),
            ...(categories === undefined
              ? {}
              : {
                  categories: Object.fromEntries(categories.map((category, k) => [category, counts[c]![k]!])),
                }),
          },
        ];
      });
      return { rows, columns: Object.fromEntries(of) };
    },
  };
}
