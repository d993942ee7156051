/** The rows that are learnt from, and others that are kept out so that what was learnt can be judged. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import type { Table } from '../../lib/data/table.ts';
import { badInput } from '../../lib/fault.ts';
import { mix, seedOf } from '../../lib/numbers/random.ts';
import type { Project } from '../../lib/project.ts';
import { rawParts, readRawTable } from '../../lib/registry/raw-table.ts';

export interface Real {
  /** Columns that are made anew: all but texts, times as numbers; identifiers are numbered. */
  readonly train: Table;
  readonly holdout: Table;
}

const KEPT_OUT = 0.2;
const MOST_CATEGORIES = 250;

/** A fifth of the rows is kept out, drawn by the seed; where the split names a file of later rows, those are. */
export function readReal(project: Project, seed: number): Real {
  const { config } = project;
  const { split, data } = config;
  const { table } = readRawTable(project, rawParts(project));
  const large = table.columns.find(({ categories }) => (categories?.length ?? 0) > MOST_CATEGORIES);
  if (large !== undefined)
    throw badInput(
      `column "${large.name}" has more than ${MOST_CATEGORIES} categories: too many to make rows by`,
    );
  if (table.rows < 20)
    throw badInput(
      `${project.path(data.raw_path)}  has ${table.rows} rows that fit the schema: too few to make others by`,
    );
  if (split.method === 'file') {
    const later = readRawTable(project, [{ path: project.path(split.test_path!), dialect: data.csv }]).table;
    return { train: madeColumns(table), holdout: madeColumns(later) };
  }
  const made = madeColumns(table);
  const isKeptOut = keptOut(made, seed);
  const rowsOf = (out: number) =>
    Int32Array.from([...isKeptOut.keys()].filter((row) => isKeptOut[row] === out));
  return { train: takeTableRows(made, rowsOf(0)), holdout: takeTableRows(made, rowsOf(1)) };
}

/**
 * By what the row holds and by nothing else: one row more or less changes no other's side, so that it does not count for the privacy
 * of the others.
 */
function keptOut({ values, rows }: Table, seed: number): Uint8Array {
  const bits = new Float64Array(1);
  const words = new Uint32Array(bits.buffer);
  const hashes = new Int32Array(rows).fill(seedOf(seed, 'synth', 'holdout'));
  for (const column of values)
    for (let row = 0; row < rows; row++) {
      bits[0] = column[row]!;
      hashes[row] = mix(Math.imul(hashes[row]! ^ words[0]!, 0x9e3779b1) ^ words[1]!);
    }
  return Uint8Array.from(hashes, (hash) => Number((hash >>> 0) / 2 ** 32 < KEPT_OUT));
}

/** Without texts and identifiers. */
export function madeColumns({ columns, rows, values }: Table): Table {
  const kept = columns.flatMap((column, c) => (isMade(column) ? [c] : []));
  return {
    columns: kept.map((c) => columns[c]!),
    rows,
    values: kept.map((c) => values[c]!),
    texts: kept.map(() => undefined),
  };
}

export function isMade({ type, role }: NamedColumn): boolean {
  return type !== 'text' && role !== 'id' && role !== 'ignored';
}

export function takeTableRows({ columns, values, texts }: Table, some: Int32Array): Table {
  return {
    columns,
    rows: some.length,
    values: values.map((column) => Float64Array.from(some, (row) => column[row]!)),
    texts: texts.map((column) => column && Array.from(some, (row) => column[row]!)),
  };
}
