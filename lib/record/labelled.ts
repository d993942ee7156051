/** Labelled production rows as files, and the ledger of which of them each data version joins to the raw rows. */
import { appendRows, filesIn, type Ledgers, rowsOf } from './catalogue.ts';

export interface LabelledFile {
  /** As the config would name it. */
  readonly path: string;
  readonly sha256: string;
}

/** The labelled files of each data version that has any, in the order in which they join. */
export function readLabelled(ledgers: Ledgers): Map<string, LabelledFile[]> {
  return new Map(
    rowsOf(ledgers.labelled).map(([, version = '', files = '']) => [version, filesIn(files, ' ')]),
  );
}

/** The labelled files of one data version; undefined where nothing was said of it. */
export function labelledFiles(ledgers: Ledgers, dataVersion: string): LabelledFile[] | undefined {
  return readLabelled(ledgers).get(dataVersion);
}

/** Says once and for all which labelled files a data version joins, though it were none. */
export function recordLabelled(
  ledgers: Ledgers,
  dataVersion: string,
  labelled: readonly LabelledFile[],
): void {
  const files = labelled.map(({ path, sha256 }) => `${path}@${sha256}`).join(' ');
  appendRows(ledgers.labelled, [[new Date().toISOString(), dataVersion, files]]);
}
