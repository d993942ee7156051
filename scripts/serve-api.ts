/** The API: loads and checks its model, listens, follows the registry, and drains when told to stop. */
import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { serve } from '@hono/node-server';
import { loadProject } from '../lib/config/load.ts';
import { failed } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { json } from '../lib/registry/json.ts';
import { type DeploymentEvent, ledgersOf, recordDeployment } from '../lib/registry/ledgers.ts';
import { createApp } from '../lib/serve/app.ts';
import { runningServer, serverStatePath } from '../lib/serve/client.ts';
import { appendLabels } from '../lib/serve/labels.ts';
import { openPredictionLog, predictionFolder } from '../lib/serve/prediction-log.ts';
import { followModel, type ServedModel } from '../lib/serve/served-model.ts';
import { run, say } from '../lib/terminal.ts';

run(() => {
  // A throwaway server answers a smoke test: it leaves no line in any ledger and takes any free port.
  const { values } = parseArgs({ options: { throwaway: { type: 'string' } } });
  const throwaway = values.throwaway;
  const project = loadProject();
  const { deployment } = project.config;
  const running = throwaway === undefined ? runningServer(project) : undefined;
  if (running !== undefined)
    throw failed(`a server runs already: ${running.url}, process ${running.pid}. make stop ends it.`);

  let port = throwaway === undefined ? deployment.port : 0;
  const note = (event: DeploymentEvent, { version, sha256, loaded }: ServedModel, reason: string) => {
    if (throwaway !== undefined) return;
    recordDeployment(project, {
      event,
      version,
      sha256,
      dataVersion: loaded.metadata.data.version,
      port,
      reason,
    });
  };
  const model = followModel(
    project,
    (to, from) => {
      note('switch', to, `${from.version} -> ${to.version}: the registry's pointer moved`);
      say('serve', `${to.version} live (was ${from.version})`);
    },
    (version, problem) => {
      note('refused', model.current(), `${version} refused: ${problem}`);
      console.error(`${problem} Still serving ${model.current().version}.`);
    },
  );
  const log = openPredictionLog(throwaway ?? predictionFolder(project));
  let ready = false;
  const app = createApp({
    served: model.current,
    record: (lines) => log.append(lines.map((line) => JSON.stringify(line))),
    recordLabels: (labels, time) =>
      appendLabels(
        throwaway === undefined ? ledgersOf(project).labels.path : `${throwaway}/labels.csv`,
        labels,
        time,
      ),
    isReady: () => ready,
    refused: model.refused,
    maxRows: deployment.max_rows,
    maxBodyBytes: deployment.max_body_bytes,
  });

  const server = serve({ fetch: app.fetch, port, hostname: deployment.host }, (address: AddressInfo) => {
    port = address.port;
    const url = `http://${deployment.host}:${port}`;
    const { version, sha256 } = model.current();
    note('start', model.current(), `serving ${deployment.model}`);
    writeAtomic(
      throwaway === undefined ? serverStatePath(project) : `${throwaway}/server.json`,
      json({ pid: process.pid, url }),
    );
    ready = true;
    say('serve', `${version} live on ${url}   sha256 ${sha256.slice(0, 12)}… = evaluated`);
  }) as Server;
  server.on('error', (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE';
    const use = `port ${port} is in use by another program: set deployment.port in ${project.configPath}, or 0 for any free one`;
    console.error(
      taken ? use : `cannot listen on deployment.host ${deployment.host}, port ${port}: ${error.message}`,
    );
    process.exit(1);
  });

  const poll = setInterval(model.follow, deployment.poll_ms);
  const stop = (signal: string) => {
    if (!ready) return;
    ready = false;
    clearInterval(poll);
    // Busy connections answer what they have begun; idle ones are closed as they become so.
    server.close(() => {
      log.sync();
      log.close();
      note('stop', model.current(), signal);
      if (throwaway === undefined) rmSync(serverStatePath(project), { force: true });
      say('serve', 'stopped');
      process.exit(0);
    });
    server.closeIdleConnections();
    setInterval(() => server.closeIdleConnections(), 50);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
});
