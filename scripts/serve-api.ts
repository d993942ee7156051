/** The API: one process, or one that supervises deployment.workers of them. Follows the registry until told to stop. */
import cluster from 'node:cluster';
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadProject } from '../lib/config/load.ts';
import { FAILED } from '../lib/fault.ts';
import { startOf, withLock } from '../lib/files/lock.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { json } from '../lib/registry/json.ts';
import { readPointers } from '../lib/registry/pointer-files.ts';
import { describeTraffic } from '../lib/registry/pointers.ts';
import { logEvent } from '../lib/serve/application-log.ts';
import { runningServer, type ServerState, serverStatePath } from '../lib/serve/client.ts';
import { startServer } from '../lib/serve/server.ts';
import { superviseShadows } from '../lib/serve/shadows.ts';
import { superviseWorkers } from '../lib/serve/workers.ts';
import { run, say } from '../lib/terminal.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

run(() => {
  const { values } = parseArgs({ options: { throwaway: { type: 'string' } } });
  const { throwaway } = values;
  const project = loadProject();
  const { deployment } = project.config;
  const statePath = throwaway === undefined ? serverStatePath(project) : `${throwaway}/server.json`;
  const isFirst = cluster.isPrimary;
  const running = isFirst && throwaway === undefined ? runningServer(project) : undefined;
  if (running !== undefined) refuse(running);

  const { traffic } = readPointers(project);
  if (isFirst && traffic !== undefined && Object.keys(deployment.traffic.split).length > 0)
    say(
      'serve',
      `traffic: ${describeTraffic(traffic)}, as make last set it (models/traffic.json), not as deployment.traffic says`,
    );

  const urlOf = (port: number) =>
    `http://${deployment.host.includes(':') ? `[${deployment.host}]` : deployment.host}:${port}`;
  const shadows = isFirst && throwaway === undefined ? superviseShadows(project) : undefined;
  /** Of two that start at once, the second finds the first here and ends. */
  const announce = (port: number, workers: readonly number[]) =>
    withLock(`${statePath}.lock`, 5000, () => {
      const other = throwaway === undefined ? runningServer(project) : undefined;
      if (other !== undefined) refuse(other);
      const state = { pid: process.pid, started: startOf(process.pid), url: urlOf(port), workers };
      writeAtomic(statePath, json(state));
    });
  const end = (code: number) => {
    shadows?.stop();
    if (runningServer(project) === undefined) rmSync(statePath, { force: true });
    say('serve', 'stopped');
    process.exit(code);
  };

  if (isFirst && deployment.workers > 1 && throwaway === undefined) {
    const workers = superviseWorkers({
      count: deployment.workers,
      onReady(port, pids, isStart) {
        if (isStart) say('serve', `${deployment.workers} workers on ${urlOf(port)}`);
        announce(port, pids);
      },
      onTrouble: (message) => logEvent('error', message),
    });
    for (const signal of SIGNALS) process.on(signal, () => void workers.stop('SIGTERM').then(() => end(0)));
    process.on('SIGHUP', () => void workers.restart().then(() => say('serve', 'every worker was restarted')));
    return;
  }

  const { stop } = startServer(project, {
    throwaway,
    adminToken: process.env.CLOCKWORK_ADMIN_TOKEN || undefined,
    onListening(port, { version, sha256 }) {
      if (!isFirst) return;
      say('serve', `${version} live on ${urlOf(port)}   sha256 ${sha256.slice(0, 12)}… = evaluated`);
      announce(port, [process.pid]);
    },
    onSwitch(now, before) {
      if (!isFirst) return;
      const text = ({ model, split }: typeof now) => split?.text ?? model.version;
      say('serve', `${text(now)} live (was ${text(before)})`);
    },
    onListenError(error, port) {
      const taken = error.code === 'EADDRINUSE';
      const use = `port ${port} is in use by another program: set deployment.port in ${project.configPath}, or 0 for any free one`;
      console.error(
        taken ? use : `cannot listen on deployment.host ${deployment.host}, port ${port}: ${error.message}`,
      );
      process.exit(1);
    },
    onStopped: (code) => (isFirst ? end(code) : process.exit(code)),
  });
  for (const signal of SIGNALS) process.on(signal, () => stop(signal));
});

function refuse({ url, pid }: ServerState): never {
  console.error(`a server runs already: ${url}, process ${pid}. make stop ends it.`);
  process.exit(FAILED);
}
