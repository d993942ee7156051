/** What a first look at a table says, in figures; a page and JSON are made of it. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import type { Table } from '../../lib/data/table.ts';
import { chiSquaredTail } from '../../lib/measure/intervals.ts';
import { presentOf } from '../../lib/numbers/matrix.ts';
import { orderDescending, sortAscending } from '../../lib/numbers/order.ts';
import { mix, random, seedOf, shuffled } from '../../lib/numbers/random.ts';
import { centred, correlation, cramersV, entropy, explained, mutualInformation } from './association.ts';
import { type Binned, binColumn, cross, tally } from './binned.ts';

export interface ColumnLook {
  readonly name: string;
  readonly role: NamedColumn['role'];
  readonly type: NamedColumn['type'];
  readonly missing: number;
  readonly distinct: number;
  /** Of a number: lowest, quarter, median, mean, three quarters, highest; times as milliseconds. */
  readonly figures?: readonly [number, number, number, number, number, number];
  /** Of a category: its most frequent values with how many rows. */
  readonly frequent?: readonly (readonly [string, number])[];
  /** Share of the target's entropy that the column explains; null of the target and of text. */
  readonly explains: number | null;
  /** Population stability of the last half of the rows against the first; null of text. */
  readonly drift: { readonly psi: number; readonly byChance: boolean } | null;
  /** Rows by bin and by class, for the picture; bin names beside. */
  readonly histogram: {
    readonly bins: readonly string[];
    readonly byClass: readonly (readonly number[])[];
  } | null;
}

export interface Explored {
  readonly rows: number;
  readonly sampled: number;
  readonly target: string;
  readonly classes: readonly (readonly [string, number])[];
  readonly columns: readonly ColumnLook[];
  readonly associations: {
    readonly names: readonly string[];
    readonly values: readonly (readonly number[])[];
  };
  readonly missingness: readonly { readonly columns: readonly string[]; readonly rows: number }[];
  readonly duplicates: { readonly whole: number; readonly inputs: number; readonly contradicting: number };
  readonly suspects: readonly {
    readonly column: string;
    readonly of: 'leakage' | 'identifier' | 'constant';
    readonly why: string;
  }[];
  readonly pairs: readonly PairLook[];
  readonly sensitive: readonly {
    readonly column: string;
    readonly proxies: readonly { readonly column: string; readonly explains: number }[];
  }[];
  /** By column that drifts most: PSI of each tenth of the rows, in order, against all. */
  readonly overTime: readonly { readonly column: string; readonly psi: readonly number[] }[];
}

export interface PairLook {
  readonly x: string;
  readonly y: string;
  /** What the two explain together, and what the better of them does alone. */
  readonly explains: number;
  readonly alone: number;
  readonly points: readonly { readonly x: number; readonly y: number; readonly class: string }[];
}

const SAMPLE = 100_000;
const PARTS = 10;
const [PAIRS_SHOWN, POINTS, OVER_TIME, PATTERNS, FREQUENT] = [3, 350, 4, 8, 6];
const LEAKS = 0.9;
const PROXY = 0.1;
const IDENTIFIES = 0.95;
/** Above this chance a difference between halves is none. */
const CHANCE = 0.001;

