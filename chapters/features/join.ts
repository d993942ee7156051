/** Rows of the spine with what was known of each at its time: every row once, in its order. */

import { rolesOf } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import { parseTime } from '../../lib/data/time.ts';
import { badInput } from '../../lib/fault.ts';
import { scanRecords, textsOf } from '../../lib/files/csv-records.ts';
import { type Definition, defineView } from './definition.ts';
import { type History, keyOf, readHistory, rowsOf } from './history.ts';
import { asOf } from './order.ts';
import type { FeatureSettings } from './settings.ts';

export interface Joined {
  readonly definitions: readonly Definition[];
  readonly rows: number;
  /** Rows of which a view knew nothing. */
  readonly unknown: Readonly<Record<string, number>>;
}

/** A feature as the cell of a CSV file: the number that JavaScript reads again as the same bits. */
export function cellOf(value: number): string {
  return Number.isNaN(value) ? '' : String(value);
}

/**
 * Features of each row, row-major: what was known of its entity (−1 for one that nothing is known of) at its time. Where the latest row
 * decides, and rows are known as they happen, one pass over both finds it; else each row looks among those of its entity.
 */
export function joinInTime(
  definition: Definition,
  history: History,
  entities: Int32Array,
  times: Float64Array,
): { readonly values: Float64Array; readonly unknown: number } {
  const rows = rowsOf(history, definition);
  const { starts, asRead, order } = history;
  const width = definition.names.length;
  const values = new Float64Array(times.length * width);
  let unknown = 0;
  const take = (row: number, from: number, to: number) => {
    if (Number.isNaN(definition.compute(rows, from, to, times[row]!, values, row * width))) unknown++;
  };
  if (definition.isOfLatest && asRead !== undefined) {
    const found = asOf({ entities, times }, asRead, history.entities.size);
    const place = new Int32Array(order.length);
    for (let i = 0; i < order.length; i++) place[order[i]!] = i;
    for (const [row, read] of found.entries())
      take(row, read < 0 ? 0 : place[read]!, read < 0 ? 0 : place[read]! + 1);
  } else
    for (const [row, entity] of entities.entries())
      take(row, entity < 0 ? 0 : starts[entity]!, entity < 0 ? 0 : starts[entity + 1]!);
  return { values, unknown };
}

/** Hands over the cells of each row, in the order of the schema. `at` finds a path of the config. */
export function joinSpine(
  config: Config,
  settings: FeatureSettings,
  at: (path: string) => string,
  onRow: (cells: readonly string[]) => void,
): Joined {
  const histories = new Map(
    Object.entries(settings.sources).map(([name, source]) => [name, readHistory(at(source.path), source)]),
  );
  const definitions = Object.keys(settings.views).map((view) => defineView(settings, view));
  const columns = Object.keys(config.schema);
  const features = new Map(
    definitions.flatMap(({ names }, j) => names.map((name, f) => [name, [j, f] as const])),
  );
  const path = at(settings.spine);
  const moment = rolesOf(config.schema).time!;
  const times: number[] = [];
  const entities = new Map([...histories.keys()].map((name) => [name, [] as number[]]));
  readSpine(path, columns, features, (cell, line) => {
    const time = parseTime(cell(moment.name), moment.format!);
    if (time === undefined)
      throw badInput(
        `${path}:${line}  column "${moment.name}": ${JSON.stringify(cell(moment.name))} is no time; a feature is what was known at one`,
      );
    times.push(time);
    for (const [name, of] of entities)
      of.push(histories.get(name)!.entities.get(keyOf(settings.sources[name]!.entity.map(cell))) ?? -1);
  });
  if (times.length === 0) throw badInput(`${path}  has no rows`);
  const asked = Float64Array.from(times);
  const joined = definitions.map((definition) =>
    joinInTime(
      definition,
      histories.get(definition.source)!,
      Int32Array.from(entities.get(definition.source)!),
      asked,
    ),
  );
  let row = 0;
  readSpine(path, columns, features, (cell) => {
    onRow(
      columns.map((name) => {
        const [j, f] = features.get(name) ?? [-1, -1];
        return j < 0 ? cell(name) : cellOf(joined[j]!.values[row * definitions[j]!.names.length + f]!);
      }),
    );
    row++;
  });
  return {
    definitions,
    rows: row,
    unknown: Object.fromEntries(definitions.map(({ view }, j) => [view, joined[j]!.unknown])),
  };
}

/** Each row of the spine, its cells by their columns; what the schema has and no view gives must be there. */
function readSpine(
  path: string,
  columns: readonly string[],
  features: ReadonlyMap<string, unknown>,
  onRow: (cell: (name: string) => string, line: number) => void,
): void {
  let places: Map<string, number> | undefined;
  scanRecords(path, (record, line) => {
    if (places === undefined) {
      const names = textsOf(record).map((name) => name.trim());
      places = new Map(names.map((name, c) => [name, c]));
      const missing = columns.find((name) => !features.has(name) && !places!.has(name));
      if (missing !== undefined)
        throw badInput(
          `${path}:1  column "${missing}" of the schema is missing, and no view has such a feature`,
        );
      const both = names.find((name) => features.has(name));
      if (both !== undefined)
        throw badInput(`${path}:1  "${both}" is a feature: the spine cannot have it too`);
      return;
    }
    if (record.length === 1 && record.text(0).trim() === '') return;
    if (record.length !== places.size)
      throw badInput(`${path}:${line}  has ${record.length} fields where the header has ${places.size}`);
    onRow((name) => record.text(places!.get(name)!).trim(), line);
  });
}
