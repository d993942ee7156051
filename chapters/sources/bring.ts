/** Tables brought together: the raw file of the files that are there at first, an increment of each that comes later. */
import { existsSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { sectionOf } from '../../lib/config/parse.ts';
import { settingsHash } from '../../lib/config/settings.ts';
import { badInput } from '../../lib/fault.ts';
import { safeCell } from '../../lib/files/csv.ts';
import { csvWriter } from '../../lib/files/csv-writer.ts';
import { sha256File } from '../../lib/files/hash.ts';
import { openStaged, type Staged, touch, writeThrough } from '../../lib/files/write.ts';
import { commitOf, type Project } from '../../lib/project.ts';
import { inputsOf, readManifest, recordArtefacts } from '../../lib/record/manifest.ts';
import { type Composed, compose, type Lookup, readLookup, type SetAside } from './compose.ts';
import { filesOf, type SourceFile } from './files.ts';
import { sourcesSection } from './settings.ts';

export interface Brought {
  readonly composed: Composed;
  readonly staged: Staged;
  readonly lookups: readonly Lookup[];
  /** Where rows that were set aside are kept; undefined without any. */
  readonly setAside: string | undefined;
}

function asideOf(project: Project): string {
  return project.state('sources', 'plain');
}

export async function readLookups(project: Project): Promise<Lookup[]> {
  const { joins, tables } = sectionOf(project.config, sourcesSection);
  const lookups: Lookup[] = [];
  for (const join of joins) {
    const table = tables[join.table]!;
    lookups.push(await readLookup(await filesOf(project, join.table, table), join, table, asideOf(project)));
  }
  return lookups;
}

/** Files of the base table. */
export function baseFiles(project: Project): Promise<SourceFile[]> {
  const { base, tables } = sectionOf(project.config, sourcesSection);
  return filesOf(project, base, tables[base]!);
}

/** Composes some files of the base to a file, which is not in its place yet. */
export async function bring(
  project: Project,
  files: readonly SourceFile[],
  lookups: readonly Lookup[],
  to: string,
): Promise<Brought> {
  const settings = sectionOf(project.config, sourcesSection);
  const columns = Object.keys(project.config.schema);
  const aside: SetAside[] = [];
  const open = openStaged(project.path(to));
  try {
    const csv = csvWriter(open.sink);
    csv.record(columns);
    const composed = await compose(
      settings,
      files,
      lookups,
      columns,
      asideOf(project),
      (cells) => csv.record(cells),
      (row) => aside.push(row),
    );
    csv.end();
    rmSync(asideOf(project), { force: true });
    if (composed.rowsOut === 0 && to === project.config.data.raw_path)
      throw badInput(
        `${files[0]!.path}  gives no row: the raw file would be empty${aside[0] === undefined ? '' : ` (${aside[0].file}:${aside[0].line}  ${aside[0].reason})`}`,
      );
    const staged = open.end();
    const setAside = project.path(project.config.data.quarantine_dir, `sources_${basename(to)}`);
    if (aside.length > 0)
      writeThrough(setAside, (write) => {
        const csv = csvWriter(write);
        csv.record(['file', 'line', 'reason', 'cells']);
        for (const { file, line, reason, cells } of aside)
          csv.record([file, String(line), reason, cells.join(' | ')].map(safeCell));
        csv.end();
      });
    return { composed, staged, lookups, setAside: aside.length > 0 ? setAside : undefined };
  } catch (error) {
    throw open.abort(error);
  }
}

/** Makes the raw file, or finds that it is there with the same content. Returns what was done; undefined where nothing was. */
export async function bringRaw(
  project: Project,
): Promise<(Brought & { files: readonly SourceFile[] }) | undefined> {
  const { raw_path } = project.config.data;
  const path = project.path(raw_path);
  const recorded = readManifest(project.ledgers)
    .filter((line) => line.path === raw_path)
    .at(-1);
  const all = await baseFiles(project);
  // What came since is for increments: the raw file is what it was.
  const before = new Set(inputsOf(recorded ?? {}).map(({ path: name }) => name));
  const files = recorded === undefined ? all : all.filter(({ name }) => before.has(name));
  const lookups = await readLookups(project);
  const brought = await bring(project, files, lookups, raw_path);
  const { staged } = brought;
  if (existsSync(path)) {
    staged.drop();
    if (sha256File(path) !== staged.sha256)
      throw badInput(
        `${path} exists with other content than its sources give now, and raw data is never overwritten.\n           Put back what was changed, or set data.raw_path to a new file, then make prepare VERSION=v2 (or the next free version).`,
      );
    touch(path);
    return undefined;
  }
  staged.keep();
  recordBrought(project, raw_path, brought, files, 'raw', 'scripts/data-ingest.ts');
  return { ...brought, files };
}

/** A line for each file, for each join and for what they became, each with rows in and out. */
export function recordBrought(
  project: Project,
  to: string,
  { composed, staged, lookups }: Brought,
  files: readonly SourceFile[],
  version: string,
  script: string,
): void {
  const settings = sectionOf(project.config, sourcesSection);
  const about = { source: project.config.data.source, config: settingsHash(project.config, 'raw') };
  const source = (table: string, { name, sha256 }: SourceFile, rows: number, columns: number) => ({
    version: 'source',
    path: name,
    sha256,
    rows,
    columns,
    ...about,
    inputs: [],
    facts: { table },
  });
  const known = new Set(readManifest(project.ledgers).map(({ path, sha256 }) => `${path}@${sha256}`));
  const isNew = ({ name, sha256 }: SourceFile) => !known.has(`${name}@${sha256}`);
  const inputs = [...files, ...lookups.flatMap((lookup) => lookup.files)].map(({ name, sha256 }) => ({
    path: name,
    sha256,
  }));
  const width = Object.keys(project.config.schema).length;
  const joined = lookups.map(({ join: { table, on, kind, unmatched }, files: of }, i) => {
    const count = composed.joins[i]!;
    return {
      version: 'join',
      path: of[0]!.name,
      sha256: of[0]!.sha256,
      rows: count.matched,
      columns: width,
      ...about,
      inputs: [],
      facts: { table, on: on.join('+'), kind, unmatched: `${unmatched}:${count.unmatched}` },
    };
  });
  recordArtefacts(project.ledgers, { script, commit: commitOf(project) }, [
    ...files
      .filter(isNew)
      .map((file) =>
        source(
          settings.base,
          file,
          composed.rowsIn,
          Object.keys(settings.tables[settings.base]!.columns).length,
        ),
      ),
    ...lookups.flatMap(({ files: of, join: { table }, rows, names }) =>
      of.filter(isNew).map((file) => source(table, file, rows.size, names.length)),
    ),
    ...joined,
    ...(version === 'raw'
      ? [
          {
            version,
            path: to,
            sha256: staged.sha256,
            rows: composed.rowsOut,
            columns: width,
            ...about,
            inputs,
            facts: { rows_in: String(composed.rowsIn) },
          },
        ]
      : []),
  ]);
}
