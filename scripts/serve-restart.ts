/** Restarts the workers of the running API one after the other: each new one listens before an old one drains. */
import { chapters } from '../lib/door.ts';
import { failed } from '../lib/fault.ts';
import { isAlive } from '../lib/files/lock.ts';
import { runningServer, sleep } from '../lib/serve/client.ts';
import { step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

const PATIENCE_MS = 60_000;

step({ chapters }, async (project) => {
  const server = runningServer(project);
  if (server === undefined) throw failed('no server runs: make start');
  const before = server.workers;
  if (before.length < 2)
    throw failed(
      'one process cannot restart without a gap: set deployment.workers to 2 or more, or make stop, make start',
    );
  const start = performance.now();
  process.kill(server.pid, 'SIGHUP');
  for (;;) {
    const now = runningServer(project)?.workers ?? [];
    if (now.length === before.length && now.every((pid) => !before.includes(pid))) break;
    if (performance.now() - start > PATIENCE_MS || !isAlive(server.pid))
      throw failed(`the workers were not all restarted: see ${project.state('server.log')}`);
    await sleep(50);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  say('restart', `${before.length} workers restarted in ${seconds} s, one after the other`);
});
