/** manifest.txt: which artefact was made by which script from what. */
import { existsSync, readdirSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { VERSION } from '../config/schema.ts';
import { currentCommit, describeCommit } from '../files/git.ts';
import { sha256File } from '../files/hash.ts';
import { appendLedger } from '../files/ledger.ts';
import { formatLogfmt, parseLogfmt } from '../files/logfmt.ts';
import { ledgersOf, linesOf } from './catalogue.ts';
import { readLabelled } from './labelled.ts';

/** What the manifest says of an artefact; keys that are absent were not written. */
export type Artefact = Readonly<Record<string, string>>;

/** Lines of the manifest, oldest first. */
export function readManifest(project: Project): Artefact[] {
  return linesOf(ledgersOf(project).manifest).map(({ body }) => parseLogfmt(body));
}

/** Appends one line per artefact; `inputs` are paths of the project. Paths are as the config names them. */
export function recordArtefacts(
  project: Project,
  script: string,
  artefacts: readonly {
    readonly version: string;
    readonly path: string;
    readonly sha256: string;
    readonly rows: number;
    readonly columns: number;
    readonly source: string;
    /** Hash of the settings it was made by. */
    readonly config: string;
    readonly inputs: readonly string[];
  }[],
): void {
  const time = new Date().toISOString();
  const commit = describeCommit(currentCommit(project.configPath));
  const { path, format } = ledgersOf(project).manifest;
  const lines = artefacts.map(({ version, path: file, sha256, rows, columns, source, config, inputs }) => {
    const from = inputs.map((input) => `${input}@${sha256File(project.path(input))}`).join(',');
    const made = { time, version, path: file, sha256, rows, columns, source, script, commit, config };
    return formatLogfmt(from === '' ? made : { ...made, inputs: from });
  });
  appendLedger(path, format, lines);
}

/** What an artefact was made from, by path and sha256. */
export function inputsOf({ inputs = '' }: Artefact): { path: string; sha256: string }[] {
  return inputs
    .split(',')
    .filter(Boolean)
    .map((input) => {
      const [path = '', sha256 = ''] = input.split('@');
      return { path, sha256 };
    });
}

/** The first data version that nothing has taken: no line of a ledger, and no file that a killed run left. */
export function nextDataVersion(project: Project): string {
  const folder = project.path(project.config.data.processed_dir);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const taken = [
    ...readManifest(project).map(({ version = '' }) => version),
    ...readLabelled(project).keys(),
    ...files.map((file) => file.split('_')[0]!),
  ].flatMap((version) => (VERSION.test(version) ? [Number(version.slice(1))] : []));
  return `v${Math.max(0, ...taken) + 1}`;
}

/** Where the raw rows came from: simulated ones stay simulated, whatever data.source says of the same bytes later. */
export function sourceOf(project: Project): string {
  const raw = sha256File(project.path(project.config.data.raw_path));
  const made = readManifest(project).find(({ version, sha256 }) => version === 'raw' && sha256 === raw);
  return made?.source ?? project.config.data.source;
}
