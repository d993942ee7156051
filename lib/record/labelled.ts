/** Labelled production rows as files, and the ledger of which of them each data version joins to the raw rows. */
import { csvParseRows } from 'd3-dsv';
import type { Project } from '../config/load.ts';
import { csvLine } from '../files/csv.ts';
import { sha256File } from '../files/hash.ts';
import { appendLedger } from '../files/ledger.ts';
import { ledgersOf, linesOf } from './catalogue.ts';

export interface LabelledFile {
  /** As the config would name it. */
  readonly path: string;
  readonly sha256: string;
}

/** The file of labelled rows that are new with a data version. */
export function labelledPath({ config }: Project, dataVersion: string): string {
  return `${config.data.production_dir}/labelled_${dataVersion}.csv`;
}

/** The labelled files of each data version that has any, in the order in which they join. */
export function readLabelled(project: Project): Map<string, LabelledFile[]> {
  return new Map(
    linesOf(ledgersOf(project).labelled).map(({ body }) => {
      const [, version = '', files = ''] = csvParseRows(body)[0]!;
      const parsed = files.split(' ').map((file) => {
        const [path = '', sha256 = ''] = file.split('@');
        return { path, sha256 };
      });
      return [version, parsed];
    }),
  );
}

/** The labelled files of one data version. */
export function labelledFiles(project: Project, dataVersion: string): LabelledFile[] {
  return readLabelled(project).get(dataVersion) ?? [];
}

/** Says once and for all which labelled files a data version joins. */
export function recordLabelled(project: Project, dataVersion: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  const files = paths.map((path) => `${path}@${sha256File(project.path(path))}`).join(' ');
  const { path, format } = ledgersOf(project).labelled;
  appendLedger(path, format, [csvLine([new Date().toISOString(), dataVersion, files])]);
}
