/** A process for each shadowing version, started and ended as the registry says; no request waits for one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { programPath } from '../../lib/files/program.ts';
import type { Project } from '../../lib/project.ts';
import { pointersStamp, readPointers } from '../../lib/registry/pointer-files.ts';
import { logEvent } from '../../lib/serve/application-log.ts';

const RESPAWN_MS = 2000;

export function superviseShadows(project: Project): { stop(): void } {
  const { traffic, poll_ms } = project.config.deployment;
  const running = new Map<string, ChildProcess>();
  let wanted = new Set<string>();
  let stopping = false;
  let seen: string | undefined;

  const start = (version: string) => {
    if (stopping || running.has(version) || !wanted.has(version)) return;
    const child = spawn(process.execPath, [programPath('shadow-version')], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, VERSION: version },
    });
    running.set(version, child);
    child.once('exit', (code) => {
      running.delete(version);
      if (stopping || !wanted.has(version)) return;
      logEvent('error', `the shadow ${version} ended with ${code}: it is started again`);
      setTimeout(() => start(version), RESPAWN_MS).unref();
    });
  };
  const follow = () => {
    const now = pointersStamp(project);
    if (now === seen) return;
    seen = now;
    try {
      wanted = new Set((readPointers(project).traffic ?? traffic).shadow);
    } catch {
      return;
    }
    for (const [version, child] of running) if (!wanted.has(version)) child.kill('SIGTERM');
    for (const version of wanted) start(version);
  };
  follow();
  const poll = setInterval(follow, poll_ms);
  poll.unref();
  return {
    stop() {
      stopping = true;
      clearInterval(poll);
      for (const child of running.values()) child.kill('SIGTERM');
    },
  };
}
