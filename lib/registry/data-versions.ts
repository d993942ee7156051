/** Data versions: the training and test rows that the raw and labelled rows give, written once, each a line of the manifest. */
import { existsSync } from 'node:fs';
import { rawFiles, settingsHash } from '../config/settings.ts';
import { type Prepared, prepareData } from '../data/prepare.ts';
import { writeRows } from '../data/table.ts';
import { type Dialect, PLAIN } from '../data/validate.ts';
import { badInput, failed } from '../fault.ts';
import { safeCell } from '../files/csv.ts';
import { csvWriter } from '../files/csv-writer.ts';
import { sha256File } from '../files/hash.ts';
import { withLock } from '../files/lock.ts';
import { type Staged, stageFile, touch } from '../files/write.ts';
import { commitOf, type Project } from '../project.ts';
import { incrementsOf } from '../record/increments.ts';
import { labelledFiles, readLabelled, recordLabelled } from '../record/labelled.ts';
import { inputsOf, nextDataVersion, readManifest, recordArtefacts, sourceOf } from '../record/manifest.ts';

export interface DataVersion {
  readonly version: string;
  /** Where the training rows lie, as the config would name it. */
  readonly path: string;
  readonly isNew: boolean;
  /** Whether labelled rows joined, so that the test rows are held-out ones. */
  readonly hasLabelled: boolean;
  readonly prepared: Prepared;
  /** What those say who judged its files. */
  readonly said: readonly string[];
}

/**
 * Judges the raw files of a data version; fails where it may not be made of them. What it returns is said, stands in the manifest's
 * lines, and is put on record once the version is there.
 */
export type DataJudge = (
  project: Project,
  version: string,
  files: readonly { readonly path: string; readonly dialect: Dialect }[],
) => {
  readonly facts: Readonly<Record<string, string>>;
  readonly said: readonly string[];
  keep(): void;
};

/**
 * Makes a data version, or finds that it is there with the same content; fails where its content would be another. A new
 * version joins the labelled files of the one that it follows, unless it has its own on record.
 */
export function makeDataVersion(
  project: Project,
  version: string,
  judges: readonly DataJudge[],
): DataVersion {
  const { config } = project;
  const lock = project.path(config.data.processed_dir, '.prepare.lock');
  return withLock(lock, 0, () => {
    const { current_version } = config.data;
    const own = labelledFiles(project.ledgers, version);
    const labelled = own ?? labelledFiles(project.ledgers, current_version) ?? [];
    for (const { path, sha256 } of labelled)
      if (!existsSync(project.path(path)) || sha256File(project.path(path)) !== sha256)
        throw failed(`${project.path(path)}  is not the file of labelled rows that is on record: make audit`);
    const paths = labelled.map(({ path }) => path);
    const increments = incrementsOf(project.ledgers, version);
    const files = [
      ...rawFiles(config).map((path) => ({ path: project.path(path), dialect: config.data.csv })),
      ...increments.map(({ path }) => ({ path: project.path(path), dialect: PLAIN })),
    ];
    for (const { path, sha256 } of increments)
      if (!existsSync(project.path(path)) || sha256File(project.path(path)) !== sha256)
        throw failed(`${project.path(path)}  is not the increment that is on record: make audit`);
    const prepared = prepareData(
      config,
      (path) => project.path(path),
      paths,
      increments.map(({ path }) => path),
    );
    const judged = judges.map((judge) => judge(project, version, files));
    const said = judged.flatMap((each) => each.said);
    const [last] = [...readLabelled(project.ledgers)].filter(([, files]) => files.length > 0).at(-1) ?? [];
    const isLater = last !== undefined && Number(version.slice(1)) > Number(last.slice(1));
    if (labelled.length === 0 && isLater)
      said.push(
        `the labelled rows that ${last} joined are not in it: a new version follows the one that the config names, ${current_version}`,
      );
    const about = { version, said, path: partPath(project, version, 'train'), hasLabelled: paths.length > 0 };
    const staged: OutputFile[] = [];
    try {
      for (const { path, rows, write } of contentOf(project, version, prepared))
        staged.push({ path, rows, file: stageFile(project.path(path), write) });
      refuseOtherContent(project, version, staged);
      if (staged.every(({ file }) => existsSync(file.path))) {
        for (const { file } of staged) touch(file.path);
        return { ...about, isNew: false, prepared };
      }
      if (own === undefined && labelled.length > 0) recordLabelled(project.ledgers, version, labelled);
      for (const { file } of staged) file.keep();
      const recorded = new Set(readManifest(project.ledgers).map((line) => line.path));
      const raw = rawFiles(config).map((path) => ({ path, sha256: sha256File(project.path(path)) }));
      const inputs = [...raw, ...increments.map(({ path, sha256 }) => ({ path, sha256 })), ...labelled];
      recordArtefacts(
        project.ledgers,
        { script: 'scripts/data-prepare.ts', commit: commitOf(project) },
        staged
          .filter(({ path }) => !recorded.has(path))
          .map(({ path, rows, file }) => ({
            version,
            path,
            sha256: file.sha256,
            rows,
            columns: prepared.table.columns.length,
            source: rawSource(project),
            config: settingsHash(config, 'prepare'),
            inputs,
            taught: prepared.taught,
            facts: Object.assign({}, ...judged.map(({ facts }) => facts)),
          })),
      );
      for (const { keep } of judged) keep();
      return { ...about, isNew: true, prepared };
    } finally {
      for (const { file } of staged) file.drop();
    }
  });
}

