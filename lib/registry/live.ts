/** What is and was live: read from the lines of the deployment log. */
import type { DeploymentLine } from '../record/deployments.ts';
import { NO_TRAFFIC, type Pointers, parseMove, replayMoves, type Traffic } from './pointers.ts';

/** The line that last made a version champion. */
export function lastMove(deployments: readonly DeploymentLine[]): DeploymentLine | undefined {
  return deployments.filter(({ event }) => event === 'promotion' || event === 'rollback').at(-1);
}

/** The pointers that these lines leave behind. */
export function pointersAfter(deployments: readonly DeploymentLine[]): Pointers {
  return replayMoves(deployments.flatMap(({ event, change }) => parseMove(event, change) ?? []));
}

export interface Live {
  readonly champion: string | undefined;
  readonly traffic: Traffic;
  /** The line that last changed who gets requests. */
  readonly move: DeploymentLine | undefined;
  /** Until when it stayed so, if it did not. */
  readonly until: string | undefined;
  /** Servers that ran then, each with the line that says what it served. */
  readonly servers: readonly DeploymentLine[];
}

export function liveAt(deployments: readonly DeploymentLine[], at: string): Live {
  const before = deployments.filter(({ time }) => time <= at);
  const moves = deployments.filter(({ event }) => ['promotion', 'rollback', 'traffic'].includes(event));
  const servers = new Map<string, DeploymentLine>();
  for (const line of before) {
    const key = `${line.host} ${line.pid}`;
    if (line.event === 'start' || line.event === 'switch') servers.set(key, line);
    else if (line.event === 'stop') servers.delete(key);
  }
  const { aliases, traffic } = pointersAfter(before);
  return {
    champion: aliases.champion,
    traffic: traffic ?? NO_TRAFFIC,
    move: moves.filter(({ time }) => time <= at).at(-1),
    until: moves.find(({ time }) => time > at)?.time,
    servers: [...servers.values()],
  };
}
