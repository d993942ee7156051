/** Starts the API in the background and waits until it is ready. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadProject } from '../lib/config/load.ts';
import { failed } from '../lib/fault.ts';
import { readIfThere } from '../lib/files/write.ts';
import { health, runningServer, SERVER_PROGRAM, sleep } from '../lib/serve/client.ts';
import { run, say } from '../lib/terminal.ts';

const PATIENCE_MS = 20_000;

run(async () => {
  const project = loadProject();
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
  const child = spawn(process.execPath, [SERVER_PROGRAM], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  let exited = false;
  child.once('exit', () => {
    exited = true;
  });
  for (const start = Date.now(); Date.now() - start < PATIENCE_MS && !exited; await sleep(25)) {
    const server = runningServer(project);
    if (server?.pid !== child.pid) continue;
    child.unref();
    console.log(said());
    process.exit(0);
  }
  throw failed(said() || `the server did not start; see ${output}`);
});
