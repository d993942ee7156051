/** A file of rows, some thousand at a time and column by column: what a cell holds, or that it may not be what it is. */
import type { NamedColumn } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';
import { writeCell } from '../../lib/data/columns.ts';
import { firstTwice, rowReader } from '../../lib/data/validate.ts';
import { badInput } from '../../lib/fault.ts';
import { type CsvRecord, scanRecords, textsOf } from '../../lib/files/csv-records.ts';

/** Rows that are looked at together. */
export const BLOCK_ROWS = 8192;

/** What a cell holds that its column may not hold. */
export const UNREADABLE = Number.POSITIVE_INFINITY;

/** More lines than a file has. */
export const FILE = 2 ** 40;

/** "file:line" of a place. */
export function whereIs(files: readonly string[], place: number): string {
  return `${files[Math.floor(place / FILE)]}:${place % FILE}`;
}

export interface Block {
  readonly columns: readonly NamedColumn[];
  readonly rows: number;
  /** Of each row its place: the line that it begins at, and FILE times the number of its file. */
  readonly places: Float64Array;
  /** By column and row: values, category indices, milliseconds since 1970; NaN where missing, UNREADABLE; 0 for text. */
  readonly values: readonly Float64Array[];
  /** By column and row, where the column is text. */
  readonly texts: readonly (readonly string[] | undefined)[];
  /** Cells that are unreadable. */
  readonly problems: readonly BlockProblem[];
}

export interface BlockProblem {
  readonly row: number;
  readonly column: number;
  readonly problem: string;
  readonly cell: string;
}

/** What the header of a file says. */
export interface Header {
  /** Columns of the schema that are there, in its order. */
  readonly columns: readonly NamedColumn[];
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

export interface Reader {
  block(block: Block): void;
  /** A row that has not as many fields as the header. */
  malformed(place: number, problem: string): void;
}

/** Reads a file, which is that of this number, whatever is wrong with its rows; fails with exit code 2 where it has none, or no header that can be read. */
export function readBlocks(
  path: string,
  schema: Config['schema'],
  csv: Config['data']['csv'],
  begin: (header: Header) => Reader,
  number = 0,
): void {
  const all = Object.entries(schema).map(
    ([name, column]): NamedColumn =>
      column.role === 'ignored' ? { name, role: 'id', type: 'text', missing: 'keep' } : { name, ...column },
  );
  let state: { header: Header; width: number; builder: BlockBuilder; reader: Reader } | undefined;
  const start = (names: readonly string[]) => {
    const places = new Map(names.map((name, c) => [name, c]));
    const columns = all.filter(({ name }) => places.has(name));
    const header: Header = {
      columns,
      missing: all.filter(({ name }) => !places.has(name)).map(({ name }) => name),
      extra: names.filter((name) => !Object.hasOwn(schema, name)),
    };
    if (columns.length === 0)
      throw badInput(
        `${path}:1  no column of the schema is in the header; is the separator another one (data.csv.separator)?`,
      );
    const order = columns.map(({ name }) => places.get(name)!);
    const reader = begin(header);
    state = {
      header,
      width: names.length,
      builder: new BlockBuilder(columns, order, csv, reader, number * FILE),
      reader,
    };
  };
  if (!csv.header) start(all.map(({ name }) => name));
  let rows = 0;
  scanRecords(
    path,
    (record, line) => {
      if (state === undefined) {
        const names = textsOf(record).map((name) => name.trim());
        const twice = firstTwice(names);
        if (twice !== undefined)
          throw badInput(`${path}:${line}  column "${twice}" stands twice in the header`);
        start(names);
        return;
      }
      if (record.length === 1 && state.width > 1 && record.text(0).trim() === '') return;
      rows++;
      if (record.length !== state.width)
        state.reader.malformed(
          number * FILE + line,
          `${record.length} fields where the header has ${state.width}`,
        );
      else state.builder.add(record, line);
    },
    csv,
  );
  if (state === undefined) throw badInput(`${path}  is empty: it has no header and no rows`);
  if (rows === 0) throw badInput(`${path}:1  has no rows`);
  state.builder.flush();
}

class BlockBuilder {
  rows = 0;
  readonly places = new Float64Array(BLOCK_ROWS);
  readonly values: Float64Array[];
  readonly texts: (string[] | undefined)[];
  problems: BlockProblem[] = [];
  readonly columns: readonly NamedColumn[];
  readonly #order: readonly number[];
  readonly #read: ReturnType<typeof rowReader>;
  readonly #reader: Reader;
  readonly #first: number;

  constructor(
    columns: readonly NamedColumn[],
    order: readonly number[],
    csv: Config['data']['csv'],
    reader: Reader,
    first: number,
  ) {
    this.columns = columns;
    this.#order = order;
    // What is missing is counted by a rule, and is no cell that cannot be read.
    this.#read = rowReader(
      columns.map((column) => ({ ...column, missing: 'keep' as const })),
      csv,
    );
    this.#reader = reader;
    this.#first = first;
    this.values = columns.map(() => new Float64Array(BLOCK_ROWS));
    this.texts = columns.map(({ type }) => (type === 'text' ? [] : undefined));
  }

  add(record: CsvRecord, line: number): void {
    const { row, problems } = this.#read(record, this.#order);
    const at = this.rows++;
    this.places[at] = this.#first + line;
    for (let c = 0; c < this.values.length; c++) {
      this.values[c]![at] = row.values[c]!;
      const texts = this.texts[c];
      if (texts !== undefined) texts[at] = row.cell(c);
    }
    for (const { column, problem } of problems) {
      this.values[column]![at] = UNREADABLE;
      this.problems.push({ row: at, column, problem, cell: record.text(this.#order[column]!).trim() });
    }
    if (this.rows === BLOCK_ROWS) this.flush();
  }

  flush(): void {
    if (this.rows > 0) this.#reader.block(this);
    this.rows = 0;
    this.problems = [];
  }
}

/** A cell as a person reads it. */
export function cellText(block: Block, row: number, column: number): string {
  const value = block.values[column]![row]!;
  if (value === UNREADABLE)
    return block.problems.find((each) => each.row === row && each.column === column)?.cell ?? '';
  return Number.isNaN(value)
    ? ''
    : writeCell(block.columns[column]!, value, block.texts[column]?.[row] ?? '');
}

export function isNumeric({ type }: NamedColumn): boolean {
  return type === 'number' || type === 'integer';
}
