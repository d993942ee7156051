/** Rows of the base table with what the joined tables say of them, in the columns of the schema. */

import { parseNumber } from '../../lib/data/columns.ts';
import { parseTime } from '../../lib/data/time.ts';
import { badInput } from '../../lib/fault.ts';
import type { SourceFile } from './files.ts';
import { readTable } from './readers.ts';
import { type Join, nameOf, type SourcesSettings, type SourceTable } from './settings.ts';

/** Rows of a joined table by what they are joined on. */
export interface Lookup {
  readonly join: Join;
  readonly names: readonly string[];
  readonly rows: ReadonlyMap<string, readonly string[]>;
  readonly files: readonly SourceFile[];
}

export interface SetAside {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly cells: readonly string[];
}

export interface JoinCount {
  readonly table: string;
  readonly matched: number;
  readonly unmatched: number;
}

export interface Composed {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly joins: readonly JoinCount[];
}

const SEPARATOR = '\u001f';

/** Reads the columns of a table that are used, by what the project calls them; a cell that is not of its type is a problem of the row. */
export async function readColumns(
  file: SourceFile,
  called: string,
  table: SourceTable,
  aside: string,
  onRow: (cells: string[], line: number, problem: string | undefined) => void,
): Promise<void> {
  const wanted = Object.entries(table.columns);
  let places: number[] = [];
  const isMissing = new Set(table.missing);
  const { path } = file;
  await readTable(
    path,
    table,
    {
      header(names) {
        const twice = names.find((name, i) => names.indexOf(name) !== i);
        if (twice !== undefined) throw badInput(`${path}  column "${twice}" stands twice`);
        const lost = wanted.find(([name]) => !names.includes(name));
        if (lost !== undefined)
          throw badInput(
            `${path}  column "${lost[0]}" of table ${called} is missing: its columns are ${names.slice(0, 12).join(', ')}`,
          );
        const extra = names.find(
          (name) => !Object.hasOwn(table.columns, name) && !table.ignored.includes(name),
        );
        if (extra !== undefined)
          throw badInput(
            `${path}  column "${extra}" is not declared: name it among the columns or the ignored of chapters.sources.tables.${called}`,
          );
        places = wanted.map(([name]) => names.indexOf(name));
      },
      row(cells, line) {
        let problem: string | undefined;
        const taken = wanted.map(([name, type], i) => {
          const cell = cells[places[i]!]!;
          if (cell === '' || isMissing.has(cell)) return '';
          const plain =
            (type === 'number' || type === 'integer') && table.decimal === ','
              ? cell.replace(',', '.')
              : cell;
          if (!isOfType(plain, type))
            problem ??= `"${name}" of ${called}: ${JSON.stringify(cell.slice(0, 40))} is no ${type}`;
          return plain;
        });
        onRow(taken, line, problem);
      },
    },
    aside,
  );
}

function isOfType(cell: string, type: SourceTable['columns'][string]): boolean {
  if (type === 'number') return parseNumber(cell) !== undefined;
  if (type === 'integer') return Number.isInteger(parseNumber(cell));
  return (
    type === 'text' ||
    (['iso', 'day_first', 'month_first', 'epoch'] as const).some(
      (format) => parseTime(cell, format) !== undefined,
    )
  );
}

/** Reads a table that is joined; fails where its key repeats, since then it is not known which row is meant. */
export async function readLookup(
  files: readonly SourceFile[],
  join: Join,
  table: SourceTable,
  aside: string,
): Promise<Lookup> {
  const names = Object.keys(table.columns).map((column) => nameOf(table, column));
  const on = join.on.map((name) => names.indexOf(name));
  const rows = new Map<string, readonly string[]>();
  for (const file of files)
    await readColumns(file, join.table, table, aside, (cells, line, problem) => {
      const where = `${file.path}:${line}`;
      if (problem !== undefined) throw badInput(`${where}  ${problem}`);
      const values = on.map((at) => cells[at]!);
      if (values.includes(''))
        throw badInput(`${where}  ${join.on.join(', ')} is empty: rows are joined on it`);
      const key = values.join(SEPARATOR);
      if (rows.has(key))
        throw badInput(
          `${where}  ${join.on.join(', ')} ${values.join(', ')} is there twice in ${join.table}: which row is meant?`,
        );
      rows.set(key, cells);
    });
  return { join, names, rows, files };
}