export function explore(table: Table, seed: number): Explored {
  const { columns, rows, values } = table;
  const at = columns.findIndex(({ role }) => role === 'target');
  const target = at < 0 ? undefined : columns[at]!;
  const some = sampleOf(rows, seed);
  const binned = columns.map((column, c) =>
    column.type === 'text' ? undefined : binColumn(column, values[c]!, seed),
  );
  const classes = at < 0 ? undefined : binned[at]!;
  const order = inTime(table);
  const looks = columns.map((column, c) =>
    lookAt(table, c, column, binned[c], c === at ? undefined : classes, order),
  );
  const inputs = columns.flatMap(({ role, type }, c) => (role === 'input' && type !== 'text' ? [c] : []));
  const numbers = inputs.filter((c) => columns[c]!.categories === undefined);
  return {
    rows,
    sampled: some.length,
    target: target?.name ?? '',
    classes:
      target === undefined
        ? []
        : [...tally(classes!)].slice(0, -1).map((count, k) => [target.categories![k]!, count] as const),
    columns: looks,
    associations: associationsOf(table, binned, [...inputs, ...(at < 0 ? [] : [at])], some),
    missingness: missingPatterns(table, looks),
    duplicates: duplicatesOf(table, inputs, at),
    suspects: suspectsOf(looks, rows),
    pairs: classes === undefined ? [] : tellingPairs(table, binned, numbers, classes, target!, some),
    sensitive: columns.flatMap(({ role, name }, c) =>
      role !== 'sensitive' || binned[c] === undefined
        ? []
        : [
            {
              column: name,
              proxies: inputs
                .map((input) => ({
                  column: columns[input]!.name,
                  explains: explained(cross(binned[input]!, binned[c]!, some), binned[c]!.count),
                }))
                .filter((each) => each.explains > PROXY)
                .sort((a, b) => b.explains - a.explains),
            },
          ],
    ),
    overTime: looks
      .flatMap((look, c) =>
        look.drift === null || look.drift.byChance || binned[c] === undefined
          ? []
          : [{ look, of: binned[c] }],
      )
      .sort((a, b) => b.look.drift!.psi - a.look.drift!.psi)
      .slice(0, OVER_TIME)
      .map(({ look, of }) => ({ column: look.name, psi: partsAgainstAll(of, order) })),
  };
}

function sampleOf(rows: number, seed: number): Int32Array {
  if (rows <= SAMPLE) return Int32Array.from({ length: rows }, (_, i) => i);
  const rng = random(seed, 'explore', 'rows');
  return Int32Array.from({ length: SAMPLE }, () => rng.int(rows)).sort();
}

/** Rows by the column of time, those without one last; undefined where no column is one and they count as they stand. */
function inTime({ columns, values }: Table): Int32Array | undefined {
  const at = columns.findIndex(({ role }) => role === 'time');
  if (at < 0) return undefined;
  const times = values[at]!.map((time) => (Number.isNaN(time) ? Number.NEGATIVE_INFINITY : -time));
  return orderDescending(times);
}

function lookAt(
  table: Table,
  c: number,
  column: NamedColumn,
  binned: Binned | undefined,
  classes: Binned | undefined,
  order: Int32Array | undefined,
): ColumnLook {
  const { name, role, type, categories } = column;
  const values = table.values[c]!;
  const texts = table.texts[c];
  const present = presentOf(values);
  const about = { name, role, type, missing: values.length - present.length };
  if (texts !== undefined || binned === undefined)
    return { ...about, distinct: new Set(texts).size, explains: null, drift: null, histogram: null };
  const counts = tally(binned);
  if (categories !== undefined) {
    const frequent = binned
      .names!.map((value, k) => [value, counts[k]!] as const)
      .filter(([value]) => categories.includes(value))
      .sort((a, b) => b[1] - a[1]);
    return {
      ...about,
      distinct: binned.distinct!,
      frequent: frequent.slice(0, FREQUENT),
      ...against(binned, classes, order, binned.names, role),
    };
  }
  const sorted = sortAscending(present);
  const quantile = (q: number) => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
  let [distinct, sum] = [0, 0];
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
    sum += sorted[i]!;
  }
  const mean = sum / sorted.length;
  return {
    ...about,
    distinct,
    figures: [quantile(0), quantile(0.25), quantile(0.5), mean, quantile(0.75), quantile(1)],
    ...against(binned, classes, order, undefined, role),
    histogram: histogramOf(values, sorted, classes),
  };
}

