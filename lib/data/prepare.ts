/** From raw and labelled rows to the training and test rows of a data version. */
import { isKept, type NamedColumn, namedColumns, rolesOf } from '../config/roles.ts';
import type { Config } from '../config/schema.ts';
import { UNNAMED } from '../config/values.ts';
import { badInput } from '../fault.ts';
import { readHeader } from '../files/csv.ts';
import { formatCount } from '../words.ts';
import { fillFor, isFilled } from './impute.ts';
import { type SplitRows, splitRows } from './split.ts';
import { cellOf, type Table, type TableBuilder, tableBuilder } from './table.ts';
import { type Dialect, type InvalidRow, PLAIN, validateFile } from './validate.ts';

/** Column of a labelled file that says which rows stay out of training; the newest file's are the test rows. */
export const PART = 'part';
/** Column of a labelled file that says which prediction a row was, so that none joins training twice. */
export const PREDICTION = 'prediction_id';
/** Column of a labelled file that says who taught a row; files of before have none. */
export const SENDER = 'sender';

export interface Prepared {
  /** Every valid row, raw ones first, its gaps filled. */
  readonly table: Table;
  /** Row numbers of both parts. */
  readonly train: Int32Array;
  readonly test: Int32Array;
  readonly invalid: readonly InvalidRow[];
  /** Rows read, valid or not. */
  readonly rows: number;
  /** Cells filled, by column. */
  readonly imputed: Readonly<Record<string, number>>;
  /** Rows that joined from production, by who taught them. */
  readonly taught: Readonly<Record<string, number>>;
}

/**
 * Reads, checks, splits and fills; fails with exit code 2 and writes nothing. `at` finds a path of the config, `labelled`
 * names the files of labelled production rows that join, the newest last, `increments` those that follow the raw file.
 */
export function prepareData(
  config: Config,
  at: (path: string) => string,
  labelled: readonly string[] = [],
  increments: readonly string[] = [],
): Prepared {
  const { kept, ids } = rolesOf(config.schema);
  const collected = tableBuilder(kept);
  const invalid: InvalidRow[] = [];
  const refuse = () => refuseTooMany(config, invalid, collected.rows + invalid.length);
  const rawPath = at(config.data.raw_path);
  const raw = rawReader(config, collected, invalid);
  raw.read(rawPath, config.data.csv);
  for (const path of increments) raw.read(at(path), PLAIN);
  refuse();
  const replaced = [...raw.end()];
  let split: SplitRows;
  if (config.split.method === 'file') {
    const count = collected.rows;
    const later = rawReader(config, collected, invalid);
    later.read(at(config.split.test_path!), config.data.csv);
    refuse();
    replaced.push(...later.end());
    split = { train: rowsBetween(0, count), test: rowsBetween(count, collected.rows) };
  } else split = splitRows(config, rawPath, collected.table());
  for (const row of replaced) invalid.push(row);
  const rows = collected.rows + invalid.length;

  const joining: number[] = [];
  const taught: Record<string, number> = {};
  let heldOut: number[] = [];
  for (const path of labelled) {
    const { train, test } = readLabelled(config, at(path), collected, taught);
    joining.push(...train);
    if (path === labelled.at(-1)) heldOut = test;
    else joining.push(...test);
  }
  const table = collected.table();
  const idsOf = (row: number) =>
    kept.flatMap(({ role }, c) => (role === 'id' ? [cellOf(table, row, c)] : [])).join('\n');
  const held = new Set(ids.length === 0 ? [] : heldOut.map(idsOf));
  const learning = Int32Array.from([...split.train, ...joining]);
  const train = held.size === 0 ? learning : learning.filter((row) => !held.has(idsOf(row)));
  const test = labelled.length === 0 ? split.test : Int32Array.from(heldOut);
  checkTarget(config, table, train);
  return { table, train, test, invalid, rows, imputed: impute(table, train, test), taught };
}

function rowsBetween(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}

/** More lines than a file has. */
const LINES = 2 ** 40;

