/** The rows of a source, entity by entity and in time: read once, for every view of it; and what came to it since. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { parseNumber } from '../../lib/data/columns.ts';
import type { Cells } from '../../lib/data/expression.ts';
import { parseTime } from '../../lib/data/time.ts';
import { badInput } from '../../lib/fault.ts';
import { type CsvRecord, scanRecords, textsOf } from '../../lib/files/csv-records.ts';
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
  /** Their lines, in that order too. */
  readonly lines: Float64Array;
  /** Where the reading ended. */
  readonly end: SourceEnd;
  /** As the file has them; undefined where rows may be known later than they happened. */
  readonly asRead: { readonly entities: Int32Array; readonly times: Float64Array } | undefined;
}

/** Where a source was read up to, from which it is read on: sources grow at their end. */
export interface SourceEnd {
  readonly bytes: number;
  readonly line: number;
  /** Which file it was. */
  readonly inode: number;
  /** Where its columns stand. */
  readonly at: Places;
}

interface Places {
  readonly entity: readonly number[];
  readonly time: number;
  readonly created: number;
  readonly columns: readonly number[];
}

const SEPARATOR = '\u001f';

/** The key of an entity, by its columns in their order. */
export function keyOf(values: readonly string[]): string {
  return values.join(SEPARATOR);
}

/**
 * Reads a source. Of one that is growing a line without an end is still being written, and it may be read on from where it was read
 * up to. Fails with exit code 2 and the line where a row has no entity or no time.
 */
export function readHistory(
  path: string,
  { entity, time, created, columns }: Source,
  growing?: { readonly after?: SourceEnd | undefined },
): History {
  const names = Object.keys(columns);
  const entities = new Map<string, number>();
  const [of, times, known]: [number[], number[], number[]] = [[], [], []];
  const numbers = names.map(() => [] as number[]);
  const texts = names.map((name) => (columns[name] === 'text' ? ([] as (string | undefined)[]) : undefined));
  const after = growing?.after;
  const [bytes, inode] = growing === undefined ? [Number.POSITIVE_INFINITY, 0] : wholeLines(path);
  const lines: number[] = [];
  let at = after?.at;
  const take = (record: CsvRecord, line: number) => {
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
    lines.push(line);
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
  };
  const line = scanRecords(path, take, undefined, {
    from: after?.bytes ?? 0,
    to: bytes,
    line: after?.line ?? 1,
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
    lines: Float64Array.from(sorted, (row) => lines[row]!),
    end: { bytes, line, inode, at },
    asRead: created === undefined ? asRead : undefined,
    cells: { number: (column, row) => numbers[column]![row]!, text: (column, row) => texts[column]?.[row] },
  };
}

const TAIL = 1 << 16;

/** How many bytes of a file are whole lines, all of them where its only line has no end; and its inode. */
export function wholeLines(path: string): [bytes: number, inode: number] {
  const { size, ino } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, ino: 0 };
  if (size === 0) return [0, ino];
  const fd = openSync(path, 'r');
  try {
    const tail = Buffer.alloc(TAIL);
    for (let end = size; end > 0; ) {
      const from = Math.max(0, end - TAIL);
      const read = readSync(fd, tail, 0, end - from, from);
      const last = tail.subarray(0, read).lastIndexOf(0x0a);
      if (last >= 0) return [from + last + 1, ino];
      end = from;
    }
    return [size, ino];
  } finally {
    closeSync(fd);
  }
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