function against(
  binned: Binned,
  classes: Binned | undefined,
  order: Int32Array | undefined,
  categories: readonly string[] | undefined,
  role: string,
): Pick<ColumnLook, 'explains' | 'drift' | 'histogram'> {
  const counts = classes === undefined ? undefined : cross(binned, classes);
  return {
    explains:
      counts === undefined || role === 'target' || role === 'id' ? null : explained(counts, classes!.count),
    // Identifiers and times are other ones all the time.
    drift: role === 'id' || role === 'time' ? null : halvesDrift(binned, order),
    histogram:
      categories === undefined
        ? null
        : {
            bins: [...categories],
            byClass: byClassOf(
              categories.map((_, k) => k),
              counts,
              tally(binned),
              classes?.count ?? 2,
            ),
          },
  };
}

/** By class, how many rows each of the bins has. */
function byClassOf(
  bins: readonly number[],
  counts: Float64Array | undefined,
  alone: Float64Array,
  width: number,
): number[][] {
  if (counts === undefined) return [bins.map((bin) => alone[bin]!)];
  return Array.from({ length: width - 1 }, (_, k) => bins.map((bin) => counts[bin * width + k]!));
}

const BARS = 20;

/** Bars of equal width over all but the outermost hundredths, which are counted in the first and the last bar. */
function histogramOf(
  values: Float64Array,
  sorted: Float64Array,
  classes: Binned | undefined,
): ColumnLook['histogram'] {
  if (sorted.length === 0) return null;
  const [low, high] = [
    sorted[Math.floor(0.005 * (sorted.length - 1))]!,
    sorted[Math.ceil(0.995 * (sorted.length - 1))]!,
  ];
  const width = (high - low) / BARS || 1;
  const byClass = Array.from({ length: classes === undefined ? 1 : classes.count - 1 }, () =>
    new Array<number>(BARS).fill(0),
  );
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const of = byClass[classes?.bins[i] ?? 0];
    if (of !== undefined) of[Math.max(0, Math.min(BARS - 1, Math.floor((value - low) / width)))]!++;
  }
  return {
    bins: Array.from({ length: BARS }, (_, k) => String(Number((low + (k + 0.5) * width).toPrecision(5)))),
    byClass,
  };
}

/** The second half of the rows against the first. */
function halvesDrift(binned: Binned, order: Int32Array | undefined): ColumnLook['drift'] {
  const half = binned.bins.length >> 1;
  const [before, after] = [new Float64Array(binned.count), new Float64Array(binned.count)];
  for (let i = 0; i < binned.bins.length; i++) (i < half ? before : after)[binned.bins[order?.[i] ?? i]!]!++;
  const used = before.reduce((n, count, k) => n + Number(count + after[k]! > 0), 0);
  const psi = stability(before, after);
  // Of no drift PSI is about (1/n + 1/m) times a chi-squared.
  const chi = psi / (1 / half + 1 / (binned.bins.length - half));
  return { psi, byChance: used < 2 || chiSquaredTail(chi, used - 1) > CHANCE };
}

/** Population stability index; half a row is added to each bin, so that none is empty. */
export function stability(before: ArrayLike<number>, now: ArrayLike<number>): number {
  let [n, m] = [0, 0];
  for (let k = 0; k < before.length; k++) {
    if (before[k]! + now[k]! === 0) continue;
    n += before[k]! + 0.5;
    m += now[k]! + 0.5;
  }
  let psi = 0;
  for (let k = 0; k < before.length; k++) {
    if (before[k]! + now[k]! === 0) continue;
    const [p, q] = [(before[k]! + 0.5) / n, (now[k]! + 0.5) / m];
    psi += (p - q) * Math.log(p / q);
  }
  return psi;
}

function partsAgainstAll({ bins, count }: Binned, order: Int32Array | undefined): number[] {
  const all = new Float64Array(count);
  for (const bin of bins) all[bin]!++;
  return Array.from({ length: PARTS }, (_, part) => {
    const own = new Float64Array(count);
    const [from, to] = [
      Math.floor((part * bins.length) / PARTS),
      Math.floor(((part + 1) * bins.length) / PARTS),
    ];
    for (let i = from; i < to; i++) own[bins[order?.[i] ?? i]!]!++;
    return stability(all, own);
  });
}

