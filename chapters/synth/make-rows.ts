/** Rows that a generator gives, as many as are asked for, which all hold the schema and every condition. */
import { type NamedColumn as Column, type NamedColumn, namedColumns } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import { fits, writeCell } from '../../lib/data/columns.ts';
import { type Cells, type Expression, ExpressionError, parseExpression } from '../../lib/data/expression.ts';
import { badInput } from '../../lib/fault.ts';
import { formatCount, formatMany } from '../../lib/words.ts';
import { isMade } from './real.ts';
import { knownColumns } from './settings.ts';

const BATCH = 20_000;
/** Draws for each row that is wanted, after which a condition is said to be too rare. */
const MOST_DRAWS = 2000;

/** Draws of which none holds, after which none is expected to. */
const NONE_AFTER = 500_000;

export interface Conditions {
  /** That hold where they are not known, such as of what is missing. */
  readonly constraints: readonly string[];
  /** What was asked for: it holds and is known. */
  readonly where: string | undefined;
}

export interface Made {
  readonly columns: readonly Column[];
  readonly values: readonly Float64Array[];
  readonly rows: number;
}

/** `sample` gives so many rows; those that break a condition or the schema are drawn again. */
export function makeRows(
  config: Config,
  columns: readonly NamedColumn[],
  rows: number,
  conditions: Conditions,
  sample: (rows: number) => Float64Array[],
): Made {
  const known = knownColumns(config);
  const place = new Map(columns.map(({ name }, c) => [name, c]));
  const [constraints, where] = [
    conditions.constraints,
    conditions.where === undefined ? [] : [conditions.where],
  ].map((of) => of.map((condition) => readCondition(condition, known))) as [Expression[], Expression[]];
  const expressions = [...constraints, ...where];
  const unmade = expressions.flatMap(({ columns: of }) => of).find((c) => !place.has(known[c]!.name));
  if (unmade !== undefined)
    throw badInput(
      `"${known[unmade]!.name}" is a text or an identifier, which are made without looking at any: no condition can name it`,
    );
  const made = columns.map(() => new Float64Array(rows));
  let [done, drawn] = [0, 0];
  while (done < rows) {
    const wanted = Math.min(
      BATCH,
      Math.max(256, rows - done, Math.ceil(((rows - done) * drawn) / Math.max(1, done))),
    );
    const batch = sample(wanted);
    const cells = cellsOf(batch, columns, known, place);
    for (let row = 0; row < wanted && done < rows; row++) {
      if (!columns.every((column, c) => mend(column, batch[c]!, row))) continue;
      // Of a constraint what is not known holds, as in SQL's CHECK; what is asked for must be so.
      if (constraints.some(({ number }) => number(cells, row) === 0)) continue;
      if (where.some(({ number }) => number(cells, row) !== 1)) continue;
      for (const [c, column] of batch.entries()) made[c]![done] = column[row]!;
      done++;
    }
    drawn += wanted;
    if (drawn > MOST_DRAWS * Math.max(rows, 100) || (done === 0 && drawn > NONE_AFTER))
      throw badInput(
        `${formatCount(done)} of ${formatCount(drawn)} rows that were drawn hold ${[...conditions.constraints, ...(conditions.where === undefined ? [] : [conditions.where])].join(' and ')}: too rare to make ${formatMany(rows, 'row')} by drawing`,
      );
  }
  return { columns, values: made, rows };
}

function readCondition(condition: string, known: ReturnType<typeof knownColumns>): Expression {
  try {
    const expression = parseExpression(condition, known);
    if (expression.type !== 'truth')
      throw new ExpressionError(`is a ${expression.type}, and nothing that is true or false`);
    return expression;
  } catch (error) {
    if (error instanceof ExpressionError) throw badInput(`${condition}  ${error.message}`);
    throw error;
  }
}

function cellsOf(
  batch: readonly Float64Array[],
  columns: readonly NamedColumn[],
  known: ReturnType<typeof knownColumns>,
  place: ReadonlyMap<string, number>,
): Cells {
  const at = known.map(({ name }) => place.get(name) ?? -1);
  return {
    number: (column, row) => (at[column]! < 0 ? Number.NaN : batch[at[column]!]![row]!),
    text(column, row) {
      const c = at[column]!;
      const value = c < 0 ? Number.NaN : batch[c]![row]!;
      return Number.isNaN(value) ? undefined : columns[c]!.categories?.[value];
    },
  };
}

/** Brings a number into its column's range; says whether the column may hold what is there. */
function mend(column: NamedColumn, values: Float64Array, row: number): boolean {
  const value = values[row]!;
  if (Number.isNaN(value)) return column.missing !== 'refuse';
  if (column.categories !== undefined || column.type === 'time') return true;
  const [low, high] = column.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const inside = Math.min(Math.max(column.type === 'integer' ? Math.round(value) : value, low), high);
  values[row] = inside;
  return fits(column, inside);
}

/** Lines of a raw file: identifiers are numbered, and what is ignored is empty. */
export function* rawLines({ schema }: Config, { columns, values, rows }: Made): Generator<string[]> {
  const all = namedColumns(schema);
  const place = new Map(columns.map(({ name }, c) => [name, c]));
  for (let row = 0; row < rows; row++)
    yield all.map((column) => {
      const c = place.get(column.name);
      if (c !== undefined) return writeCell(column, values[c]![row]!, '');
      if (column.role === 'ignored' || isMade(column)) return '';
      const number = row + Math.max(1, Math.ceil(column.range?.[0] ?? 1));
      return column.type === 'text' ? `S${String(number).padStart(7, '0')}` : writeCell(column, number, '');
    });
}
