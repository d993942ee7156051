/** Requests into rows: checked against the signature, every wrong field named, nothing of the input echoed. */
import * as v from 'valibot';
import type { Signature, SignatureInput } from '../registry/signature.ts';

export interface FieldProblem {
  /** Index of the row in the request. */
  readonly row: number;
  readonly field: string;
  readonly problem: string;
}

export type RowValue = string | number | null;

export interface ParsedRow {
  /** Raw inputs as numbers, in the signature's order. */
  readonly values: Float64Array;
  /** The model's inputs as they came. */
  readonly input: Record<string, RowValue>;
  /** Id columns that came along. */
  readonly ids: Record<string, RowValue>;
}

export type ParsedRows = { readonly rows: ParsedRow[] } | { readonly problems: FieldProblem[] };

const PROBLEMS_SHOWN = 100;
const NO_OBJECT = 'must be an object with one field per input';

/** Builds the checker of one signature, once. */
export function rowParser(signature: Signature): (rows: readonly unknown[]) => ParsedRows {
  const along = [...signature.ids, ...signature.sensitive];
  const schema = v.strictObject({
    ...Object.fromEntries(signature.inputs.map((input) => [input.name, fieldSchema(input)])),
    ...Object.fromEntries(along.map((column) => [column.name, v.optional(alongSchema)])),
  });
  const indices = signature.inputs.map(
    ({ categories }) => categories && new Map(categories.map((name, i) => [name, i])),
  );

  const parseRow = (row: unknown): ParsedRow | Omit<FieldProblem, 'row'>[] => {
    if (Array.isArray(row)) return [{ field: '', problem: NO_OBJECT }];
    const checked = v.safeParse(schema, row);
    if (!checked.success) return checked.issues.map(problemOf);
    const fields = checked.output as Record<string, RowValue>;
    const values = Float64Array.from(signature.inputs, ({ name }, f) => {
      const value = fields[name]!;
      return value === null ? Number.NaN : (indices[f]?.get(value as string) ?? (value as number));
    });
    const pick = (columns: readonly SignatureInput[]) =>
      Object.fromEntries(
        columns.flatMap(({ name }) => (fields[name] === undefined ? [] : [[name, fields[name]]])),
      );
    return { values, input: pick(signature.inputs), ids: pick(signature.ids) };
  };

  return (rows) => {
    const parsed: ParsedRow[] = [];
    const problems: FieldProblem[] = [];
    for (const [index, row] of rows.entries()) {
      const result = parseRow(row);
      if (!Array.isArray(result)) parsed.push(result);
      else problems.push(...result.map((problem) => ({ row: index, ...problem })));
      if (problems.length >= PROBLEMS_SHOWN) break;
    }
    return problems.length > 0 ? { problems: problems.slice(0, PROBLEMS_SHOWN) } : { rows: parsed };
  };
}

const alongSchema = v.nullable(
  v.union(
    [v.pipe(v.string(), v.maxLength(200)), v.pipe(v.number(), v.finite())],
    'must be a number or a text of at most 200 characters',
  ),
  null,
);

function fieldSchema({ type, range, unit, categories, nullable }: SignatureInput) {
  const or = nullable ? ', or null where it is missing' : '';
  if (categories !== undefined) {
    const one = v.picklist(categories, `must be one of ${categories.join(', ')}${or}`);
    return nullable ? v.nullable(one) : one;
  }
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  const bounds = range === undefined ? '' : ` from ${range[0]} to ${range[1]}`;
  const message = `must be ${kind}${bounds}${unit === undefined ? '' : ` ${unit}`}${or}`;
  const [low, high] = range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const number = v.pipe(v.number(message), v.minValue(low, message), v.maxValue(high, message));
  const checked = type === 'integer' ? v.pipe(number, v.integer(message)) : number;
  return nullable ? v.nullable(checked) : checked;
}

function problemOf(issue: v.BaseIssue<unknown>): Omit<FieldProblem, 'row'> {
  const key = issue.path?.[0]?.key;
  if (issue.path === undefined) return { field: '', problem: NO_OBJECT };
  if (issue.type === 'strict_object') {
    return {
      field: String(key).slice(0, 64),
      problem: issue.expected === 'never' ? 'is not a field of this model' : 'is missing',
    };
  }
  return { field: String(key), problem: issue.message };
}
