/** Checks, splits and cleans the raw rows into the training and test rows of one data version. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { csvFormatRow } from 'd3-dsv';
import { loadProject, type Project } from '../lib/config/load.ts';
import { VERSION } from '../lib/config/schema.ts';
import { rawFiles, settingsHash } from '../lib/config/settings.ts';
import { type Prepared, prepareData } from '../lib/data/prepare.ts';
import { badInput } from '../lib/fault.ts';
import { safeCell } from '../lib/files/csv.ts';
import { currentCommit, describeCommit } from '../lib/files/git.ts';
import { sha256, sha256File } from '../lib/files/hash.ts';
import { takeLock } from '../lib/files/lock.ts';
import { touch, writeAtomic } from '../lib/files/write.ts';
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
  try {
    const prepared = prepareData(config, (path) => project.path(path));
    const files = filesOf(project, version, prepared);
    refuseOtherContent(project, version, files);
    if (files.every(({ path }) => existsSync(project.path(path)))) {
      for (const { path } of files) touch(project.path(path));
      say('prepare', `${version} unchanged: the same rows as before`);
      return;
    }
    for (const { path, text } of files) writeAtomic(project.path(path), text);
    const recorded = new Set(readManifest(project).map((line) => line.path));
    recordArtefacts(
      project,
      files.filter(({ path }) => !recorded.has(path)).map((file) => lineOf(project, version, file, prepared)),
    );
    const { train, test, invalid } = prepared;
    const where = invalid.length > 0 ? ` (${config.data.quarantine_dir}/${version}.csv)` : '';
    say(
      'prepare',
      `${version}  ${formatCount(train.length)} train · ${formatCount(test.length)} ${config.data.labelled.length > 0 ? 'held out' : 'production'} · ${invalid.length} quarantined${where}`,
    );
    for (const [column, count] of Object.entries(prepared.imputed))
      say('', `${count} missing in "${column}" filled (${config.schema[column]!.missing})`);
  } finally {
    release();
  }
});

interface OutputFile {
  /** As the config and the manifest name it. */
  readonly path: string;
  readonly text: string;
  readonly rows: number;
}

function filesOf(
  { config }: Project,
  version: string,
  { header, train, test, invalid }: Prepared,
): OutputFile[] {
  const csv = (head: readonly string[], rows: readonly (readonly string[])[]) =>
    `${[head, ...rows].map((cells) => csvFormatRow(cells as string[])).join('\n')}\n`;
  const { processed_dir, quarantine_dir } = config.data;
  const quarantined = invalid.map(({ file, line, reasons, cells }) =>
    [file, String(line), reasons.join('; '), cells.join(' | ')].map(safeCell),
  );
  return [
    { path: `${processed_dir}/${version}_train.csv`, text: csv(header, train), rows: train.length },
    { path: `${processed_dir}/${version}_test.csv`, text: csv(header, test), rows: test.length },
    ...(invalid.length === 0
      ? []
      : [
          {
            path: `${quarantine_dir}/${version}.csv`,
            text: csv(['file', 'line', 'reason', 'cells'], quarantined),
            rows: invalid.length,
          },
        ]),
  ];
}

/** A version means one content for ever, whether its files are still there or only its line in the manifest. */
function refuseOtherContent(project: Project, version: string, files: readonly OutputFile[]): void {
  const manifest = readManifest(project);
  for (const { path, text } of files) {
    const line = manifest.filter((entry) => entry.path === path).at(-1);
    const known =
      line?.sha256 ?? (existsSync(project.path(path)) ? sha256File(project.path(path)) : undefined);
    if (known === undefined || known === sha256(text)) continue;
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

function lineOf(
  project: Project,
  version: string,
  { path, text, rows }: OutputFile,
  { header }: Prepared,
): Record<string, string | number> {
  const { data } = project.config;
  const inputs = [...rawFiles(project.config), ...data.labelled].map(
    (input) => `${input}@${sha256File(project.path(input))}`,
  );
  return {
    time: new Date().toISOString(),
    version,
    path,
    sha256: sha256(text),
    rows,
    columns: header.length,
    source: sourceOf(project),
    script: 'scripts/data-prepare.ts',
    commit: describeCommit(currentCommit(project.configPath)),
    config: settingsHash(project.config, 'prepare'),
    inputs: inputs.join(','),
  };
}