/** Hands over each row in the order of `columns`; what is set aside is handed over with its reason. */
export async function compose(
  settings: SourcesSettings,
  files: readonly SourceFile[],
  lookups: readonly Lookup[],
  columns: readonly string[],
  aside: string,
  onRow: (cells: readonly string[]) => void,
  onSetAside: (row: SetAside) => void,
): Promise<Composed> {
  const base = settings.tables[settings.base]!;
  const names = Object.keys(base.columns).map((column) => nameOf(base, column));
  const places = placesOf(names, lookups);
  const order = columns.map((name) => places.get(name)!);
  const keys = (base.key ?? []).map((column) => Object.keys(base.columns).indexOf(column));
  const seen = new Map<string, string>();
  const counts = lookups.map(({ join }) => ({
    table: join.table,
    matched: 0,
    unmatched: 0,
    used: new Map<string, string>(),
  }));
  let [rowsIn, rowsOut] = [0, 0];
  for (const file of files)
    await readColumns(file, settings.base, base, aside, (cells, line, problem) => {
      rowsIn++;
      const where = `${file.path}:${line}`;
      const setAside = (reason: string) => onSetAside({ file: file.path, line, reason, cells });
      if (problem !== undefined) return setAside(problem);
      if (keys.length > 0) {
        const key = keys.map((at) => cells[at]!).join(SEPARATOR);
        const before = seen.get(key);
        if (before !== undefined) return setAside(`${base.key!.join(', ')} is that of ${before}`);
        seen.set(key, where);
      }
      const parts: (readonly string[])[] = [cells];
      for (const [j, { join, rows, names: own }] of lookups.entries()) {
        const count = counts[j]!;
        const key = join.on.map((name) => valueAt(parts, places.get(name)!)).join(SEPARATOR);
        const found = rows.get(key);
        if (found === undefined) {
          count.unmatched++;
          const reason = `${join.on.join(', ')} ${key.replaceAll(SEPARATOR, ', ')} is not in ${join.table}`;
          if (join.unmatched === 'stop') throw badInput(`${where}  ${reason}`);
          if (join.unmatched === 'quarantine') return setAside(reason);
        } else {
          const before = count.used.get(key);
          if (join.kind === 'one_to_one' && before !== undefined)
            throw badInput(
              `${where}  and ${before} have the same row of ${join.table} (${join.on.join(', ')} ${key.replaceAll(SEPARATOR, ', ')}), which is declared one_to_one`,
            );
          if (join.kind === 'one_to_one') count.used.set(key, where);
          count.matched++;
        }
        parts.push(found ?? own.map(() => ''));
      }
      rowsOut++;
      onRow(order.map((place) => valueAt(parts, place)));
    });
  return {
    rowsIn,
    rowsOut,
    joins: counts.map(({ table, matched, unmatched }) => ({ table, matched, unmatched })),
  };
}

type Place = readonly [part: number, column: number];

/** Where each column comes from: the base, or the first table that has it. */
export function placesOf(
  base: readonly string[],
  lookups: readonly Pick<Lookup, 'names'>[],
): Map<string, Place> {
  const places = new Map<string, Place>(base.map((name, c) => [name, [0, c]]));
  for (const [j, { names }] of lookups.entries())
    for (const [c, name] of names.entries()) if (!places.has(name)) places.set(name, [j + 1, c]);
  return places;
}

function valueAt(parts: readonly (readonly string[])[], [part, column]: Place): string {
  return parts[part]?.[column] ?? '';
}
