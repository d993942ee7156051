/** Requests into rows: checked against the signature, every wrong field named, nothing of the input echoed. */
import { type FieldProblem, type Fields, NO_FIELDS, type RowValue } from '../record/events.ts';
import type { Signature, SignatureInput } from '../train/signature.ts';

export interface ParsedRow {
  /** The model's inputs as they came. */
  readonly input: Fields;
  /** Id columns that came along. */
  readonly ids: Fields;
  /** Sensitive columns that came along; the model never sees them. */
  readonly sensitive: Fields;
}

export interface Rows {
  readonly rows: readonly ParsedRow[];
  /** Row-major raw inputs as numbers, in the signature's order; NaN where a value is missing. */
  readonly values: Float64Array;
}

export type ParsedRows = Rows | { readonly problems: readonly FieldProblem[] };

const PROBLEMS_SHOWN = 100;
const NO_OBJECT = 'must be an object with one field per input';
const TEXT_LIMIT = 200;
const FIELD_NAME_SHOWN = 64;

/** Reads a field as the number that the model takes; undefined for what it must not be. */
type FieldReader = (value: unknown) => number | undefined;

/** Builds the checker of one signature, once. */
export function rowParser(signature: Signature): (rows: readonly unknown[]) => ParsedRows {
  const { inputs, ids, sensitive } = signature;
  const names = inputs.map(({ name }) => name);
  const readers = inputs.map(fieldReader);
  const musts = inputs.map(describeField);
  const along = [...ids, ...sensitive].map(({ name }) => name);
  const known = new Set([...names, ...along]);

  const problemsOf = (fields: Record<string, unknown>): Problem[] => [
    ...inputs.flatMap(({ name }, f) => {
      const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (value === undefined) return [{ field: name, problem: 'is missing' }];
      if (readers[f]!(value) !== undefined) return [];
      return [{ field: name, problem: value === null ? `is empty, but ${musts[f]}` : musts[f]! }];
    }),
    ...along
      .filter((name) => fields[name] !== undefined && !isAlong(fields[name]))
      .map((name) => ({ field: name, problem: ALONG })),
    ...Object.keys(fields)
      .filter((name) => !known.has(name))
      .map((name) => ({ field: name.slice(0, FIELD_NAME_SHOWN), problem: 'is not a field of this model' })),
  ];

  /** A right row is read in one pass; only for a wrong one is it asked what is wrong. */
  const parseRow = (row: unknown, values: Float64Array, at: number): ParsedRow | Problem[] => {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      return [{ field: '', problem: NO_OBJECT }];
    const fields = row as Record<string, unknown>;
    for (let f = 0; f < names.length; f++) {
      const number = readers[f]!(fields[names[f]!]);
      if (number === undefined) return problemsOf(fields);
      values[at + f] = number;
    }
    let count = 0;
    for (const _ in fields) count++;
    if (count === names.length) return { input: fields as Fields, ids: NO_FIELDS, sensitive: NO_FIELDS };
    const problems = problemsOf(fields);
    if (problems.length > 0) return problems;
    return { input: pick(fields, inputs), ids: pick(fields, ids), sensitive: pick(fields, sensitive) };
  };

  return (rows) => {
    const values = new Float64Array(rows.length * names.length);
    const parsed: ParsedRow[] = [];
    const problems: FieldProblem[] = [];
    for (let index = 0; index < rows.length && problems.length < PROBLEMS_SHOWN; index++) {
      const result = parseRow(rows[index], values, index * names.length);
      if (!Array.isArray(result)) parsed.push(result);
      else for (const problem of result) problems.push({ row: index, ...problem });
    }
    return problems.length > 0 ? { problems: problems.slice(0, PROBLEMS_SHOWN) } : { rows: parsed, values };
  };
}

type Problem = Omit<FieldProblem, 'row'>;

const ALONG = `must be a number or a text of at most ${TEXT_LIMIT} characters`;

function isAlong(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === 'string' ? value.length <= TEXT_LIMIT : Number.isFinite(value);
}

function pick(fields: Record<string, unknown>, columns: readonly SignatureInput[]): Fields {
  if (columns.length === 0) return NO_FIELDS;
  const picked: Record<string, RowValue> = {};
  for (const { name } of columns) if (fields[name] !== undefined) picked[name] = fields[name] as RowValue;
  return picked;
}

function fieldReader({ type, range, categories, other, nullable }: SignatureInput): FieldReader {
  if (categories !== undefined) {
    const indices = new Map<unknown, number>(categories.map((name, i) => [name, i]));
    if (nullable) indices.set(null, Number.NaN);
    if (other !== undefined) {
      const rest = indices.get(other);
      return (value) =>
        indices.get(value) ?? (typeof value === 'string' && value.length <= TEXT_LIMIT ? rest : undefined);
    }
    return (value) => indices.get(value);
  }
  const [low, high] = range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const whole = type === 'integer';
  return (value) => {
    if (typeof value === 'number')
      return value >= low && value <= high && (!whole || Number.isInteger(value)) ? value : undefined;
    return value === null && nullable ? Number.NaN : undefined;
  };
}

/** What a field must be, for the person who sent something else. */
export function describeField({ type, range, unit, categories, other, nullable }: SignatureInput): string {
  const or = nullable ? ', or null where it is missing' : '';
  if (other !== undefined)
    return `must be a text of at most ${TEXT_LIMIT} characters (${categories!.slice(0, 10).join(', ')} …)${or}`;
  if (categories !== undefined) return `must be one of ${categories.join(', ')}${or}`;
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  const bounds = range === undefined ? '' : ` from ${range[0]} to ${range[1]}`;
  return `must be ${kind}${bounds}${unit === undefined ? '' : ` ${unit}`}${or}`;
}