/** Of two numbers Pearson's correlation, of what else there is Cramér's V of their bins. */
function associationsOf(
  { columns, values }: Table,
  binned: readonly (Binned | undefined)[],
  of: readonly number[],
  some: Int32Array,
): Explored['associations'] {
  const numbers = new Map(
    of.flatMap((c) => (columns[c]!.categories === undefined ? [[c, centred(values[c]!, some)]] : [])),
  );
  const value = (a: number, b: number) => {
    const [x, y] = [numbers.get(a), numbers.get(b)];
    return x !== undefined && y !== undefined
      ? correlation(x, y)
      : cramersV(cross(binned[a]!, binned[b]!, some), binned[b]!.count);
  };
  const matrix = of.map(() => of.map(() => 1));
  for (let i = 0; i < of.length; i++)
    for (let j = 0; j < i; j++) matrix[i]![j] = matrix[j]![i] = value(of[i]!, of[j]!);
  return { names: of.map((c) => columns[c]!.name), values: matrix };
}

/** Which columns are missing together, the most frequent first. */
function missingPatterns(
  { columns, rows, values, texts }: Table,
  looks: readonly ColumnLook[],
): Explored['missingness'] {
  const some = columns
    .flatMap((_, c) => (looks[c]!.missing > 0 && texts[c] === undefined ? [c] : []))
    .slice(0, 30);
  const patterns = new Int32Array(rows);
  for (const [k, c] of some.entries())
    for (let row = 0; row < rows; row++) if (Number.isNaN(values[c]![row]!)) patterns[row]! |= 1 << k;
  const counts = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const pattern = patterns[row]!;
    if (pattern !== 0) counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, PATTERNS)
    .map(([pattern, count]) => ({
      columns: some.filter((_, k) => (pattern >> k) & 1).map((c) => columns[c]!.name),
      rows: count,
    }));
}

const BITS = new Float64Array(1);
const WORDS = new Uint32Array(BITS.buffer);

/** Rows that repeat an earlier one: in every column, in every input, and those of the latter with another class than the first. */
function duplicatesOf(table: Table, inputs: readonly number[], target: number): Explored['duplicates'] {
  const hashes = new Int32Array(table.rows);
  hashInto(hashes, table, inputs);
  const own = inputs.length === 0 ? [] : repeated(table, inputs, hashes);
  const rest = table.columns.flatMap((_, c) => (inputs.includes(c) ? [] : [c]));
  hashInto(hashes, table, rest);
  const whole = repeated(table, [...inputs, ...rest], hashes);
  let contradicting = 0;
  if (target >= 0)
    for (const [row, first] of own)
      if (table.values[target]![row] !== table.values[target]![first]) contradicting++;
  return { whole: whole.length, inputs: own.length, contradicting };
}

/** Goes on with each row's hash by its cells in more columns. */
function hashInto(hashes: Int32Array, { values, texts }: Table, of: readonly number[]): void {
  for (const c of of) {
    const [column, words] = [values[c]!, texts[c]];
    for (let row = 0; row < hashes.length; row++) {
      if (words !== undefined) hashes[row] = mix(hashes[row]! ^ seedOf(0, words[row]!));
      else {
        BITS[0] = column[row]!;
        hashes[row] = mix(Math.imul(hashes[row]! ^ WORDS[0]!, 0x9e3779b1) ^ WORDS[1]!);
      }
    }
  }
}

