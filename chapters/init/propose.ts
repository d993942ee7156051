/** A schema for a table that nobody has described, guessed from its profile, with what a person should check. */
import type { Column, Config, Schema } from '../../lib/config/schema.ts';
import { badInput } from '../../lib/fault.ts';
import { type ColumnProfile, DISTINCT_LIMIT } from './column-reader.ts';
import { suspectLeakage } from './leakage.ts';
import type { Profile } from './profile.ts';

export interface Proposal {
  readonly schema: Schema;
  readonly csv: Config['data']['csv'];
  readonly split: Config['split'];
  /** Rows of each class, in the order of the target's categories. */
  readonly classes: readonly { readonly name: string; readonly rows: number }[];
  /** Rows that will be quarantined: without a target, or of another width. */
  readonly invalid: number;
  /** keep where an identifier names what has several rows. */
  readonly duplicates: Config['quality']['duplicates'];
  /** What was guessed that could be wrong, the gravest first. */
  readonly checks: readonly string[];
  /** Columns that are left out of the model, and why. */
  readonly left: readonly string[];
}

const CLASS_LIMIT = 100;
const LISTED = 30;
/** More are listed where each has so many rows, up to so many. */
const LISTED_ROWS = 20;
const LISTED_MOST = 150;
const TEST_SHARE = 0.2;
const OTHER = 'other';
const SENSITIVE =
  /(^|[^a-z])(race|racial|ethn\w*|sex|gender|religio\w*|nationality|native_?country|disab\w*|sexual_?orientation|caste|marital\w*|married|black|hispanic)([^a-z]|$)/i;
const YES = /^(1|yes|y|true|t|on|positive|pos|churned|failed|failure|default(ed)?|fraud|spam|sick|bad|won)$/i;
const ORDINAL = /^\d+(st|nd|rd|th)\b/i;
const ID_NAME = /(^|[^a-z])(id|uid|uuid|guid|key|no|nr|num|number|index|udi)$/i;

/** Of somebody or something that has several rows: an identifier by its name. */
const ENTITY_NAME =
  /(^|[^a-z])(id|uid|uuid|guid|ssn)$|^(nr|(person|people|individual|patient|subject|customer|client|user|household|family|student|employee|member|participant|respondent|case|sample|animal|machine|device)([^a-z]*(no|nr|num|number|code|key))?)$/i;
/** Rows that a class needs to be learnt and measured: two for training, of which one stays outside its fold. */
const CLASS_ROWS = 3;
/** As many different ones at least, or it is a category. */
const ENTITIES = 10;

/** Fails with exit code 2 where nothing can be learnt: no such column, one class, as many classes as rows. */
export function proposeSchema(path: string, profile: Profile, target: string): Proposal {
  const { rows, columns, sample } = profile;
  const targetAt = columns.findIndex(({ name }) => name === target);
  if (targetAt < 0)
    throw badInput(
      `${path}:1  has no column "${target}" to predict; its columns are ${columns.map(({ name }) => name).join(', ')}`,
    );
  const checks: string[] = [];
  const left: string[] = [];
  const every = classesOf(path, columns[targetAt]!, rows);
  const classes = every.filter((each) => each.rows >= CLASS_ROWS);
  if (classes.length < 2)
    throw badInput(
      `${path}  column "${target}" has ${classes.length === 0 ? 'no class' : 'one class'} of ${CLASS_ROWS} rows or more: ${every.map((each) => `${each.name} ${each.rows}`).join(', ')}; gather more rows`,
    );
  const leftOut = every.filter((each) => each.rows < CLASS_ROWS);
  const leftRows = leftOut.reduce((sum, each) => sum + each.rows, 0);
  const plainNames = new Set(classes.map(({ name }) => name.toLowerCase()));
  if (plainNames.size < classes.length)
    checks.push(
      `${target}: some classes differ in capitals alone; join them (aliases) if they mean the same`,
    );
  const named = (some: typeof classes) =>
    some
      .map((each) => `class "${each.name}" has ${each.rows} ${each.rows === 1 ? 'row' : 'rows'}`)
      .join(', ');
  if (leftOut.length > 0)
    checks.push(
      `${named(leftOut)}: left out, and these rows quarantined, since they are too few to learn and to measure; or join them with another class (aliases)`,
    );
  const rare = classes.filter((each) => each.rows < 10);
  if (rare.length > 0)
    checks.push(
      `${named(rare)}: measured in as many folds as they have rows, and hardly learnt; join classes (aliases) or gather more`,
    );
  const targetColumn: Column = {
    type: 'category',
    role: 'target',
    categories: classes.map(({ name }) => name),
    missing: 'refuse',
  };
  const usable: number[] = [];
  const schema: Record<string, Column> = {};
  let time: string | undefined;
  const isOwn = new Set<string>();
  for (const [i, column] of columns.entries()) {
    if (i === targetAt) {
      schema[column.name] = targetColumn;
      continue;
    }
    const values = sample.map((row) => row[i]!);
    const { column: proposed, why, own = false } = describeColumn(column, rows, values, time === undefined);
    if (own) isOwn.add(column.name);
    if (proposed.role === 'time') {
      time = column.name;
      const undated = rows - column.present;
      if (undated > 0)
        checks.push(`${column.name}: ${undated} rows have no time; they count as the earliest, for training`);
    }
    if (why !== undefined) (proposed.role === 'sensitive' ? checks : left).push(`${column.name}: ${why}`);
    if (proposed.role === 'input') usable.push(i);
    schema[column.name] = proposed;
  }
  for (const { column, why } of suspectLeakage(sample, usable, targetAt, columns)) {
    schema[column] = { ...schema[column]!, role: 'leakage' };
    checks.unshift(
      `${column}: suspected leakage, ${why}; left out. If it is known before the outcome, set role: input`,
    );
  }
  if (!Object.values(schema).some(({ role }) => role === 'input'))
    throw badInput(`${path}  leaves no column to learn from: ${left.join('; ')}`);
  if (profile.ragged > 0)
    checks.unshift(
      `${profile.ragged} rows have another number of fields than the header: they will be quarantined`,
    );
  for (const { name, ambiguous } of columns)
    if (ambiguous && schema[name]!.format === 'day_first')
      checks.push(`${name}: read as day before month, since both orders fit`);
  const markers = new Set(columns.flatMap((column) => markersOf(column)));
  const unlabelled = rows - every.reduce((sum, each) => sum + each.rows, 0);
  if (unlabelled > 0) checks.unshift(`${unlabelled} rows have no ${target}: they will be quarantined`);
  const invalid = unlabelled + leftRows + profile.ragged;
  // Where somebody has several rows, who they are of is what keeps rows together, and a row's own number is nothing.
  const entities = columns.filter((column) => schema[column.name]!.role === 'id' && !isOwn.has(column.name));
  if (entities.length > 0)
    for (const name of isOwn) {
      schema[name] = { type: 'text', role: 'ignored', missing: 'keep' };
      left.push(`${name}: only numbers the rows`);
    }
  return {
    schema,
    csv: {
      separator: profile.dialect.separator as ',',
      header: true,
      comment: profile.dialect.comment,
      missing: [...markers],
      decimal: profile.decimal,
    },
    split: { method: time === undefined ? 'stratified' : 'chronological', train_rows: 1 - TEST_SHARE },
    classes,
    invalid,
    duplicates: entities.length > 0 ? 'keep' : 'by_id',
    checks,
    left,
  };
}

