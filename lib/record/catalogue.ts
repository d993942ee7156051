/**
 * Every append-only file of a project: its name, where it lies, how its lines look, and what anchors it. The audit, the
 * doctor, traces, retention and make clean all work from this one list.
 */
import { lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { csvParseRows } from 'd3-dsv';
import type { Config } from '../config/schema.ts';
import { csvLine } from '../files/csv.ts';
import {
  appendLedger,
  csvLedger,
  jsonLedger,
  type LedgerFormat,
  lastEntry,
  ledgerHead,
  logfmtLedger,
} from '../files/ledger.ts';
import { type LedgerLine, soundLines } from '../files/ledger-reader.ts';
import { namesIn } from '../files/write.ts';

export const DEPLOYMENT_COLUMNS = [
  'time',
  'event',
  'change',
  'model_version',
  'model_sha256',
  'data_version',
  'git_commit',
  'host',
  'port',
  'pid',
  'actor',
  'reason',
  'heads',
] as const;

const SEAL_COLUMNS = [
  'time',
  'segment',
  'models',
  'events',
  'bytes',
  'first',
  'last',
  'sha256',
  'header',
  'head',
] as const;

/** An append-only file: the name under which other ledgers record its head, where it lies, how its lines look. */
export interface Ledger {
  readonly name: string;
  readonly path: string;
  readonly format: LedgerFormat;
}

/** Every ledger of a project: the core's by name, those of chapters, and the folders of logs, one for each server process. */
export type Ledgers = ReturnType<typeof coreLedgers> & {
  readonly chapters: readonly Ledger[];
  readonly predictions: string;
  /** Sensitive columns lie apart from the predictions, so that who reads the one need not see the other. */
  readonly sensitive: string;
  /** Labels by when their predictions were made (truth.ts): made from the stream, so no ledger. */
  readonly truth: string;
  /** Hours of production, and the windows of make windows: made from the stream as well. */
  readonly summaries: string;
  /** How far consumers have come that write to the stream. */
  readonly progress: string;
  /** The key of event ids. */
  readonly idKey: string;
};

/** Where they lie; `path` makes a path of the config one that the current folder understands. */
export function ledgersOf(
  config: Config,
  path: (...parts: string[]) => string,
  chapters: readonly Ledger[] = [],
): Ledgers {
  return {
    ...coreLedgers(config, path),
    chapters,
    predictions: path(config.data.production_dir, 'predictions'),
    sensitive: path(config.data.production_dir, 'sensitive'),
    truth: path(config.data.production_dir, 'truth'),
    summaries: path(config.data.production_dir, 'summaries'),
    progress: path(config.data.production_dir, 'progress'),
    idKey: path(config.data.production_dir, 'ids.key'),
  };
}

function coreLedgers(config: Config, path: (...parts: string[]) => string) {
  const { paths, data } = config;
  const csv = (name: string, file: string, columns: readonly string[]) => ({
    name,
    path: file,
    format: csvLedger(columns),
  });
  const log = (name: string, file: string, what: string) => ({
    name,
    path: file,
    format: logfmtLedger(`# One line per ${what}. Each line is chained to the one before.\n`),
  });
  const models = (file: string) => path(paths.models, file);
  const production = (file: string) => path(data.production_dir, file);
  return {
    manifest: log('manifest', path(paths.manifest), 'artefact: which script made it from what'),
    models: log('models', models('model_metadata.log'), 'registered model version'),
    deployments: csv('deployments', path(paths.deployment_log), DEPLOYMENT_COLUMNS),
    decisions: csv('decisions', models('decisions.csv'), [
      'time',
      'decision',
      'model_version',
      'reasons',
      'evidence',
      'heads',
    ]),
    monitoring: { name: 'monitoring', path: models('monitor_history.jsonl'), format: jsonLedger },
    labels: csv('labels', production('labels.csv'), ['id', 'label', 'time']),
    labelled: csv('labelled', production('labelled.csv'), ['time', 'data_version', 'files']),
    increments: csv('increments', path(dirname(data.raw_path), 'increments.csv'), [
      'time',
      'path',
      'sha256',
      'rows',
      'from',
      'from_sha256',
      'by',
      'why',
    ]),
    segments: csv('segments', production('segments.csv'), SEAL_COLUMNS),
    dropped: csv('dropped', production('dropped.csv'), ['time', 'file', 'lines', 'bytes', 'sha256', 'head']),
  } satisfies Record<string, Ledger>;
}

/** In the order in which one process began them: the second of a second is numbered. */
function orderOf(name: string): string {
  return name.replace(/(?:\.(\d+))?\.jsonl$/, (_, number: string | undefined) =>
    String(number ?? 1).padStart(6, '0'),
  );
}

/** The logs of one server process each: predictions, and the sensitive columns that lie apart from them. */
export function logsIn(ledgers: Ledgers, folder: 'predictions' | 'sensitive'): Ledger[] {
  return namesIn(ledgers[folder])
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => ({ name, order: orderOf(name) }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ name }) => name)
    .map((name) => ({ name: `${folder}/${name}`, path: join(ledgers[folder], name), format: jsonLedger }))
    .filter(({ path }) => lstatSync(path).isFile());
}

