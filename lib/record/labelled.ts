/** Labelled production rows as files, and the ledger of which of them each data version joins to the raw rows. */
import { csvParseRows } from 'd3-dsv';
import { csvLine } from '../files/csv.ts';
import { appendLedger } from '../files/ledger.ts';
import { type Ledgers, linesOf } from './catalogue.ts';

export interface LabelledFile {
  /** As the config would name it. */
  readonly path: string;
  readonly sha256: string;
}

/** The labelled files of each data version that has any, in the order in which they join. */
export function readLabelled(ledgers: Ledgers): Map<string, LabelledFile[]> {
  return new Map(
    linesOf(ledgers.labelled).map(({ body }) => {
      const [, version = '', files = ''] = csvParseRows(body)[0]!;
      const parsed = files
        .split(' ')
        .filter(Boolean)
        .map((file) => {
          const [path = '', sha256 = ''] = file.split('@');
          return { path, sha256 };
        });
      return [version, parsed];
    }),
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
  const { path, format } = ledgers.labelled;
  appendLedger(path, format, [csvLine([new Date().toISOString(), dataVersion, files])]);
}