/** Rows that repeat, each with the first that is the same: by a hash, then by their cells. */
function repeated(
  { rows, values, texts }: Table,
  of: readonly number[],
  hashes: Int32Array,
): (readonly [row: number, first: number])[] {
  const isSame = (a: number, b: number) =>
    of.every((c) => Object.is(values[c]![a], values[c]![b]) && texts[c]?.[a] === texts[c]?.[b]);
  // Open addressing: a slot holds a row + 1, and at most half of them are taken.
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * rows + 2)));
  const found: [number, number][] = [];
  for (let row = 0; row < rows; row++) {
    let slot = hashes[row]! & (slots.length - 1);
    for (; slots[slot] !== 0; slot = (slot + 1) & (slots.length - 1)) {
      const before = slots[slot]! - 1;
      if (hashes[before] !== hashes[row] || !isSame(before, row)) continue;
      found.push([row, before]);
      break;
    }
    if (slots[slot] === 0) slots[slot] = row + 1;
  }
  return found;
}

function suspectsOf(looks: readonly ColumnLook[], rows: number): Explored['suspects'] {
  return looks.flatMap(
    ({ name, role, type, distinct, explains, missing }): Explored['suspects'][number][] => {
      if (role === 'ignored' || role === 'target') return [];
      if (distinct <= 1)
        return [
          { column: name, of: 'constant', why: distinct === 0 ? 'is missing in every row' : 'has one value' },
        ];
      if (explains !== null && explains > LEAKS && role === 'input')
        return [
          {
            column: name,
            of: 'leakage',
            why: `explains ${(100 * explains).toFixed(0)} % of the target by itself`,
          },
        ];
      const isNamed =
        (type === 'integer' || type === 'text') && distinct > IDENTIFIES * (rows - missing) && rows > 20;
      return isNamed && role !== 'id'
        ? [{ column: name, of: 'identifier', why: `${distinct} different values in ${rows} rows` }]
        : [];
    },
  );
}

/** Pairs of numbers that explain more of the target together than the better of them alone. */
function tellingPairs(
  { columns, values }: Table,
  binned: readonly (Binned | undefined)[],
  numbers: readonly number[],
  classes: Binned,
  target: NamedColumn,
  some: Int32Array,
): PairLook[] {
  const all = entropy(tally(classes));
  if (all === 0) return [];
  const alone = new Map(
    numbers.map((c) => [c, mutualInformation(cross(binned[c]!, classes, some), classes.count) / all]),
  );
  const pairs = numbers.flatMap((a, i) =>
    numbers.slice(0, i).map((b) => {
      const both: Binned = {
        bins: classes.bins,
        count: binned[a]!.count * binned[b]!.count,
        edges: undefined,
      };
      const counts = new Float64Array(both.count * classes.count);
      for (const row of some)
        counts[
          (binned[a]!.bins[row]! * binned[b]!.count + binned[b]!.bins[row]!) * classes.count +
            classes.bins[row]!
        ]!++;
      const explains = mutualInformation(counts, classes.count) / all;
      const better = Math.max(alone.get(a)!, alone.get(b)!);
      return { a, b, explains, alone: better, gain: explains - better };
    }),
  );
  return pairs
    .filter(({ gain }) => gain > 0.01)
    .sort((x, y) => y.gain - x.gain)
    .slice(0, PAIRS_SHOWN)
    .map(({ a, b, explains, alone: better }) => ({
      x: columns[b]!.name,
      y: columns[a]!.name,
      explains,
      alone: better,
      points: pointsOf(some, classes, target, values[b]!, values[a]!),
    }));
}

/** As many of each class as there are, so that a rare one is seen. */
function pointsOf(
  some: Int32Array,
  classes: Binned,
  target: NamedColumn,
  x: Float64Array,
  y: Float64Array,
): PairLook['points'] {
  const each = Math.floor(POINTS / (classes.count - 1));
  const taken = new Array<number>(classes.count).fill(0);
  const points: { x: number; y: number; class: string }[] = [];
  const order = shuffled(some.length, random(0, 'explore', 'points'));
  for (const i of order) {
    const row = some[i]!;
    const k = classes.bins[row]!;
    if (k >= classes.count - 1 || taken[k]! >= each || Number.isNaN(x[row]!) || Number.isNaN(y[row]!))
      continue;
    taken[k]!++;
    points.push({ x: x[row]!, y: y[row]!, class: target.categories![k]! });
  }
  return points;
}
