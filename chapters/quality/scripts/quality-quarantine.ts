/** Lists the rows that a data version set aside; with OUT as a file to mend, each as it stands in the raw file. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { csvParseRows, dsvFormat } from 'd3-dsv';
import type { Schema } from '../../../lib/config/schema.ts';
import { type Dialect, PLAIN } from '../../../lib/data/validate.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { readTable } from '../../../lib/files/csv.ts';
import { writeThrough } from '../../../lib/files/write.ts';
import { readIncrements } from '../../../lib/record/increments.ts';
import { readManifest } from '../../../lib/record/manifest.ts';
import { optional, output, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { originalRecords } from '../original.ts';

const SHOWN = 20;

step({ chapters, args: { VERSION: optional, OUT: output } }, (project, { VERSION, OUT }) => {
  const { data, schema } = project.config;
  const increments = new Set(readIncrements(project.ledgers).map(({ path }) => project.path(path)));
  const version = VERSION ?? data.current_version;
  if (!/^v\d+$/.test(version)) throw badInput(`"${version}" is no data version: v1, v2, v3 …`);
  if (!readManifest(project.ledgers).some((line) => line.version === version))
    throw badInput(`there is no data version ${version} yet: make prepare`);
  const path = project.path(data.quarantine_dir, `${version}.csv`);
  if (!existsSync(path)) {
    say('quarantine', `${version} set no row aside`);
    return;
  }
  const rows = readTable(path);
  say('quarantine', `${formatMany(rows.length, 'row')} of ${version}: ${path}`);
  for (const { file, line, reason } of rows.slice(0, SHOWN)) say('', `${file}:${line}  ${reason}`);
  if (rows.length > SHOWN) say('', `… and ${rows.length - SHOWN} more`);
  if (OUT === undefined) {
    say(
      '',
      `make quarantine OUT=mend.csv writes them as a file to mend; make release CSV=mend.csv BY=you WHY="…" takes it in`,
    );
    return;
  }
  const files = [...new Set(rows.map(({ file }) => file!))];
  if (files.some((file) => resolve(file) === resolve(OUT))) throw badInput(`${OUT} is where they came from`);
  writeThrough(OUT, (sink) => {
    // One header and one way of writing, whichever file a row is of: that of the raw file.
    const raw = originalRecords(project.path(data.raw_path), new Set(), data.csv);
    const columns = Object.keys(schema);
    const order = data.csv.header
      ? dsvFormat(data.csv.separator)
          .parseRows(raw.header)[0]!
          .map((name) => name.trim())
      : columns;
    if (data.csv.header) sink(`${raw.header}\n`);
    for (const file of files) {
      const wanted = new Set(rows.filter((row) => row.file === file).map(({ line }) => Number(line)));
      const isIncrement = increments.has(file);
      const { records } = originalRecords(file, wanted, isIncrement ? PLAIN : data.csv);
      for (const text of records.values())
        sink(`${isIncrement ? asRaw(text, columns, order, data.csv, schema) : text}\n`);
    }
  });
  say('', `${OUT}: mend it, then make release CSV=${OUT} BY=you WHY="…"`);
});

/** A row of an increment, which is plain and in the order of the schema, as the raw file would have it. */
function asRaw(
  text: string,
  columns: readonly string[],
  order: readonly string[],
  { separator, decimal }: Dialect,
  schema: Schema,
): string {
  const cells = csvParseRows(text)[0]!;
  const cell = (name: string) => {
    const own = cells[columns.indexOf(name)] ?? '';
    const { type } = schema[name]!;
    return decimal === ',' && (type === 'number' || type === 'integer') ? own.replace('.', ',') : own;
  };
  return dsvFormat(separator).formatRow(order.map(cell));
}
