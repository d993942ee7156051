/** A program beside the server: another of its kind where it ends, until it is told to stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { logEvent } from './application-log.ts';

const RESPAWN_MS = 2000;

/** `path` is that of its program; `what` names it where it is said that it ended. */
export function runBeside(
  path: string,
  environment: Readonly<Record<string, string>>,
  what: string,
): { stop(): void } {
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
    stop() {
      isStopping = true;
      child?.kill('SIGTERM');
    },
  };
}
