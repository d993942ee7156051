/** deployment_log.csv: who was live when, where and why. Every move of a pointer is a line, and all that servers do. */
import { hostname } from 'node:os';
import { csvParse } from 'd3-dsv';
import { actor } from '../files/git.ts';
import { appendRows, DEPLOYMENT_COLUMNS, headsOf, type Ledgers, linesOf } from './catalogue.ts';

/** What a server does, a step of a rollout, and what moves a pointer (registry/pointers.ts). */
export type DeploymentEvent =
  | 'start'
  | 'stop'
  | 'switch'
  | 'refused'
  | 'rollout'
  | 'promotion'
  | 'rollback'
  | 'alias'
  | 'stage'
  | 'traffic';

export interface Deployment {
  readonly event: DeploymentEvent;
  /** What was moved, from where to where. */
  readonly change?: string;
  readonly version: string;
  readonly sha256: string;
  readonly dataVersion: string;
  readonly port?: number;
  readonly reason: string;
  /** Commit of the running code. */
  readonly commit: string;
}

/** Appends one line; `waitMs` is how long another program that writes the ledger is waited for. */
export function recordDeployment(ledgers: Ledgers, deployment: Deployment, waitMs: number): void {
  const { deployments } = ledgers;
  const cells = [
    new Date().toISOString(),
    deployment.event,
    deployment.change ?? '',
    deployment.version,
    deployment.sha256,
    deployment.dataVersion,
    deployment.commit,
    hostname(),
    String(deployment.port ?? ''),
    String(process.pid),
    actor(),
    deployment.reason,
    headsOf(ledgers, deployments.name),
  ];
  appendRows(deployments, [cells], waitMs);
}

export type DeploymentLine = Readonly<Record<(typeof DEPLOYMENT_COLUMNS)[number], string>> & {
  /** Line number in the file. */
  readonly number: number;
};

export function readDeployments(ledgers: Ledgers): DeploymentLine[] {
  const lines = linesOf(ledgers.deployments);
  const text = [DEPLOYMENT_COLUMNS.join(','), ...lines.map(({ body }) => body)].join('\n');
  return csvParse(text).map((row, i) => ({
    ...(row as unknown as DeploymentLine),
    number: lines[i]!.number,
  }));
}
