/** chapters.sources of config.yaml. */
import * as v from 'valibot';
import type { SettingFault } from '../../lib/config/parse.ts';
import type { Config } from '../../lib/config/schema.ts';
import { digest, oneOf, path, text } from '../../lib/config/values.ts';
import { didYouMean } from '../../lib/words.ts';

export const FORMATS = ['csv', 'tsv', 'ndjson', 'parquet', 'xlsx'] as const;
export const ENCODINGS = ['utf-8', 'utf-16', 'windows-1252'] as const;
export const TYPES = ['number', 'integer', 'text', 'time'] as const;

const table = v.pipe(
  v.strictObject({
    /** A file, or a folder whose files are read in the order of their names. */
    path,
    /** Where the file is fetched from, once, if it is not there. */
    url: v.optional(v.pipe(text, v.regex(/^https:\/\//, 'an https address'))),
    sha256: v.optional(digest),
    /** By the end of the file's name, unless said; .gz is unpacked. */
    format: v.optional(oneOf(...FORMATS)),
    /** By the byte order mark, else UTF-8, unless said. */
    encoding: v.optional(oneOf(...ENCODINGS)),
    separator: v.optional(oneOf(',', ';', '\t', '|')),
    decimal: v.optional(oneOf('.', ',')),
    missing: v.optional(v.array(text), []),
    sheet: v.optional(text),
    /** Every column of the file that is used, with what it holds. */
    columns: v.record(text, oneOf(...TYPES)),
    /** Columns of the file that are left out. */
    ignored: v.optional(v.array(text), []),
    /** By what the project calls them. */
    rename: v.optional(v.record(text, text), {}),
    /** What no two rows have alike. */
    key: v.optional(v.array(text)),
  }),
  v.check((t) => (t.url === undefined) === (t.sha256 === undefined), 'url and sha256 together'),
);

const join = v.strictObject({
  table: text,
  on: v.pipe(v.array(text, 'a list of columns'), v.minLength(1, 'a list of columns')),
  /** many_to_one: several rows may have the same one of the table; one_to_one: none do. */
  kind: oneOf('many_to_one', 'one_to_one'),
  /** What becomes of a row that has none. */
  unmatched: oneOf('quarantine', 'keep', 'stop'),
});

const schema = v.strictObject({
  /** The table whose rows become the rows; what its folder gets later are increments. */
  base: v.string('the name of a table, "" for none'),
  tables: v.record(text, table),
  joins: v.array(join, 'a list of joins'),
});

export type SourcesSettings = v.InferOutput<typeof schema>;
export type SourceTable = SourcesSettings['tables'][string];
export type Join = SourcesSettings['joins'][number];

export const SOURCES = 'sources';

/** What a table's column is called in the project. */
export function nameOf({ rename }: SourceTable, column: string): string {
  return rename[column] ?? column;
}

export const sourcesSection = {
  name: SOURCES,
  schema,
  brings: true,
  check({ base, tables, joins }: SourcesSettings, config: Config, fault: SettingFault) {
    if (config.data.source !== SOURCES) return;
    const tableOf = (keys: string[], name: string): SourceTable => {
      const found = Object.hasOwn(tables, name) ? tables[name] : undefined;
      if (found === undefined)
        throw fault(
          keys,
          `"${name}" is no table of chapters.sources.tables${didYouMean(name, Object.keys(tables))}`,
        );
      return found;
    };
    const { csv } = config.data;
    if (
      csv.separator !== ',' ||
      !csv.header ||
      csv.decimal !== '.' ||
      csv.missing.length > 0 ||
      csv.comment !== ''
    )
      throw fault(
        [],
        'the raw file is made from tables, so data.csv is plain: separator ",", header, no comment, no missing texts, decimal "."',
      );
    const columns = new Map(
      Object.keys(tableOf(['base'], base).columns).map((name) => [nameOf(tables[base]!, name), base]),
    );
    for (const [i, { table: name, on }] of joins.entries()) {
      const keys = ['joins', String(i)];
      const joined = tableOf(keys, name);
      const own = Object.keys(joined.columns).map((column) => nameOf(joined, column));
      const unknown = on.find((column) => !columns.has(column) || !own.includes(column));
      if (unknown !== undefined) throw fault(keys, `"${unknown}" is not a column of both sides`);
      const twice = own.find((column) => columns.has(column) && !on.includes(column));
      if (twice !== undefined)
        throw fault(keys, `"${twice}" is a column of ${columns.get(twice)} already: rename it`);
      for (const column of own) columns.set(column, columns.get(column) ?? name);
    }
    const missing = Object.keys(config.schema).filter((name) => !columns.has(name));
    if (missing.length > 0)
      throw fault(
        ['tables'],
        `no table has the column "${missing[0]}" of the schema${didYouMean(missing[0]!, columns.keys())}`,
      );
    for (const [name, { columns: of, rename, key = [], ignored }] of Object.entries(tables)) {
      const unknown = [...Object.keys(rename), ...key].find((column) => !Object.hasOwn(of, column));
      if (unknown !== undefined) throw fault(['tables', name], `"${unknown}" is not among its columns`);
      const both = ignored.find((column) => Object.hasOwn(of, column));
      if (both !== undefined) throw fault(['tables', name], `"${both}" is both used and ignored`);
    }
  },
} as const;
