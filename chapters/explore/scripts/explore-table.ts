/** A first look at a table as a page: the raw rows, any file of the schema, or two data versions side by side. */
import { VERSION } from '../../../lib/config/values.ts';
import { PLAIN } from '../../../lib/data/validate.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import type { Project } from '../../../lib/project.ts';
import { partPath } from '../../../lib/registry/data-versions.ts';
import { rawParts, readRawTable } from '../../../lib/registry/raw-table.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany, formatPercent } from '../../../lib/words.ts';
import { compareTables } from '../compare.ts';
import { comparisonPage } from '../compare-page.ts';
import { explore } from '../explored.ts';
import { explorePage } from '../page.ts';

const SAID = 4;

step({ chapters, args: { CSV: optional, A: optional, B: optional } }, async (project, { CSV, A, B }) => {
  if ((A === undefined) !== (B === undefined))
    throw badInput('which two data versions? make explore A=v1 B=v2');
  if (A !== undefined) return compare(project, A, B!);
  const parts = CSV === undefined ? rawParts(project) : [{ path: CSV, dialect: project.config.data.csv }];
  const { table, invalid } = readRawTable(project, parts);
  if (table.rows === 0)
    throw badInput(
      `${parts[0]!.path}  has no row that fits the schema: make check-data CSV=${parts[0]!.path}`,
    );
  const look = { file: parts[0]!.path, invalid, ...explore(table, project.config.model_params.random_state) };
  await write(
    project,
    'explore',
    look,
    await explorePage(look, `make explore${CSV === undefined ? '' : ` CSV=${CSV}`}`),
  );
  const { rows, columns, classes, suspects, duplicates, target } = look;
  say(
    'explore',
    `${look.file}  ${formatMany(rows, 'row')}${invalid === 0 ? '' : ` that fit the schema (${formatCount(invalid)} do not)`}, ${formatMany(columns.length, 'column')}${
      target === ''
        ? ''
        : `, ${target}: ${classes
            .slice(0, SAID)
            .map(([name, count]) => `${name} ${formatPercent(count / rows, 1)}`)
            .join(', ')}`
    }`,
  );
  for (const { column, of, why } of suspects.slice(0, SAID)) say('', `${of}: ${column} ${why}`);
  if (duplicates.inputs > 0)
    say(
      '',
      `${formatMany(duplicates.inputs, 'row')} with the same inputs as another, ${formatCount(duplicates.contradicting)} of them another class`,
    );
  const best = columns
    .filter(({ explains, role }) => explains !== null && role === 'input')
    .sort((a, b) => b.explains! - a.explains!);
  if (best.length > 0)
    say(
      '',
      `says most of ${target}: ${best
        .slice(0, SAID)
        .map(({ name, explains }) => `${name} ${formatPercent(explains!, 1)}`)
        .join(', ')}`,
    );
  say('', project.path(project.config.paths.reports, 'explore.html'));
});

async function compare(project: Project, a: string, b: string): Promise<void> {
  for (const version of [a, b])
    if (!VERSION.test(version)) throw badInput(`"${version}" is no data version: v1, v2, v3 …`);
  const [before, after] = [a, b].map(
    (version) =>
      readRawTable(project, [{ path: project.path(partPath(project, version, 'train')), dialect: PLAIN }])
        .table,
  ) as [ReturnType<typeof readRawTable>['table'], ReturnType<typeof readRawTable>['table']];
  const comparison = compareTables(before, after);
  await write(
    project,
    'explore_compare',
    { a, b, ...comparison },
    await comparisonPage(a, b, comparison, `make explore A=${a} B=${b}`),
  );
  const changed = comparison.columns.filter(({ byChance }) => !byChance);
  say(
    'explore',
    `${b} beside ${a}: ${formatCount(after.rows)} rows against ${formatCount(before.rows)}; ${
      changed.length === 0
        ? 'no column differs beyond chance'
        : changed
            .slice(0, SAID)
            .map(({ column, psi }) => `${column} PSI ${psi.toFixed(2)}`)
            .join(', ')
    }`,
    project.path(project.config.paths.reports, 'explore_compare.html'),
  );
}

async function write(project: Project, name: string, data: unknown, page: string): Promise<void> {
  const at = (ending: string) => project.path(project.config.paths.reports, `${name}.${ending}`);
  writeAtomic(at('json'), json(data));
  writeAtomic(at('html'), page);
}
