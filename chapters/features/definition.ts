/** A view as it is computed, once for training and for serving: what is kept of each row, and what is made of an entity's rows at a time. */
import { type Cells, parseExpression } from '../../lib/data/expression.ts';
import { sha256 } from '../../lib/files/hash.ts';
import { columnsOf, type Feature, type FeatureSettings, FIGURES } from './settings.ts';

/** Numbers of each row of a source that features are made of. */
export type Atom = (cells: Cells, row: number) => number;

/** Rows of one entity, by event time and then by when each was known; atoms are row-major. */
export interface Rows {
  readonly times: Float64Array;
  readonly created: Float64Array;
  readonly atoms: Float64Array;
}

export interface Definition {
  readonly view: string;
  readonly source: string;
  /** Of everything that a value depends on. */
  readonly hash: string;
  readonly names: readonly string[];
  readonly atoms: readonly Atom[];
  /** Whether the latest row decides all of it. */
  readonly isOfLatest: boolean;
  /** How long a row counts. */
  readonly ttlMs: number;
  /**
   * What was known at a time of an entity whose rows are [from, to): out[at …] gets the features, NaN where nothing is known. Returns the
   * time of the latest row that counts, NaN without one.
   */
  compute(rows: Rows, from: number, to: number, time: number, out: Float64Array, at: number): number;
}

const HOUR_MS = 3_600_000;

type Step = (context: Context, out: Float64Array, at: number) => number;

interface Context {
  readonly rows: Rows;
  readonly time: number;
  /** Rows that count, the latest first. */
  readonly seen: Int32Array;
  readonly count: number;
}

export function defineView({ sources, views }: FeatureSettings, view: string): Definition {
  const { source, features, ttl_hours } = views[view]!;
  const columns = columnsOf(sources[source]!);
  const names = Object.keys(features);
  const atoms: Atom[] = [];
  /** Where an expression over the columns of a row stands among the atoms. */
  const places = new Map<string, number>();
  const atomOf = (text: string) => {
    const known = places.get(text);
    if (known !== undefined) return known;
    atoms.push(parseExpression(text, columns).number);
    places.set(text, atoms.length - 1);
    return atoms.length - 1;
  };
  const steps = names.map((name, f) => stepOf(features[name]!, names.slice(0, f), atomOf));
  const ttlMs = ttl_hours * HOUR_MS;
  const isOfLatest = names.every(
    (name) => features[name]!.last !== undefined || features[name]!.of !== undefined,
  );
  let seen = new Int32Array(256);
  const { entity, time: timeColumn, created } = sources[source]!;
  const hash = sha256(
    JSON.stringify({
      source: { entity, time: timeColumn, created, columns: sources[source]!.columns },
      ttl_hours,
      features: strippedOf(features),
    }),
  ).slice(0, 12);
  return {
    view,
    source,
    hash,
    names,
    atoms,
    isOfLatest,
    ttlMs,
    compute(rows, from, to, time, out, at) {
      const { times, created: known } = rows;
      let count = 0;
      let last = Number.NaN;
      for (let i = upTo(times, from, to, time) - 1; i >= from; i--) {
        const own = times[i]!;
        if (own < time - ttlMs) break;
        // Of rows of one moment the one that was known last counts; what was known later than asked for was not known.
        if (known[i]! > time || own === last) continue;
        if (count === seen.length) {
          const grown = new Int32Array(2 * count);
          grown.set(seen);
          seen = grown;
        }
        seen[count++] = i;
        last = own;
        if (isOfLatest) break;
      }
      const context: Context = { rows, time, seen, count };
      for (let f = 0; f < steps.length; f++) out[at + f] = steps[f]!(context, out, at);
      return count === 0 ? Number.NaN : times[seen[0]!]!;
    },
  };

  function stepOf(feature: Feature, above: readonly string[], place: (text: string) => number): Step {
    if (feature.of !== undefined) return derived(feature.of, feature.bins, above);
    if (feature.last !== undefined) {
      const a = place(feature.last);
      return ({ rows, seen: some, count }) =>
        count === 0 ? Number.NaN : rows.atoms[some[0]! * atoms.length + a]!;
    }
    if (feature.since !== undefined) {
      const a = place(feature.since);
      return ({ rows, seen: some, count, time }) => {
        for (let i = 0; i < count; i++)
          if (rows.atoms[some[i]! * atoms.length + a] === 1) return (time - rows.times[some[i]!]!) / HOUR_MS;
        return Number.NaN;
      };
    }
    const kind = FIGURES.find((each) => feature[each] !== undefined)!;
    const a = place(feature[kind]!);
    const spanMs = feature.hours === undefined ? Number.POSITIVE_INFINITY : feature.hours * HOUR_MS;
    const most = feature.rows ?? Number.POSITIVE_INFINITY;
    return ({ rows, seen: some, count, time }) => {
      let [n, sum, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      const end = Math.min(count, most);
      for (let i = 0; i < end; i++) {
        if (rows.times[some[i]!]! < time - spanMs) break;
        const value = rows.atoms[some[i]! * atoms.length + a]!;
        if (Number.isNaN(value)) continue;
        n++;
        sum += value;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      // Nothing that happened is a count of 0, and no mean.
      if (kind === 'count' || kind === 'sum') return sum;
      if (n === 0) return Number.NaN;
      return kind === 'mean' ? sum / n : kind === 'min' ? low : high;
    };
  }

  function derived(text: string, bins: readonly number[] | undefined, above: readonly string[]): Step {
    const expression = parseExpression(
      text,
      above.map((name) => ({ name, type: 'number' as const })),
    );
    let [values, start] = [new Float64Array(0), 0];
    const cells: Cells = { number: (column) => values[start + column]!, text: () => undefined };
    return (_, out, at) => {
      [values, start] = [out as Float64Array<ArrayBuffer>, at];
      const value = expression.number(cells, 0);
      if (bins === undefined || Number.isNaN(value)) return value;
      let bin = 0;
      while (bin < bins.length && value >= bins[bin]!) bin++;
      return bin;
    };
  }
}

/** What a feature is, without what is said of it. */
function strippedOf(features: Readonly<Record<string, Feature>>) {
  return Object.entries(features).map(([name, { description: _, unit: __, ...rest }]) => [name, rest]);
}

/** The first row of [from, to) that is later than a time. */
export function upTo(times: Float64Array, from: number, to: number, time: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