export function allLogs(ledgers: Ledgers): Ledger[] {
  return [...logsIn(ledgers, 'predictions'), ...logsIn(ledgers, 'sensitive')];
}

/** Every ledger there is: the core's, the chapters', the logs. */
export function catalogue(ledgers: Ledgers): Ledger[] {
  return [...namedLedgers(ledgers), ...allLogs(ledgers)];
}

/** Those that are one file each. */
export function namedLedgers(ledgers: Ledgers): Ledger[] {
  return [...Object.values(namedIn(ledgers)), ...ledgers.chapters];
}

function namedIn({ chapters, predictions, sensitive, truth, summaries, progress, idKey, ...named }: Ledgers) {
  return named;
}

/** The lines of a ledger; fails where they are damaged. */
export function linesOf({ path, format }: Ledger): readonly LedgerLine[] {
  return soundLines(path, format);
}

/** Files as a line names them, path@sha256 each; a path may hold an @ itself. */
export function filesIn(text: string, separator: string): { path: string; sha256: string }[] {
  return text
    .split(separator)
    .filter(Boolean)
    .map((file) => {
      const at = file.lastIndexOf('@');
      return { path: file.slice(0, at), sha256: file.slice(at + 1) };
    });
}

/** The cells of each line of a CSV ledger. */
export function rowsOf(ledger: Ledger): string[][] {
  return linesOf(ledger).map(({ body }) => csvParseRows(body)[0]!);
}

/** Appends lines of cells; `waitMs` is how long another program that writes the ledger is waited for. */
export function appendRows(
  { path, format }: Ledger,
  rows: readonly (readonly string[])[],
  waitMs?: number,
): void {
  appendLedger(path, format, rows.map(csvLine), waitMs);
}

/** Files written within this time of each other may have the order of their times the other way round. */
const SLACK_MS = 2000;

/**
 * name=chain of every ledger that has lines, except the one that will hold this. Of the prediction logs, which grow in
 * number, only those written since the last deployment line: the others' heads are in a line before.
 */
export function headsOf(ledgers: Ledgers, except: string): string {
  const { deployments, ...others } = namedIn(ledgers);
  const last = lastEntry(deployments.path, deployments.format)?.body.split(',')[0];
  const since = last === undefined ? 0 : Date.parse(last) - SLACK_MS;
  const logs = allLogs(ledgers).filter(({ path }) => statSync(path).mtimeMs >= since);
  return [deployments, ...Object.values(others), ...ledgers.chapters, ...logs]
    .filter(({ name }) => name !== except)
    .map(({ name, path, format }) => ({ name, head: ledgerHead(path, format) }))
    .filter(({ head }) => head !== '')
    .map(({ name, head }) => `${name}=${head}`)
    .join(' ');
}

/** Heads as headsOf wrote them, and nothing else. */
export function parseHeads(heads: string): { name: string; head: string }[] {
  return heads.split(' ').flatMap((part) => {
    const [, name, head] = /^([a-z]+|(?:predictions|sensitive)\/[^=]+)=([0-9a-f]{32})$/.exec(part) ?? [];
    return name === undefined ? [] : [{ name, head: head! }];
  });
}
