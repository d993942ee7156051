/** From raw and labelled rows to the training and test rows of a data version. */
import type { Config } from '../config/schema.ts';
import { badInput } from '../fault.ts';
import { isKept, type NamedColumn, rolesOf, writeCell } from './columns.ts';
import { fillFor } from './impute.ts';
import { splitRows } from './split.ts';
import { type InvalidRow, type ValidRow, validateFile } from './validate.ts';

/** Column of a labelled file that says which rows stay out of training; the newest file's are the test rows. */
export const PART = 'part';
/** Column of a labelled file that says which prediction a row was, so that none joins training twice. */
export const PREDICTION = 'prediction_id';

export interface Prepared {
  /** Columns of both parts, in schema order. */
  readonly header: readonly string[];
  readonly train: readonly (readonly string[])[];
  readonly test: readonly (readonly string[])[];
  readonly invalid: readonly InvalidRow[];
  /** Rows read, valid or not. */
  readonly rows: number;
  /** Cells filled, by column. */
  readonly imputed: Readonly<Record<string, number>>;
}

/** Reads, checks, splits and fills; fails with exit code 2 and writes nothing. `at` finds a path of the config. */
export function prepareData(config: Config, at: (path: string) => string): Prepared {
  const roles = rolesOf(config.schema);
  const invalid: InvalidRow[] = [];
  const raw = readRaw(config, at(config.data.raw_path), invalid);
  refuseTooMany(config, invalid, raw.length + invalid.length);
  const parts = splitRows(config, at(config.data.raw_path), raw, () =>
    readRaw(config, at(config.split.test_path!), invalid),
  );
  const rows = parts.train.length + parts.test.length + invalid.length;
  refuseTooMany(config, invalid, rows);
  const labelled = config.data.labelled.map((path) => readLabelled(config, at(path)));
  const newest = labelled.at(-1);
  const test = newest === undefined ? parts.test : newest.filter((row) => row.part === 'test');
  const idsOf = (row: ValidRow) =>
    roles.kept.flatMap((column, i) => (column.role === 'id' ? [row.cells[i]!] : [])).join('\n');
  const held = new Set(newest === undefined || roles.ids.length === 0 ? [] : test.map(idsOf));
  const joining = labelled.flatMap((rows) =>
    rows === newest ? rows.filter(({ part }) => part === 'train') : rows,
  );
  const train = [...parts.train, ...joining].filter((row) => !held.has(idsOf(row)));
  checkTarget(config, roles.target, train, roles.kept);
  const imputed = impute(roles.kept, train, test);
  const cellsOf = (row: ValidRow) => row.cells;
  return {
    header: roles.kept.map(({ name }) => name),
    train: train.map(cellsOf),
    test: test.map(cellsOf),
    invalid,
    rows,
    imputed,
  };
}

/** Valid raw rows without their leakage columns. */
function readRaw(config: Config, path: string, invalid: InvalidRow[]): ValidRow[] {
  const columns = Object.entries(config.schema).map(([name, column]) => ({ name, ...column }));
  const kept = columns.map(isKept);
  const { duplicates } = config.quality;
  const isCompared = columns.map(
    ({ role }) => duplicates === 'whole_row' || (duplicates === 'by_id' && role === 'id'),
  );
  const compared = columns.filter((_, i) => isCompared[i]).map(({ name }) => name);
  const keep = <T>(values: readonly T[]) => values.filter((_, i) => kept[i]);
  const seen = new Map<string, number>();
  const rows: ValidRow[] = [];
  validateFile(
    path,
    columns,
    (row, line) => {
      if (compared.length > 0) {
        const key = row.cells.filter((_, i) => isCompared[i]).join('\n');
        const before = seen.get(key);
        if (before !== undefined) {
          const what = duplicates === 'whole_row' ? 'is the same' : `has the same ${compared.join(', ')}`;
          invalid.push({
            file: path,
            line,
            reasons: [`duplicate: line ${before} ${what}`],
            cells: row.cells,
          });
          return;
        }
        seen.set(key, line);
      }
      rows.push({ cells: keep(row.cells), values: keep(row.values) });
    },
    (row) => invalid.push(row),
    config.data.csv,
  );
  return rows;
}

function readLabelled(config: Config, path: string): (ValidRow & { part: string })[] {
  const part: NamedColumn = {
    name: PART,
    type: 'category',
    role: 'id',
    categories: ['train', 'test'],
    missing: 'refuse',
  };
  const rows: (ValidRow & { part: string })[] = [];
  validateFile(
    path,
    [part, { name: PREDICTION, type: 'text', role: 'id', missing: 'refuse' }, ...rolesOf(config.schema).kept],
    ({ cells, values }) => {
      rows.push({ part: cells[0]!, cells: cells.slice(2), values: values.slice(2) });
    },
    ({ line, reasons }) => {
      throw badInput(`${path}:${line}  ${reasons[0]}`);
    },
  );
  return rows;
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
    `${shown.join('\n')}\n           ${invalid.length} invalid ${noun} in ${rows.toLocaleString('en-US')}; quality.max_invalid_rows is ${limit}. ` +
      `Mend the ${noun}, or raise the limit to quarantine ${invalid.length === 1 ? 'it' : 'them'}.`,
  );
}

function checkTarget(
  config: Config,
  target: NamedColumn,
  train: readonly ValidRow[],
  kept: readonly NamedColumn[],
): void {
  const at = kept.findIndex(({ name }) => name === target.name);
  const seen = new Set(train.map((row) => row.cells[at]!));
  if (seen.size < 2) {
    throw badInput(
      `${config.data.raw_path}  column "${target.name}": every training row is ${[...seen][0]}; a model needs at least two classes to tell apart`,
    );
  }
}

/** Fills missing cells in place by what the training rows say; returns how many per column. */
function impute(
  columns: readonly NamedColumn[],
  train: readonly ValidRow[],
  test: readonly ValidRow[],
): Record<string, number> {
  const imputed: Record<string, number> = {};
  for (const [i, column] of columns.entries()) {
    if (column.type === 'text' || column.type === 'time') continue;
    const gaps = [...train, ...test].filter((row) => Number.isNaN(row.values[i]!));
    if (gaps.length === 0) continue;
    const fill = fillFor(
      column,
      Float64Array.from(train, (row) => row.values[i]!),
    );
    if (Number.isNaN(fill)) continue;
    for (const row of gaps) row.cells[i] = writeCell(column, fill, '');
    imputed[column.name] = gaps.length;
  }
  return imputed;
}
