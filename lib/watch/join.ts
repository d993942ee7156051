/** The labelled production rows of a new data version: those of before, less what is taken out, and what was taught since. */
import { UNNAMED } from '../config/values.ts';
import { PREDICTION, SENDER } from '../data/prepare.ts';
import { readTable, writeCsv } from '../files/csv.ts';
import { sha256File } from '../files/hash.ts';
import type { Project } from '../project.ts';
import { type LabelledFile, labelledFiles, recordLabelled } from '../record/labelled.ts';
import { readSensitive } from '../record/predictions.ts';
import { type LabelledRows, labelledRows } from './labelled.ts';
import { readTaught, type Taught } from './taught.ts';

/** A row that does not join, and why. */
export interface HeldRow {
  readonly row: Taught;
  readonly reason: string;
}

/** Says which of what was taught may be learnt; the others stay out, each with a reason. */
export type Admission = (taught: readonly Taught[]) => {
  admitted: readonly Taught[];
  held: readonly HeldRow[];
};

export interface Joined {
  readonly rows: LabelledRows;
  /** Labels of senders without a name, from which nothing is learnt. */
  readonly strangers: number;
  readonly held: readonly HeldRow[];
  /** Rows of before that a sender taught who is left out now. */
  readonly removed: number;
}

/** Writes them, and puts on record which files the data version joins. */
export function joinTaught(
  project: Project,
  dataVersion: string,
  admit: Admission,
  without: string | undefined,
): Joined {
  const { config, ledgers, path } = project;
  const earlier = labelledFiles(ledgers, config.data.current_version) ?? [];
  const before = earlier.flatMap((file) => readTable(path(file.path)));
  const joined = new Set(before.map((row) => row[PREDICTION]));
  const { taught, strangers } = readTaught(ledgers, joined);
  const { admitted, held } = admit(taught.filter(({ by }) => by !== without));
  const rows = labelledRows(config, admitted, readSensitive(ledgers, admitted[0]?.time ?? ''));
  const kept = before.filter((row) => senderOf(row) !== without);
  const removed = before.length - kept.length;
  // Nobody is taken out: what is there stays as it is, and the new rows are a file of their own.
  const others: LabelledFile[] = removed === 0 ? earlier : rewritten(project, dataVersion, rows.header, kept);
  const own =
    rows.rows.length === 0 ? [] : [write(project, `labelled_${dataVersion}`, rows.header, rows.rows)];
  recordLabelled(ledgers, dataVersion, [...others, ...own]);
  return { rows, strangers, held, removed };
}

/** Everybody with a name who has sent a label, learnt or not. */
export function sendersOf({ config, ledgers, path }: Project): string[] {
  const files = labelledFiles(ledgers, config.data.current_version) ?? [];
  const learnt = files.flatMap((file) => readTable(path(file.path)).map(senderOf));
  const { taught } = readTaught(ledgers, new Set());
  return [...new Set([...learnt, ...taught.map(({ by }) => by)])].sort();
}

function senderOf(row: Readonly<Record<string, string>>): string {
  return row[SENDER] ?? UNNAMED;
}

/** The rows of before in one file; what was held out then joins training, as it does whenever newer rows are held out. */
function rewritten(
  project: Project,
  dataVersion: string,
  header: readonly string[],
  kept: readonly Readonly<Record<string, string>>[],
): LabelledFile[] {
  if (kept.length === 0) return [];
  const cells = kept.map((row) => header.map((name) => (name === SENDER ? senderOf(row) : row[name]!)));
  return [write(project, `labelled_${dataVersion}_before`, header, cells)];
}

function write(
  { config, path }: Project,
  name: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): LabelledFile {
  const file = `${config.data.production_dir}/${name}.csv`;
  writeCsv(path(file), header, rows);
  return { path: file, sha256: sha256File(path(file)) };
}

/** Rows that nobody may learn from before a person looked, as a table. */
export function heldTable(held: readonly HeldRow[]): { header: string[]; rows: string[][] } {
  return {
    header: [PREDICTION, SENDER, 'time', 'label', 'given', 'reason'],
    rows: held.map(({ row, reason }) => [row.id, row.by, row.time, row.label, row.class, reason]),
  };
}
