/** Stops the API that runs in the background and waits until it has drained. */
import { chapters } from '../lib/door.ts';
import { failed } from '../lib/fault.ts';
import { isAlive } from '../lib/files/lock.ts';
import { runningServer, sleep } from '../lib/serve/client.ts';
import { step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

const PATIENCE_MS = 20_000;

step({ chapters }, async (project) => {
  const server = runningServer(project);
  if (server === undefined) {
    say('stop', 'no server runs');
    return;
  }
  process.kill(server.pid, 'SIGTERM');
  for (const start = Date.now(); isAlive(server.pid); await sleep(10)) {
    if (Date.now() - start > PATIENCE_MS)
      throw failed(`process ${server.pid} has not stopped after ${PATIENCE_MS / 1000} s`);
  }
  say('stop', `the server on ${server.url} answered what it had begun and stopped`);
});
