/** The columns of the schema by role. */
import type { Column, Schema } from './schema.ts';

export interface NamedColumn extends Column {
  readonly name: string;
}

export interface Roles {
  readonly ids: readonly NamedColumn[];
  readonly inputs: readonly NamedColumn[];
  readonly sensitive: readonly NamedColumn[];
  readonly leakage: readonly NamedColumn[];
  /** What orders the rows in time. */
  readonly time: NamedColumn | undefined;
  readonly target: NamedColumn;
  /** What prepared data holds, in schema order: all but leakage and what is ignored. */
  readonly kept: readonly NamedColumn[];
}

/** The columns of a schema, in its order. */
export function namedColumns(schema: Schema): NamedColumn[] {
  return Object.entries(schema).map(([name, column]) => ({ name, ...column }));
}

export function rolesOf(schema: Schema): Roles {
  const columns = namedColumns(schema);
  const of = (role: Column['role']) => columns.filter((column) => column.role === role);
  return {
    ids: of('id'),
    inputs: of('input'),
    sensitive: of('sensitive'),
    leakage: of('leakage'),
    time: of('time')[0],
    target: of('target')[0]!,
    kept: columns.filter(isKept),
  };
}

/** Whether prepared data holds the column. */
export function isKept({ role }: Column): boolean {
  return role !== 'leakage' && role !== 'ignored';
}
