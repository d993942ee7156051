/** Rows of the spine with what was known of each at its time: every row once, in its order. */

import { rolesOf } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import { parseTime } from '../../lib/data/time.ts';
import { badInput } from '../../lib/fault.ts';
import { scanRecords, textsOf } from '../../lib/files/csv-records.ts';
import { type Definition, defineView } from './definition.ts';
import { type History, keyOf, readHistory, rowsOf } from './history.ts';
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

/** Hands over the cells of each row, in the order of the schema. `at` finds a path of the config. */
export function joinSpine(
  config: Config,
  settings: FeatureSettings,
  at: (path: string) => string,
  onRow: (cells: readonly string[]) => void,
): Joined {
  const views = Object.keys(settings.views);
  const histories = new Map<string, History>();
  const joins = views.map((view) => {
    const definition = defineView(settings, view);
    const source = settings.sources[definition.source]!;
    const history = histories.get(definition.source) ?? readHistory(at(source.path), source);
    histories.set(definition.source, history);
    return {
      definition,
      source,
      history,
      rows: rowsOf(history, definition),
      out: new Float64Array(definition.names.length),
    };
  });
  const columns = Object.entries(config.schema);
  const features = new Map(
    joins.flatMap(({ definition }, j) => definition.names.map((name, f) => [name, [j, f] as const])),
  );
  const { time } = rolesOf(config.schema);
  const path = at(settings.spine);
  const unknown: Record<string, number> = Object.fromEntries(views.map((view) => [view, 0]));
  let places: Map<string, number> | undefined;
  let rows = 0;
  scanRecords(path, (record, line) => {
    if (places === undefined) {
      const names = textsOf(record).map((name) => name.trim());
      places = new Map(names.map((name, c) => [name, c]));
      const missing = columns.find(([name]) => !features.has(name) && !places!.has(name));
      if (missing !== undefined)
        throw badInput(
          `${path}:1  column "${missing[0]}" of the schema is missing, and no view has such a feature`,
        );
      const both = names.find((name) => features.has(name));
      if (both !== undefined)
        throw badInput(
          `${path}:1  "${both}" is a feature of ${joins[features.get(both)![0]]!.definition.view}: the spine cannot have it too`,
        );
      return;
    }
    if (record.length === 1 && record.text(0).trim() === '') return;
    if (record.length !== places.size)
      throw badInput(`${path}:${line}  has ${record.length} fields where the header has ${places.size}`);
    const cell = (name: string) => record.text(places!.get(name)!).trim();
    const moment = parseTime(cell(time!.name), time!.format!);
    if (moment === undefined)
      throw badInput(
        `${path}:${line}  column "${time!.name}": ${JSON.stringify(cell(time!.name))} is no time; a feature is what was known at one`,
      );
    for (const { definition, source, history, rows: of, out } of joins) {
      const entity = history.entities.get(keyOf(source.entity.map(cell)));
      const [from, to] =
        entity === undefined ? [0, 0] : [history.starts[entity]!, history.starts[entity + 1]!];
      if (Number.isNaN(definition.compute(of, from, to, moment, out, 0))) unknown[definition.view]!++;
    }
    rows++;
    onRow(
      columns.map(([name]) => {
        const feature = features.get(name);
        return feature === undefined ? cell(name) : cellOf(joins[feature[0]]!.out[feature[1]]!);
      }),
    );
  });
  if (rows === 0) throw badInput(`${path}  has no rows`);
  return { definitions: joins.map(({ definition }) => definition), rows, unknown };
}