/** Where the raw rows came from, as they were recorded: simulated, uci or file. */
export function rawSource({ config, path, ledgers }: Project): string {
  return sourceOf(ledgers, sha256File(path(config.data.raw_path))) ?? config.data.source;
}

/** A part of a data version, as the config would name it. */
export function partPath({ config }: Project, version: string, part: 'train' | 'test'): string {
  return `${config.data.processed_dir}/${version}_${part}.csv`;
}

interface OutputFile {
  readonly path: string;
  readonly rows: number;
  readonly file: Staged;
}

interface Content {
  readonly path: string;
  readonly rows: number;
  readonly write: (sink: (piece: Uint8Array) => void) => void;
}

function contentOf(project: Project, version: string, { table, train, test, invalid }: Prepared): Content[] {
  const part = (name: 'train' | 'test', rows: Int32Array): Content => ({
    path: partPath(project, version, name),
    rows: rows.length,
    write: (sink) => writeRows(table, rows, sink),
  });
  const quarantined: Content = {
    path: `${project.config.data.quarantine_dir}/${version}.csv`,
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
  const manifest = readManifest(project.ledgers);
  for (const { path, file } of staged) {
    const line = manifest.filter((entry) => entry.path === path).at(-1);
    const known = line?.sha256 ?? (existsSync(file.path) ? sha256File(file.path) : undefined);
    if (known === undefined || known === file.sha256) continue;
    const madeFrom = inputsOf(line ?? {})[0]?.sha256.slice(0, 12) ?? 'unknown';
    const raw = sha256File(project.path(project.config.data.raw_path)).slice(0, 12);
    const why =
      madeFrom === raw
        ? 'its settings were others'
        : `it was made from raw ${madeFrom}…, this is raw ${raw}…`;
    throw badInput(
      `data version ${version} exists with other content (${why}).\n           Versions are never overwritten: make prepare VERSION=${nextDataVersion(project.ledgers, project.path(project.config.data.processed_dir))}`,
    );
  }
}

/** Days of production that are replayed: rows that training never saw, as they are or as replay changes them. */
export const DAYS = ['quiet', 'bad'] as const;

export function dayPath(project: Project, day: (typeof DAYS)[number]): string {
  const { data, replay } = project.config;
  return day === 'bad'
    ? project.path(data.production_dir, 'bad.csv')
    : project.path(partPath(project, replay.data_version, 'test'));
}
