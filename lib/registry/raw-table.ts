/** Rows as they stand, before anything is filled: the raw file with its increments, a part of a data version, or any file of the schema. */
import { namedColumns } from '../config/roles.ts';
import { type Table, tableBuilder } from '../data/table.ts';
import { type Dialect, PLAIN, validateFile } from '../data/validate.ts';
import { readHeader } from '../files/csv.ts';
import type { Project } from '../project.ts';
import { readIncrements } from '../record/increments.ts';

export interface ReadTable {
  readonly table: Table;
  /** Rows that break the schema, which are left out. */
  readonly invalid: number;
}

/** Every column of the schema that the files have; fails with exit code 2 where one is no table of it. */
export function readRawTable(
  project: Project,
  parts: readonly { path: string; dialect: Dialect }[],
): ReadTable {
  const all = namedColumns(project.config.schema);
  const kept = all.filter(({ role }) => role !== 'ignored');
  const collected = tableBuilder(kept);
  let invalid = 0;
  for (const { path, dialect } of parts) {
    // A prepared file has no columns that are ignored, or known too late.
    const names = dialect === PLAIN ? readHeader(path) : undefined;
    const isPrepared =
      names !== undefined &&
      all.some(({ name, role }) => (role === 'leakage' || role === 'ignored') && !names.includes(name));
    const columns = isPrepared ? kept.filter(({ role }) => role !== 'leakage') : all;
    const at = kept.map(({ name }) => columns.findIndex((column) => column.name === name));
    validateFile(
      path,
      columns,
      (row) => collected.add(row, at),
      () => invalid++,
      dialect,
    );
  }
  return { table: collected.table(), invalid };
}

/** The raw file and everything that came after it. */
export function rawParts(project: Project): { path: string; dialect: Dialect }[] {
  const { data } = project.config;
  const increments = readIncrements(project.ledgers);
  return [
    { path: project.path(data.raw_path), dialect: data.csv },
    ...increments.map(({ path }) => ({ path: project.path(path), dialect: PLAIN })),
  ];
}
