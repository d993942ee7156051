/** Labelled production rows as the rows of a new data version, some of them held out. */
import { rolesOf } from '../config/roles.ts';
import type { Column, Config } from '../config/schema.ts';
import { readCell } from '../data/columns.ts';
import { PART, PREDICTION, SENDER } from '../data/prepare.ts';
import { outputsOf } from '../numbers/outputs.ts';
import type { Fields, RowValue } from '../record/events.ts';
import type { Taught } from './taught.ts';

export interface LabelledRows {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Labelled rows that the schema does not take: they join nothing. */
  readonly left: number;
  readonly train: number;
  readonly test: number;
  /** Rows held out of the class that there are fewest of, among those whose probability is given. */
  readonly scarcest: { readonly class: string; readonly count: number };
}

/**
 * The entities (by their id columns, else each prediction by itself) whose rows came last are held out with all their
 * rows, until they make up `holdout` of the entities; so no entity is on both sides.
 */
export function labelledRows(
  config: Config,
  taught: readonly Taught[],
  sensitive: ReadonlyMap<string, Fields>,
): LabelledRows {
  const roles = rolesOf(config.schema);
  const cellsOf = (line: Taught) =>
    roles.kept.map(({ name, role }) => {
      const value = fieldOf(line, name, role, sensitive.get(line.id));
      return value === null || value === undefined ? '' : String(value);
    });
  /** Requests need not bring their ids; a row of the data must have what the schema does not let be missing. */
  const known = taught.filter((line) => {
    const cells = cellsOf(line);
    return roles.kept.every((column, i) => typeof readCell(column, cells[i]!) === 'number');
  });
  const entityOf = ({ ids, id }: Taught) =>
    roles.ids.length > 0 && roles.ids.every(({ name }) => ids[name] !== undefined)
      ? roles.ids.map(({ name }) => ids[name]).join('\n')
      : id;
  const entities = [...new Set(known.map(entityOf).reverse())];
  const held = new Set(entities.slice(0, Math.round(entities.length * config.retraining.holdout)));
  const classes = roles.target.categories!;
  const rows = known.map((line) => {
    const part = held.has(entityOf(line)) ? 'test' : 'train';
    return [part, line.id, line.by, ...cellsOf(line)];
  });
  const test = rows.filter(([part]) => part === 'test').length;
  const heldLabels = known.filter((line) => held.has(entityOf(line))).map(({ label }) => label);
  const counts = outputsOf(classes.length).map((k) => ({
    class: classes[k]!,
    count: heldLabels.filter((label) => label === classes[k]).length,
  }));
  return {
    header: [PART, PREDICTION, SENDER, ...roles.kept.map(({ name }) => name)],
    rows,
    left: taught.length - known.length,
    train: rows.length - test,
    test,
    scarcest: counts.reduce((a, b) => (b.count < a.count ? b : a)),
  };
}

function fieldOf(
  line: Taught,
  name: string,
  role: Column['role'],
  sensitive: Fields | undefined,
): RowValue | undefined {
  if (role === 'target') return line.label;
  if (role === 'sensitive') return sensitive?.[name];
  return role === 'id' || role === 'time' ? line.ids[name] : line.input[name];
}
