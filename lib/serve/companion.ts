/** A program beside the server: another of its kind where it ends, until it is told to stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { logEvent } from './application-log.ts';

const RESPAWN_MS = 2000;
/** One that waits for somebody else is killed after that; each of them may be killed anywhere. */
const PATIENCE_MS = 5000;

export interface Companion {
  /** Tells it to end, and waits until it has. */
  stop(): Promise<void>;
}

/** `path` is that of its program; `what` names it where it is said that it ended. */
export function runBeside(
  path: string,
  environment: Readonly<Record<string, string>>,
  what: string,
): Companion {
  let child: ChildProcess | undefined;
  let isStopping = false;
  const start = () => {
    if (isStopping) return;
    child = spawn(process.execPath, [path], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...environment },
    });
    child.once('exit', (code) => {
      child = undefined;
      if (isStopping) return;
      logEvent('error', `${what} ended with ${code}: it is started again`);
      setTimeout(start, RESPAWN_MS).unref();
    });
  };
  start();
  return {
    async stop() {
      isStopping = true;
      const running = child;
      if (running === undefined) return;
      const kill = setTimeout(() => running.kill('SIGKILL'), PATIENCE_MS);
      running.kill('SIGTERM');
      await once(running, 'exit');
      clearTimeout(kill);
    },
  };
}
