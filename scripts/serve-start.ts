/** Starts the API in the background and waits until it is ready. With OWNER it ends when that process does. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { chapters } from '../lib/door.ts';
import { failed } from '../lib/fault.ts';
import { withLockHeld } from '../lib/files/lock.ts';
import { programPath } from '../lib/files/program.ts';
import { readIfThere } from '../lib/files/write.ts';
import type { Project } from '../lib/project.ts';
import { health, runningServer, sleep } from '../lib/serve/client.ts';
import { step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

const PATIENCE_MS = 20_000;

step({ chapters }, async (project) => {
  // Of two that start at once, the second finds what the first has started.
  const lock = project.path(project.config.paths.models, '.start.lock');
  await withLockHeld(lock, () => startServer(project), PATIENCE_MS);
  process.exit(0);
});

/** Ends once it answers, and says what it says. */
async function startServer(project: Project): Promise<void> {
  const already = runningServer(project);
  if (already !== undefined) {
    const answer = await health(already.url);
    if (answer === undefined)
      throw failed(
        `process ${already.pid} holds ${already.url} but does not answer: make stop, then make start`,
      );
    say('serve', `runs already: ${already.url}   ${answer.model}`);
    return;
  }
  const output = project.state('server.log');
  mkdirSync(dirname(output), { recursive: true });
  // The last words of the server before are kept.
  const before = readIfThere(output)?.length ?? 0;
  const log = openSync(output, 'a');
  const said = () => readFileSync(output, 'utf8').slice(before).trim();
  const child = spawn(process.execPath, [programPath('serve-api')], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  // Ctrl-C reaches the foreground alone, and this program is what it is meant for.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      child.kill('SIGTERM');
      process.exit(130);
    });
  let exited = false;
  child.once('exit', () => {
    exited = true;
  });
  for (const start = Date.now(); Date.now() - start < PATIENCE_MS && !exited; await sleep(10)) {
    const server = runningServer(project);
    if (server?.pid !== child.pid) continue;
    child.unref();
    console.log(said());
    return;
  }
  throw failed(said() || `the server did not start; see ${output}`);
}
