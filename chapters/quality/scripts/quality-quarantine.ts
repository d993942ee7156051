/** Lists the rows that a data version set aside; with OUT as a file to mend, each as it stands in the raw file. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { readTable } from '../../../lib/files/csv.ts';
import { writeThrough } from '../../../lib/files/write.ts';
import { optional, output, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { originalRecords } from '../original.ts';

const SHOWN = 20;

step({ chapters, args: { VERSION: optional, OUT: output } }, (project, { VERSION, OUT }) => {
  const { data } = project.config;
  const version = VERSION ?? data.current_version;
  if (!/^v\d+$/.test(version)) throw badInput(`"${version}" is no data version: v1, v2, v3 …`);
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
    for (const [i, file] of files.entries()) {
      const wanted = new Set(rows.filter((row) => row.file === file).map(({ line }) => Number(line)));
      const { header, records } = originalRecords(file, wanted, data.csv);
      if (i === 0 && data.csv.header) sink(`${header}\n`);
      for (const text of records.values()) sink(`${text}\n`);
    }
  });
  say('', `${OUT}: mend it, then make release CSV=${OUT} BY=you WHY="…"`);
});
