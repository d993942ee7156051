/** A modified variant of a day: shift, scale, noise, missing values and a new category, as declared and seeded. */
import type { Config } from '../config/schema.ts';
import { random } from '../numbers/random.ts';

type Change = Config['replay']['bad']['changes'][number];

/** Changes cells of prepared rows; `header` names their columns. Numbers stay inside the column's range. */
export function perturbRows(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  schema: Config['schema'],
  { changes, seed }: { changes: readonly Change[]; seed: number },
): string[][] {
  const changed = rows.map((row) => [...row]);
  for (const [i, change] of changes.entries()) {
    const at = header.indexOf(change.column);
    const rng = random(seed, 'perturb', i, change.column);
    const column = schema[change.column]!;
    for (const row of changed) {
      if (change.missing !== undefined && rng.float() < change.missing) row[at] = '';
      else if (change.new_category !== undefined && rng.float() < (change.share ?? 1))
        row[at] = change.new_category;
      else if (row[at] !== '' && column.categories === undefined) {
        const x =
          Number(row[at]) * (change.scale ?? 1) + (change.shift ?? 0) + (change.noise ?? 0) * rng.normal();
        const [low, high] = column.range ?? [-Infinity, Infinity];
        const digits = column.type === 'integer' ? 0 : 1;
        row[at] = String(Number(Math.min(Math.max(x, low), high).toFixed(digits)));
      }
    }
  }
  return changed;
}
