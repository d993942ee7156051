/** Talking to the project's own server: finding it, asking it, waiting for it. */
import { readFileSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { isAlive } from '../files/lock.ts';

/** What a running server leaves in server.json for the other programs. */
export interface ServerState {
  readonly pid: number;
  readonly url: string;
  /** Processes that answer. */
  readonly workers: readonly number[];
}

export interface Health {
  readonly status: string;
  readonly model: string;
  readonly sha256: string;
  readonly traffic: readonly { readonly version: string; readonly percent: number }[];
  readonly refused?: readonly { readonly version: string; readonly problem: string }[];
}

/** What scripts/serve-bundle.ts makes of scripts/serve-api.ts. */
export const SERVER_PROGRAM = '.make/serve-api.mjs';

export function serverStatePath(project: Project): string {
  return project.state('server.json');
}

/** The server that runs now, if one does. */
export function runningServer(project: Project): ServerState | undefined {
  try {
    const state = JSON.parse(readFileSync(serverStatePath(project), 'utf8')) as ServerState;
    return isAlive(state.pid) ? state : undefined;
  } catch {
    return undefined;
  }
}

export async function health(url: string): Promise<Health | undefined> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
    return (await response.json()) as Health;
  } catch {
    return undefined;
  }
}

/** Waits until what the running server says of itself is so; says when, or that it is not, or nothing without a server. */
export async function followedWithin(
  project: Project,
  isSo: (health: Health) => boolean,
  ms: number,
): Promise<string> {
  const server = runningServer(project);
  if (server === undefined) return '';
  const start = performance.now();
  while (performance.now() - start < ms) {
    const now = await health(server.url);
    if (now !== undefined && isSo(now))
      return `; the running server switched after ${((performance.now() - start) / 1000).toFixed(1)} s`;
    await sleep(50);
  }
  return `; the running server has not switched after ${ms / 1000} s: see ${server.url}/health`;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
