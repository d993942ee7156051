/** The ledgers of a project, where they lie and how their lines look; each records the heads of the others. */
import { readdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Project } from '../config/load.ts';
import { csvLine } from '../files/csv.ts';
import { actor, currentCommit, describeCommit } from '../files/git.ts';
import {
  appendLedger,
  csvLedger,
  jsonLedger,
  type LedgerFormat,
  lastEntry,
  ledgerHead,
  logfmtLedger,
} from '../files/ledger.ts';
import { formatLogfmt } from '../files/logfmt.ts';
import type { Move } from './pointers.ts';

export interface Ledger {
  readonly name: string;
  readonly path: string;
  readonly format: LedgerFormat;
}

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
export const DECISION_COLUMNS = [
  'time',
  'decision',
  'model_version',
  'reasons',
  'evidence',
  'heads',
] as const;

const MANIFEST_HEADER =
  '# One line per artefact: which script made it from what. Each line is chained to the one before.\n';
const REGISTRATIONS_HEADER =
  '# One line per registered model version. Each line is chained to the one before.\n';

export const DROPPED_COLUMNS = ['time', 'file', 'lines', 'bytes', 'sha256', 'head'] as const;

export const LABELS_LEDGER = csvLedger(['id', 'label', 'time']);

export function ledgersOf({ config, path }: Project) {
  return {
    manifest: { name: 'manifest', path: path(config.paths.manifest), format: logfmtLedger(MANIFEST_HEADER) },
    models: {
      name: 'models',
      path: path(config.paths.models, 'model_metadata.log'),
      format: logfmtLedger(REGISTRATIONS_HEADER),
    },
    deployments: {
      name: 'deployments',
      path: path(config.paths.deployment_log),
      format: csvLedger(DEPLOYMENT_COLUMNS),
    },
    labels: { name: 'labels', path: path(config.data.production_dir, 'labels.csv'), format: LABELS_LEDGER },
    dropped: {
      name: 'dropped',
      path: path(config.data.production_dir, 'dropped.csv'),
      format: csvLedger(DROPPED_COLUMNS),
    },
    decisions: {
      name: 'decisions',
      path: path(config.paths.models, 'decisions.csv'),
      format: csvLedger(DECISION_COLUMNS),
    },
    alerts: { name: 'alerts', path: path(config.paths.models, 'alerts.jsonl'), format: jsonLedger },
  } satisfies Record<string, Ledger>;
}

/** The prediction logs and what lies apart from them: ledgers of one server process each. */
export function predictionLedgers(project: Project): Ledger[] {
  return ledgersIn(project, 'predictions');
}

export function sensitiveLedgers(project: Project): Ledger[] {
  return ledgersIn(project, 'sensitive');
}

function ledgersIn({ config, path }: Project, folder: 'predictions' | 'sensitive'): Ledger[] {
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
    }));
}

/** Every ledger there is. */
export function allLedgers(project: Project): Ledger[] {
  return [...Object.values(ledgersOf(project)), ...predictionLedgers(project), ...sensitiveLedgers(project)];
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
  const logs = [...predictionLedgers(project), ...sensitiveLedgers(project)].filter(
    ({ path }) => statSync(path).mtimeMs >= since,
  );
  return [deployments, ...Object.values(others), ...logs]
    .filter(({ name }) => name !== except)
    .map(({ name, path, format }) => ({ name, head: ledgerHead(path, format) }))
    .filter(({ head }) => head !== '')
    .map(({ name, head }) => `${name}=${head}`)
    .join(' ');
}

/** Appends one line per artefact to the manifest. */
export function recordArtefacts(project: Project, lines: readonly Record<string, string | number>[]): void {
  const { path, format } = ledgersOf(project).manifest;
  appendLedger(path, format, lines.map(formatLogfmt));
}

/** What a server does, and what moves a pointer (pointers.ts). */
export type DeploymentEvent = 'start' | 'stop' | 'switch' | 'refused' | 'rollout' | Move['event'];

export interface Deployment {
  readonly event: DeploymentEvent;
  /** What was moved, from where to where. */
  readonly change?: string;
  readonly version: string;
  readonly sha256: string;
  readonly dataVersion: string;
  readonly port?: number;
  readonly reason: string;
  /** Commit of the running code; asked of git where it is not given. */
  readonly commit?: string;
}

/** Appends one line to the deployment log. */
export function recordDeployment(project: Project, deployment: Deployment, waitMs?: number): void {
  const { name, path, format } = ledgersOf(project).deployments;
  const cells = [
    new Date().toISOString(),
    deployment.event,
    deployment.change ?? '',
    deployment.version,
    deployment.sha256,
    deployment.dataVersion,
    deployment.commit ?? describeCommit(currentCommit(project.configPath)),
    hostname(),
    String(deployment.port ?? ''),
    String(process.pid),
    actor(),
    deployment.reason,
    headsOf(project, name),
  ];
  appendLedger(path, format, [csvLine(cells)], waitMs);
}
