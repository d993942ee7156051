/** Checks, splits and cleans the raw rows into the training and test rows of one data version. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadProject, type Project } from '../lib/config/load.ts';
import { VERSION } from '../lib/config/schema.ts';
import { rawFiles, settingsHash } from '../lib/config/settings.ts';
import { type Prepared, prepareData } from '../lib/data/prepare.ts';
import { writeRows } from '../lib/data/table.ts';
import { badInput } from '../lib/fault.ts';
import { safeCell } from '../lib/files/csv.ts';
import { csvWriter } from '../lib/files/csv-writer.ts';
import { currentCommit, describeCommit } from '../lib/files/git.ts';
import { sha256File } from '../lib/files/hash.ts';
import { takeLock } from '../lib/files/lock.ts';
import { type Staged, stageFile, touch } from '../lib/files/write.ts';
import { recordArtefacts } from '../lib/registry/ledgers.ts';
import { nextDataVersion, readManifest, sourceOf } from '../lib/registry/manifest.ts';
import { formatCount, run, say } from '../lib/terminal.ts';

run(() => {
  const { values } = parseArgs({ options: { version: { type: 'string' } } });
  const project = loadProject();
  const { config } = project;
  const version = values.version ?? config.data.current_version;
  if (!VERSION.test(version)) throw badInput(`"${version}" is no data version: v1, v2, v3 …`);
  const release = takeLock(project.path(config.data.processed_dir, '.prepare.lock'));
  const staged: OutputFile[] = [];
  try {
    const prepared = prepareData(config, (path) => project.path(path));
    for (const { path, rows, write } of contentOf(project, version, prepared))
      staged.push({ path, rows, file: stageFile(project.path(path), write) });
    refuseOtherContent(project, version, staged);
    if (staged.every(({ file }) => existsSync(file.path))) {
      for (const { file } of staged) touch(file.path);
      say('prepare', `${version} unchanged: the same rows as before`);
      return;
    }
    for (const { file } of staged) file.keep();
    const recorded = new Set(readManifest(project).map((line) => line.path));
    const added = staged.filter(({ path }) => !recorded.has(path));
    recordArtefacts(project, linesOf(project, version, added, prepared));
    const { train, test, invalid } = prepared;
    const where = invalid.length > 0 ? ` (${config.data.quarantine_dir}/${version}.csv)` : '';
    say(
      'prepare',
      `${version}  ${formatCount(train.length)} train · ${formatCount(test.length)} ${config.data.labelled.length > 0 ? 'held out' : 'production'} · ${invalid.length} quarantined${where}`,
    );
    for (const [column, count] of Object.entries(prepared.imputed))
      say('', `${count} missing in "${column}" filled (${config.schema[column]!.missing})`);
  } finally {
    for (const { file } of staged) file.drop();
    release();
  }
});

interface OutputFile {
  /** As the config and the manifest name it. */
  readonly path: string;
  readonly rows: number;
  readonly file: Staged;
}

interface Content {
  readonly path: string;
  readonly rows: number;
  readonly write: (sink: (piece: Uint8Array) => void) => void;
}

function contentOf(
  { config }: Project,
  version: string,
  { table, train, test, invalid }: Prepared,
): Content[] {
  const { processed_dir, quarantine_dir } = config.data;
  const part = (name: string, rows: Int32Array): Content => ({
    path: `${processed_dir}/${version}_${name}.csv`,
    rows: rows.length,
    write: (sink) => writeRows(table, rows, sink),
  });
  const quarantined: Content = {
    path: `${quarantine_dir}/${version}.csv`,
    rows: invalid.length,
    write: (sink) => {
      const csv = csvWriter(sink);
      csv.record(['file', 'line', 'reason', 'cells']);
      for (const { file, line, reasons, cells } of invalid)
        csv.record([file, String(line), reasons.join('; '), cells.join(' | ')].map(safeCell));
      csv.end();
    },
  };
  return [part('train', train), part('test', test), ...(invalid.length === 0 ? [] : [quarantined])];
}

/** A version means one content for ever, whether its files are still there or only its line in the manifest. */
function refuseOtherContent(project: Project, version: string, staged: readonly OutputFile[]): void {
  const manifest = readManifest(project);
  for (const { path, file } of staged) {
    const line = manifest.filter((entry) => entry.path === path).at(-1);
    const known = line?.sha256 ?? (existsSync(file.path) ? sha256File(file.path) : undefined);
    if (known === undefined || known === file.sha256) continue;
    const madeFrom = line?.inputs?.split(',')[0]?.split('@')[1]?.slice(0, 12) ?? 'unknown';
    const raw = sha256File(project.path(project.config.data.raw_path)).slice(0, 12);
    const why =
      madeFrom === raw
        ? 'its settings were others'
        : `it was made from raw ${madeFrom}…, this is raw ${raw}…`;
    throw badInput(
      `data version ${version} exists with other content (${why}).\n           Versions are never overwritten: make prepare VERSION=${nextDataVersion(project)}`,
    );
  }
}

/** What the manifest says of the files. */
function linesOf(
  project: Project,
  version: string,
  files: readonly OutputFile[],
  { table }: Prepared,
): Record<string, string | number>[] {
  const { data } = project.config;
  const inputs = [...rawFiles(project.config), ...data.labelled].map(
    (input) => `${input}@${sha256File(project.path(input))}`,
  );
  const origin = {
    columns: table.columns.length,
    source: sourceOf(project),
    script: 'scripts/data-prepare.ts',
    commit: describeCommit(currentCommit(project.configPath)),
    config: settingsHash(project.config, 'prepare'),
    inputs: inputs.join(','),
  };
  const time = new Date().toISOString();
  return files.map(({ path, rows, file }) => ({ time, version, path, sha256: file.sha256, rows, ...origin }));
}
