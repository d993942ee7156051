/** Which version was live when: read from the deployment log. */
import { csvParse } from 'd3-dsv';
import type { Project } from '../config/load.ts';
import { readLedger } from '../files/ledger.ts';
import { ledgersOf } from './ledgers.ts';

export interface DeploymentLine {
  readonly time: string;
  readonly event: string;
  readonly model_version: string;
  readonly model_sha256: string;
  readonly data_version: string;
  readonly git_commit: string;
  readonly host: string;
  readonly port: string;
  readonly pid: string;
  readonly actor: string;
  readonly reason: string;
  /** Line number in the file. */
  readonly number: number;
}

export function readDeployments(project: Project): DeploymentLine[] {
  const { path, format } = ledgersOf(project).deployments;
  const { lines } = readLedger(path, format);
  const header = format.header.trim().replace(/,chain$/, '');
  return csvParse([header, ...lines.map(({ body }) => body)].join('\n')).map((row, i) => ({
    ...(row as unknown as DeploymentLine),
    number: lines[i]!.number,
  }));
}

/** The line that last made a version champion. */
export function lastMove(deployments: readonly DeploymentLine[]): DeploymentLine | undefined {
  return deployments.filter(({ event }) => event === 'promotion' || event === 'rollback').at(-1);
}

export interface Live {
  /** The champion at that moment: who put it there, when and why. */
  readonly champion: DeploymentLine | undefined;
  /** Until when it stayed champion, if it did not. */
  readonly until: string | undefined;
  /** Servers that ran then, each with the line that says what it served. */
  readonly servers: readonly DeploymentLine[];
}

export function liveAt(deployments: readonly DeploymentLine[], at: string): Live {
  const moves = deployments.filter(({ event }) => event === 'promotion' || event === 'rollback');
  const before = moves.filter(({ time }) => time <= at);
  const servers = new Map<string, DeploymentLine>();
  for (const line of deployments.filter(({ time }) => time <= at)) {
    const key = `${line.host} ${line.pid}`;
    if (line.event === 'start' || line.event === 'switch') servers.set(key, line);
    else if (line.event === 'stop') servers.delete(key);
  }
  return { champion: before.at(-1), until: moves[before.length]?.time, servers: [...servers.values()] };
}