/** What stands for a missing value in a column; of text only what no one would name a category. */
function markersOf({ kind, markers }: ColumnProfile): string[] {
  return [...markers.keys()].filter(
    (marker) => kind !== 'text' || !/^(none|unknown|nil|-|--)$/i.test(marker),
  );
}

function classesOf(path: string, column: ColumnProfile, rows: number): { name: string; rows: number }[] {
  const { name, kind } = column;
  const counts = valuesOf(column);
  const at = `${path}  column "${name}"`;
  if (counts === undefined || counts.size > CLASS_LIMIT)
    throw badInput(
      `${at} has ${counts === undefined ? `more than ${DISTINCT_LIMIT}` : counts.size} different values in ${rows} rows: ${
        kind === 'text'
          ? 'as a target it would have nearly as many classes as rows'
          : 'a number, and only classes can be predicted; make classes of it, such as above and below a limit'
      }`,
    );
  if (counts.size < 2)
    throw badInput(
      counts.size === 0
        ? `${at} is empty in every row`
        : `${at} is "${[...counts.keys()][0]}" in every row${[...counts.values()][0]! < rows ? ' that is not empty; if an empty cell says something, write what' : ''}; a model needs at least two classes to tell apart`,
    );
  if (counts.size * 2 > rows)
    throw badInput(
      `${at} has ${counts.size} different values in ${rows} rows: ${rows < 20 ? 'too few rows' : 'too many classes'} to learn`,
    );
  const classes = [...counts].map(([value, count]) => ({ name: value, rows: count }));
  if (classes.length > 2) return classes.sort((a, b) => compareNames(a.name, b.name));
  // Of two classes the second is the positive one: what says yes, else the rarer.
  return classes.sort(
    (a, b) =>
      Number(YES.test(a.name)) - Number(YES.test(b.name)) || b.rows - a.rows || compareNames(a.name, b.name),
  );
}

function compareNames(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : 1;
}

interface Described {
  readonly column: Column;
  /** Why it is no input. */
  readonly why?: string;
  /** An identifier of each row, that is another in every one. */
  readonly own?: boolean;
}

