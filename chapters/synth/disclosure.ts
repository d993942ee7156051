/** What made rows tell of the rows that they were learnt from, beside what they tell of rows that nobody learnt. */
import type { Table } from '../../lib/data/table.ts';
import { areaInterval, differenceOf, wilson } from '../../lib/measure/intervals.ts';
import { rankMetrics, rankScores } from '../../lib/measure/metrics.ts';
import type { Estimate } from '../../lib/numbers/estimate.ts';
import { random } from '../../lib/numbers/random.ts';
import { takeTableRows } from './real.ts';

export interface Disclosure {
  /** Rows of each side that were compared. */
  readonly rows: number;
  /** Of all made rows, those that are a training row to the cell, and a kept out one. */
  readonly copies: { readonly train: number; readonly holdout: number; readonly of: number };
  /** Share of made rows that lie nearer to a training row than to a kept out one, of as many: a half where nothing is told. */
  readonly nearer: Estimate;
  /** How well the distance to the nearest made row tells training rows from others (ROC-AUC): a half where it does not. */
  readonly membership: Estimate;
  /** Of a column that is sensitive: how often the nearest made row by the others gives it right, of training rows and of others. */
  readonly attributes: readonly {
    readonly column: string;
    readonly train: Estimate;
    readonly holdout: Estimate;
    readonly difference: Estimate;
  }[];
}

export interface DisclosureOptions {
  readonly rows: number;
  readonly seed: number;
  readonly confidence: number;
}

export function measureDisclosure(
  train: Table,
  holdout: Table,
  synthetic: Table,
  { rows, seed, confidence }: DisclosureOptions,
): Disclosure {
  const count = Math.min(rows, train.rows, holdout.rows);
  const some = (table: Table, name: string, many = count) =>
    takeTableRows(table, drawn(table.rows, Math.min(many, table.rows), seed, name));
  const [members, others] = [some(train, 'members'), some(holdout, 'others')];
  const made = some(synthetic, 'made');
  const distance = distanceOf(train);
  let [nearer, decided] = [0, 0];
  const copies = {
    train: copiesOf(train, synthetic),
    holdout: copiesOf(holdout, synthetic),
    of: synthetic.rows,
  };
  for (let row = 0; row < made.rows; row++) {
    const [a, b] = [
      nearest(distance, made, row, members).distance,
      nearest(distance, made, row, others).distance,
    ];
    if (a === b) continue;
    decided++;
    if (a < b) nearer++;
  }
  // The attacker has more of the made rows than were compared above.
  const known = some(synthetic, 'known', 10 * count);
  const labels = new Uint8Array(members.rows + others.rows);
  labels.fill(1, 0, members.rows);
  const closeness = Float64Array.from(
    labels,
    (label, i) =>
      -nearest(distance, label === 1 ? members : others, label === 1 ? i : i - members.rows, known).distance,
  );
  const { roc_auc } = rankMetrics(rankScores(labels, closeness));
  const sensitive = train.columns.flatMap(({ role, categories }, c) =>
    role === 'sensitive' && categories !== undefined ? [c] : [],
  );
  return {
    rows: count,
    copies,
    nearer: wilson(nearer, decided, confidence),
    membership: areaInterval(roc_auc, members.rows, others.rows, confidence),
    attributes: sensitive.map((c) => {
      const without = distanceOf(train, c);
      const right = (table: Table) => {
        let count = 0;
        for (let row = 0; row < table.rows; row++) {
          const value = table.values[c]![row]!;
          if (known.values[c]![nearest(without, table, row, known).row] === value) count++;
        }
        return count;
      };
      const [a, b] = [right(members), right(others)].map((hits, i) =>
        wilson(hits, i === 0 ? members.rows : others.rows, confidence),
      ) as [Estimate, Estimate];
      return { column: train.columns[c]!.name, train: a, holdout: b, difference: differenceOf(b, a) };
    }),
  };
}

/** Made rows that some row is, to the cell. */
function copiesOf({ values, rows }: Table, made: Table): number {
  const keyOf = (columns: readonly Float64Array[], row: number) =>
    columns.map((column) => column[row]).join();
  const known = new Set<string>();
  for (let row = 0; row < rows; row++) known.add(keyOf(values, row));
  let copies = 0;
  for (let row = 0; row < made.rows; row++) if (known.has(keyOf(made.values, row))) copies++;
  return copies;
}

function drawn(rows: number, count: number, seed: number, name: string): Int32Array {
  const rng = random(seed, 'disclosure', name);
  const taken = new Set<number>();
  for (let j = rows - count; j < rows; j++) {
    const row = rng.int(j + 1);
    taken.add(taken.has(row) ? j : row);
  }
  return Int32Array.from(taken).sort();
}

type Distance = (a: Table, row: number, b: Table, other: number, most: number) => number;

/** Gower's: the mean over the columns of the difference over the range, of categories whether they differ; `without` one of them. */
function distanceOf(train: Table, without = -1): Distance {
  const scales = train.columns.map(({ categories }, c) => {
    if (categories !== undefined) return 0;
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of train.values[c]!) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return high > low ? 1 / (high - low) : 1;
  });
  return (a, row, b, other, most) => {
    let sum = 0;
    for (let c = 0; c < scales.length && sum < most; c++) {
      if (c === without) continue;
      const [x, y] = [a.values[c]![row]!, b.values[c]![other]!];
      if (x === y) continue;
      if (Number.isNaN(x) || Number.isNaN(y)) sum += Number.isNaN(x) && Number.isNaN(y) ? 0 : 1;
      else sum += scales[c] === 0 ? 1 : Math.min(1, Math.abs(x - y) * scales[c]!);
    }
    return sum;
  };
}

function nearest(
  distance: Distance,
  of: Table,
  row: number,
  among: Table,
): { row: number; distance: number } {
  let best = { row: 0, distance: Number.POSITIVE_INFINITY };
  for (let other = 0; other < among.rows; other++) {
    const found = distance(of, row, among, other, best.distance);
    if (found < best.distance) best = { row: other, distance: found };
  }
  return best;
}
