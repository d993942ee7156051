/** The rows of a source, entity by entity and in time: read once, for every view of it. */

import { parseNumber } from '../../lib/data/columns.ts';
import type { Cells } from '../../lib/data/expression.ts';
import { parseTime } from '../../lib/data/time.ts';
import { badInput } from '../../lib/fault.ts';
import { scanRecords, textsOf } from '../../lib/files/csv-records.ts';
import type { Definition, Rows } from './definition.ts';
import { orderByEntity } from './order.ts';
import type { Source } from './settings.ts';

export interface History {
  /** By the entity's key its rows: [starts[e], starts[e + 1]). */
  readonly entities: ReadonlyMap<string, number>;
  readonly starts: Int32Array;
  readonly times: Float64Array;
  readonly created: Float64Array;
  /** Where each row stood in the file, before they were ordered. */
  readonly order: Int32Array;
  readonly cells: Cells;
  /** As the file has them; undefined where rows may be known later than they happened. */
  readonly asRead: { readonly entities: Int32Array; readonly times: Float64Array } | undefined;
}

const SEPARATOR = '\u001f';

/** The key of an entity, by its columns in their order. */
export function keyOf(values: readonly string[]): string {
  return values.join(SEPARATOR);
}

/** Reads a source; fails with exit code 2 and the line where a row has no entity or no time. */
export function readHistory(path: string, { entity, time, created, columns }: Source): History {
  const names = Object.keys(columns);
  const entities = new Map<string, number>();
  const [of, times, known]: [number[], number[], number[]] = [[], [], []];
  const numbers = names.map(() => [] as number[]);
  const texts = names.map((name) => (columns[name] === 'text' ? ([] as (string | undefined)[]) : undefined));
  let at: { entity: number[]; time: number; created: number; columns: number[] } | undefined;
  scanRecords(path, (record, line) => {
    if (at === undefined) {
      const header = textsOf(record).map((name) => name.trim());
      const place = (name: string) => {
        const found = header.indexOf(name);
        if (found < 0)
          throw badInput(`${path}:1  column "${name}" is missing: it has ${header.slice(0, 12).join(', ')}`);
        return found;
      };
      at = {
        entity: entity.map(place),
        time: place(time),
        created: created === undefined ? -1 : place(created),
        columns: names.map(place),
      };
      return;
    }
    if (record.length === 1 && record.text(0).trim() === '') return;
    const values = at.entity.map((c) => (c < record.length ? record.text(c).trim() : ''));
    if (values.includes(''))
      throw badInput(`${path}:${line}  ${entity.join(', ')} is empty: whose row is it?`);
    const happened = timeIn(record.text(at.time), path, line, time);
    const key = keyOf(values);
    let number = entities.get(key);
    if (number === undefined) {
      number = entities.size;
      entities.set(key, number);
    }
    of.push(number);
    times.push(happened);
    known.push(at.created < 0 ? happened : timeIn(record.text(at.created), path, line, created!));
    for (const [c, place] of at.columns.entries()) {
      const cell = record.text(place).trim();
      const words = texts[c];
      if (words !== undefined) words.push(cell === '' ? undefined : cell);
      else {
        const value = cell === '' ? Number.NaN : parseNumber(cell);
        if (value === undefined)
          throw badInput(
            `${path}:${line}  column "${names[c]}": ${JSON.stringify(cell.slice(0, 40))} is no number`,
          );
        numbers[c]!.push(value);
      }
    }
  });
  if (at === undefined) throw badInput(`${path}  is empty: it has no header`);
  const asRead = { entities: Int32Array.from(of), times: Float64Array.from(times) };
  const [sorted, starts] = orderByEntity(
    asRead.entities,
    entities.size,
    asRead.times,
    Float64Array.from(known),
  );
  return {
    entities,
    starts,
    times: Float64Array.from(sorted, (row) => times[row]!),
    created: Float64Array.from(sorted, (row) => known[row]!),
    order: sorted,
    asRead: created === undefined ? asRead : undefined,
    cells: { number: (column, row) => numbers[column]![row]!, text: (column, row) => texts[column]?.[row] },
  };
}

function timeIn(cell: string, path: string, line: number, column: string): number {
  const time = parseTime(cell.trim(), 'iso');
  if (time === undefined)
    throw badInput(
      `${path}:${line}  column "${column}": ${JSON.stringify(cell.slice(0, 40))} is no time such as 2026-01-31T10:15:00`,
    );
  return time;
}

/** What a view keeps of each row. */
export function rowsOf(
  { times, created, order, cells }: Pick<History, 'times' | 'created' | 'order' | 'cells'>,
  { atoms }: Definition,
): Rows {
  const values = new Float64Array(order.length * atoms.length);
  for (const [a, atom] of atoms.entries())
    for (let i = 0; i < order.length; i++) values[i * atoms.length + a] = atom(cells, order[i]!);
  return { times, created, atoms: values };
}
