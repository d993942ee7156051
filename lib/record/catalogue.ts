/**
 * Every append-only file of a project: its name, where it lies, how its lines look, and what anchors it. The audit, the
 * doctor, traces, retention and make clean all work from this one list.
 */
import { lstatSync, readdirSync, statSync } from 'node:fs';
import type { Ledger, Project } from '../config/load.ts';
import {
  csvLedger,
  jsonLedger,
  type LedgerLine,
  lastEntry,
  ledgerHead,
  logfmtLedger,
  soundLines,
} from '../files/ledger.ts';

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

/** The ledgers that the core itself keeps. */
export function ledgersOf({ config, path }: Pick<Project, 'config' | 'path'>) {
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
    dropped: csv('dropped', production('dropped.csv'), ['time', 'file', 'lines', 'bytes', 'sha256', 'head']),
  } satisfies Record<string, Ledger>;
}

/** The logs of one server process each: predictions, and the sensitive columns that lie apart from them. */
export function logsIn({ config, path }: Project, folder: 'predictions' | 'sensitive'): Ledger[] {
  let names: string[];
  try {
    names = readdirSync(path(config.data.production_dir, folder));
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => ({
      name: `${folder}/${name}`,
      path: path(config.data.production_dir, folder, name),
      format: jsonLedger,
    }))
    .filter(({ path: file }) => lstatSync(file).isFile());
}

export function allLogs(project: Project): Ledger[] {
  return [...logsIn(project, 'predictions'), ...logsIn(project, 'sensitive')];
}

/** Every ledger there is: the core's, the chapters', the logs. */
export function catalogue(project: Project): Ledger[] {
  return [...Object.values(ledgersOf(project)), ...project.ledgers, ...allLogs(project)];
}

/** The lines of a ledger; fails where they are damaged. */
export function linesOf({ path, format }: Ledger): readonly LedgerLine[] {
  return soundLines(path, format);
}

/** Files written within this time of each other may have the order of their times the other way round. */
const SLACK_MS = 2000;

/**
 * name=chain of every ledger that has lines, except the one that will hold this. Of the prediction logs, which grow in
 * number, only those written since the last deployment line: the others' heads are in a line before.
 */
export function headsOf(project: Project, except: string): string {
  const { deployments, ...others } = ledgersOf(project);
  const last = lastEntry(deployments.path, deployments.format)?.body.split(',')[0];
  const since = last === undefined ? 0 : Date.parse(last) - SLACK_MS;
  const logs = allLogs(project).filter(({ path }) => statSync(path).mtimeMs >= since);
  return [deployments, ...Object.values(others), ...project.ledgers, ...logs]
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
