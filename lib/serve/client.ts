/** Talking to the project's own server: finding it, asking it, waiting for it. */
import { readFileSync } from 'node:fs';
import { isRunning } from '../files/lock.ts';
import type { Project } from '../project.ts';
import { resolveVersion } from '../registry/pointer-files.ts';
import type { Traffic } from '../registry/pointers.ts';

/** What a running server leaves in server.json for the other programs. */
export interface ServerState {
  readonly pid: number;
  readonly url: string;
  /** startOf(pid), so that another process with its number is not taken for it. */
  readonly started: string;
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

export function serverStatePath(project: Project): string {
  return project.state('server.json');
}

/** The key of the server's start, which its user alone can read: of its smoke test and its replay. */
export function serverKeyPath(project: Project): string {
  return project.state('server.key');
}

/** The server that runs now, if one does. */
export function runningServer(project: Project): ServerState | undefined {
  try {
    const state = JSON.parse(readFileSync(serverStatePath(project), 'utf8')) as ServerState;
    return state.pid !== process.pid && isRunning(state.pid, state.started ?? '') ? state : undefined;
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

/** The same for a version that has become champion, unless config has the server serve another. */
export async function championFollowed(project: Project, version: string): Promise<string> {
  const { model } = project.config.deployment;
  const served = resolveVersion(project, model);
  if (served !== version && runningServer(project) !== undefined)
    return `; the running server keeps ${served}, since deployment.model is ${model}`;
  return followedWithin(project, (now) => now.model === version, 5000);
}

/** The same for shares of the traffic. */
export function trafficFollowed(project: Project, { split }: Traffic): Promise<string> {
  const isSo = ({ traffic: live }: Health) =>
    Object.entries(split).every(([version, percent]) =>
      live.some((each) => each.version === version && each.percent === percent),
    ) && live.length <= Object.keys(split).length + 1;
  return followedWithin(project, isSo, 3000);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