/** Adds the valid rows of one raw file after the other, without their leakage columns; rows that are there already are duplicates. */
function rawReader(config: Config, collected: TableBuilder, invalid: InvalidRow[]) {
  const columns = namedColumns(config.schema);
  const places = (is: (column: NamedColumn) => boolean) => columns.flatMap((c, i) => (is(c) ? [i] : []));
  const kept = places(isKept);
  const { duplicates } = config.quality;
  const compared =
    duplicates === 'keep' ? [] : places(({ role }) => duplicates === 'whole_row' || role === 'id');
  const time = duplicates === 'latest' ? columns.findIndex(({ role }) => role === 'time') : -1;
  const what =
    duplicates === 'whole_row'
      ? 'is the same'
      : `has the same ${compared.map((i) => columns[i]!.name).join(', ')}`;
  const files: string[] = [];
  /** By what is compared, the row that counts. */
  const seen = new Map<string, number>();
  /** Of each row that was added, its file and its line. */
  const origins: number[] = [];
  const first = collected.rows;
  /** Rows that a later one stands for: by row, and as what is set aside. */
  const superseded = new Set<number>();
  const replaced: InvalidRow[] = [];
  return {
    read(path: string, dialect: Dialect): void {
      const file = files.push(path) - 1;
      validateFile(
        path,
        columns,
        (row, line) => {
          if (compared.length > 0) {
            const key = compared.map((i) => row.cell(i)).join('\n');
            const before = seen.get(key);
            if (before !== undefined) {
              const origin = origins[before - first]!;
              const [fileBefore, lineBefore] = [Math.floor(origin / LINES), origin % LINES];
              const cells = columns.map((_, i) => row.cell(i));
              const isLater =
                time >= 0 && !(row.values[time]! < collected.valueAt(before, kept.indexOf(time)));
              const place = `line ${lineBefore}${fileBefore === file ? '' : ` of ${files[fileBefore]}`}`;
              if (!isLater) {
                const reason = `duplicate: ${place} ${what}${time < 0 ? '' : ' and is later'}`;
                (time < 0 ? invalid : replaced).push({ file: path, line, reasons: [reason], cells });
                return;
              }
              const reason = `duplicate: ${path}:${line} ${what} and is later`;
              replaced.push({ file: files[fileBefore]!, line: lineBefore, reasons: [reason], cells: [] });
              superseded.add(before);
            }
            seen.set(key, collected.rows);
          }
          if (compared.length > 0) origins.push(file * LINES + line);
          collected.add(row, kept);
        },
        (row) => invalid.push(row),
        dialect,
      );
    },
    /** Takes out what a later row stands for, which is no fault of the file and is set aside all the same. */
    end(): readonly InvalidRow[] {
      collected.drop(superseded);
      return replaced;
    },
  };
}

/** Adds the rows of a labelled file; returns which of them are for training and which are held out, and counts who taught them. */
function readLabelled(config: Config, path: string, collected: TableBuilder, taught: Record<string, number>) {
  const part: NamedColumn = {
    name: PART,
    type: 'category',
    role: 'id',
    categories: ['train', 'test'],
    missing: 'refuse',
  };
  const { kept } = rolesOf(config.schema);
  const text = (name: string): NamedColumn => ({ name, type: 'text', role: 'id', missing: 'refuse' });
  const isNamed = readHeader(path).includes(SENDER);
  const own: NamedColumn[] = [part, text(PREDICTION), ...(isNamed ? [text(SENDER)] : [])];
  const at = kept.map((_, i) => own.length + i);
  const parts: { train: number[]; test: number[] } = { train: [], test: [] };
  validateFile(
    path,
    [...own, ...kept],
    (row) => {
      (row.values[0] === 0 ? parts.train : parts.test).push(collected.rows);
      collected.add(row, at);
      const sender = isNamed ? row.cell(own.length - 1) : UNNAMED;
      taught[sender] = (taught[sender] ?? 0) + 1;
    },
    ({ line, reasons }) => {
      throw badInput(`${path}:${line}  ${reasons[0]}`);
    },
  );
  return parts;
}

function refuseTooMany(config: Config, invalid: readonly InvalidRow[], rows: number): void {
  const limit = config.quality.max_invalid_rows;
  const allowed = limit < 1 ? limit * rows : limit;
  if (invalid.length <= allowed) return;
  const shown = invalid
    .slice(0, 5)
    .map(({ file, line, reasons }) => `${file}:${line}  ${reasons.join('; ')}`);
  if (invalid.length > shown.length) shown.push(`… and ${invalid.length - shown.length} more`);
  const noun = invalid.length === 1 ? 'row' : 'rows';
  throw badInput(
    `${shown.join('\n')}\n           ${invalid.length} invalid ${noun} in ${formatCount(rows)}; quality.max_invalid_rows is ${limit}. ` +
      `Mend the ${noun}, or raise the limit to quarantine ${invalid.length === 1 ? 'it' : 'them'}.`,
  );
}

function checkTarget(config: Config, { columns, values }: Table, train: Int32Array): void {
  const at = columns.findIndex(({ role }) => role === 'target');
  const { name, categories } = columns[at]!;
  const labels = values[at]!;
  const [first] = train;
  if (train.some((row) => labels[row] !== labels[first!])) return;
  throw badInput(
    `${config.data.raw_path}  column "${name}": every training row is ${categories![labels[first!]!]}; a model needs at least two classes to tell apart`,
  );
}

/** Fills missing cells in place by what the training rows say; returns how many per column. */
function impute({ columns, values }: Table, train: Int32Array, test: Int32Array): Record<string, number> {
  const imputed: Record<string, number> = {};
  for (const [c, column] of columns.entries()) {
    if (!isFilled(column) || column.type === 'text' || column.type === 'time') continue;
    const of = values[c]!;
    const isGap = (row: number) => Number.isNaN(of[row]!);
    const gaps = [...train.filter(isGap), ...test.filter(isGap)];
    if (gaps.length === 0) continue;
    const fill = fillFor(
      column,
      Float64Array.from(train, (row) => of[row]!),
    );
    if (Number.isNaN(fill)) continue;
    for (const row of gaps) of[row] = fill;
    imputed[column.name] = gaps.length;
  }
  return imputed;
}