function describeColumn(
  profile: ColumnProfile,
  rows: number,
  sample: readonly string[],
  timeIsOpen: boolean,
): Described {
  const { name, kind, present, markers } = profile;
  const markedMissing = markersOf(profile).reduce((sum, marker) => sum + markers.get(marker)!, 0);
  const empty = rows - present - [...markers.values()].reduce((a, b) => a + b, 0);
  const gaps = empty + markedMissing;
  const missing = gaps > 0 ? 'keep' : 'refuse';
  const ignored = (why: string): Described => ({
    column: { type: 'text', role: 'ignored', missing: 'keep' },
    why,
  });
  if (present === 0 && kind === 'text' && gaps === rows) return ignored('every cell is missing');
  const values = valuesOf(profile);
  if (values?.size === 1 && gaps === 0) return ignored(`is "${[...values.keys()][0]}" in every row`);
  if (kind === 'time') {
    if (!timeIsOpen) return ignored('a second column of times');
    return {
      column: { type: 'time', role: 'time', format: profile.format!, missing: 'keep' },
      why: 'orders the rows in time: the earlier ones are for training',
    };
  }
  const seen = sample.filter((cell) => cell !== '');
  const distinct = values?.size ?? new Set(seen).size;
  // 1st, 2nd, 3rd are no numbers with units.
  const isOrdinal = values !== undefined && [...values.keys()].every((value) => ORDINAL.test(value));
  if (profile.mixedUnits.length > 0 && !isOrdinal)
    return ignored(
      `numbers with units that differ (${profile.mixedUnits.map((unit) => (unit === '' ? 'none' : JSON.stringify(unit))).join(', ')}): bring them to one unit, and make init again`,
    );
  const isEntity =
    ENTITY_NAME.test(name) && distinct >= ENTITIES && distinct * 1.2 <= Math.min(seen.length, present);
  const ofSeveralRows = `${distinct} different values, by its name whom or what a row is of: folds keep the rows of one together`;
  const isUnique = values === undefined ? distinct === seen.length : distinct === present;
  if (kind !== 'text') {
    if (isUnique && profile.whole && present > 20 && (profile.ascending || ID_NAME.test(name)))
      return {
        column: { type: 'integer', role: 'id', missing },
        why: 'another whole number in every row: an identifier',
        own: true,
      };
    if (isEntity && profile.whole)
      return { column: { type: 'integer', role: 'id', missing }, why: ofSeveralRows };
    return { column: numberColumn(profile, missing) };
  }
  if (isEntity && profile.longest <= 64)
    return { column: { type: 'text', role: 'id', missing }, why: ofSeveralRows };
  if (values === undefined || values.size > LISTED) {
    if (isUnique || distinct > 0.9 * Math.min(seen.length, present))
      return profile.longest <= 64 && isUnique && !seen.some((cell) => /\s/.test(cell))
        ? {
            column: { type: 'text', role: 'id', missing },
            why: 'another text in every row: an identifier',
            own: true,
          }
        : ignored('free text');
    if (values === undefined && distinct > 0.2 * seen.length) return ignored(`text of very many kinds`);
  }
  const counts = values ?? countsOf(seen);
  const scale = values === undefined ? present / seen.length : 1;
  const common = [...counts.values()].filter((count) => count * scale >= LISTED_ROWS).length;
  const listed = counts.size <= LISTED + 1 ? LISTED + 1 : Math.max(LISTED, Math.min(LISTED_MOST, common));
  const frequent = mostFrequent(counts, listed);
  if (frequent.length < 2) return ignored(`is "${frequent[0]}" wherever it is not missing`);
  const isAll = values !== undefined && frequent.length === values.size;
  const categories = isAll
    ? frequent.sort(compareNames)
    : [...frequent.filter((each) => each !== OTHER), OTHER];
  const column: Column = {
    type: 'category',
    role: 'input',
    categories,
    ...(isAll ? {} : { other: OTHER }),
    missing,
  };
  if (SENSITIVE.test(name))
    return {
      column: { ...column, role: 'sensitive', missing: 'keep' },
      why: 'looks sensitive: kept apart from the model (role: sensitive)',
    };
  return { column };
}

/** Values with the markers that are none here; undefined where there are too many. */
function valuesOf(profile: ColumnProfile): ReadonlyMap<string, number> | undefined {
  if (profile.counts === undefined) return undefined;
  const missing = new Set(markersOf(profile));
  return new Map([...profile.counts, ...[...profile.markers].filter(([marker]) => !missing.has(marker))]);
}

function countsOf(cells: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return counts;
}

function mostFrequent(counts: ReadonlyMap<string, number>, limit: number): string[] {
  return [...counts]
    .sort(([a, x], [b, y]) => y - x || compareNames(a, b))
    .slice(0, limit)
    .map(([value]) => value);
}

/** Half as much again on both sides as was seen, but no further than 0 where nothing is below it. */
function numberColumn({ whole, low, high, affixes }: ColumnProfile, missing: Column['missing']): Column {
  const room = (high - low) / 2 || Math.max(1, Math.abs(high) / 2);
  const round = whole ? Math.floor : (x: number) => Number(x.toPrecision(6));
  const range: [number, number] = [
    low >= 0 ? Math.max(0, round(low - room)) : round(low - room),
    whole ? Math.ceil(high + room) : Number((high + room).toPrecision(6)),
  ];
  return {
    type: whole ? 'integer' : 'number',
    role: 'input',
    range,
    ...(affixes.length > 0 ? { strip: [...affixes] } : {}),
    missing,
  };
}
