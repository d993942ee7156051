/** The API: one process, or one that supervises deployment.workers of them. Follows the registry until told to stop. */
import cluster from 'node:cluster';
import { rmSync } from 'node:fs';
import { chapters, handedIn } from '../lib/door.ts';
import { FAILED } from '../lib/fault.ts';
import { isRunning, startOf, withLock } from '../lib/files/lock.ts';
import { keptSecret } from '../lib/files/secret.ts';
import { json, writeAtomic } from '../lib/files/write.ts';
import { readPointers } from '../lib/registry/pointer-files.ts';
import { describeTraffic } from '../lib/registry/pointers.ts';
import { logEvent } from '../lib/serve/application-log.ts';
import { runningServer, type ServerState, serverKeyPath, serverStatePath } from '../lib/serve/client.ts';
import { FEEDBACK_KEYS, parseSenders } from '../lib/serve/senders.ts';
import { startServer } from '../lib/serve/server.ts';
import { superviseWorkers } from '../lib/serve/workers.ts';
import { optional, step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** THROWAWAY is a folder for a server that nobody else sees; OWNER a process without which this one ends. */
step({ chapters, args: { THROWAWAY: optional, OWNER: optional } }, async (project, { THROWAWAY, OWNER }) => {
  const { deployment } = project.config;
  const isSeen = THROWAWAY === undefined;
  const statePath = isSeen ? serverStatePath(project) : `${THROWAWAY}/server.json`;
  const isFirst = cluster.isPrimary;
  const running = isFirst && isSeen ? runningServer(project) : undefined;
  if (running !== undefined) refuse(running);
  const senders = parseSenders(process.env[FEEDBACK_KEYS] ?? '');
  const keyPath = isSeen ? serverKeyPath(project) : `${THROWAWAY}/server.key`;
  if (isFirst) rmSync(keyPath, { force: true });

  const { traffic } = readPointers(project);
  if (isFirst && traffic !== undefined && Object.keys(deployment.traffic.split).length > 0)
    say(
      'serve',
      `traffic: ${describeTraffic(traffic)}, as make last set it (models/traffic.json), not as deployment.traffic says`,
    );

  const urlOf = (port: number) =>
    `http://${deployment.host.includes(':') ? `[${deployment.host}]` : deployment.host}:${port}`;
  const beside =
    isFirst && isSeen
      ? await Promise.all(chapters.flatMap(({ beside: start }) => start?.(project) ?? []))
      : [];
  /** Of two that start at once, the second finds the first here and ends. */
  const announce = (port: number, workers: readonly number[]) => {
    const first = withLock(`${statePath}.lock`, 5000, () => {
      const running = isSeen ? runningServer(project) : undefined;
      if (running !== undefined) return running;
      const state = { pid: process.pid, started: startOf(process.pid), url: urlOf(port), workers };
      writeAtomic(statePath, json(state));
      return undefined;
    });
    if (first !== undefined) refuse(first);
  };
  const end = async (code: number) => {
    await Promise.all(beside.map((each) => each.stop()));
    if (runningServer(project) === undefined) rmSync(statePath, { force: true });
    say('serve', 'stopped');
    process.exit(code);
  };
  const onStop = (stop: (why: string) => void) => {
    for (const signal of SIGNALS) process.on(signal, () => stop(signal));
    if (OWNER === undefined || !isFirst) return;
    const born = startOf(Number(OWNER));
    const watch = setInterval(() => {
      if (isRunning(Number(OWNER), born)) return;
      clearInterval(watch);
      stop('what it was started for has ended');
    }, deployment.poll_ms);
  };

  if (isFirst && deployment.workers > 1 && isSeen) {
    const workers = superviseWorkers({
      count: deployment.workers,
      onReady(port, pids, isStart) {
        if (isStart) say('serve', `${deployment.workers} workers on ${urlOf(port)}`);
        announce(port, pids);
      },
      onTrouble: (message) => logEvent('error', message),
    });
    onStop(() => void workers.stop('SIGTERM').then(() => end(0)));
    process.on('SIGHUP', () => void workers.restart().then(() => say('serve', 'every worker was restarted')));
    return;
  }

  const stop = startServer(project, {
    throwaway: THROWAWAY,
    adminToken: process.env.CLOCKWORK_ADMIN_TOKEN || undefined,
    key: keptSecret(keyPath),
    senders,
    routes: await Promise.all(chapters.flatMap(({ routes }) => routes?.(project) ?? [])),
    judges: (await Promise.all(chapters.flatMap(({ rows }) => rows?.(project) ?? []))).flatMap(
      (judge) => judge ?? [],
    ),
    statusParts: handedIn('status'),
    figures: () => chapters.flatMap(({ figures }) => figures?.(project) ?? []),
    onListening(port, { version, sha256 }) {
      if (!isFirst) return;
      say('serve', `${version} live on ${urlOf(port)}   sha256 ${sha256.slice(0, 12)}… = evaluated`);
      announce(port, [process.pid]);
    },
    onSwitch(now, before) {
      if (!isFirst) return;
      const name = ({ model, split }: typeof now) => split?.text ?? model.version;
      say('serve', `${name(now)} live (was ${name(before)})`);
    },
    onListenError(error, port) {
      const taken = error.code === 'EADDRINUSE';
      const use = `port ${port} is in use by another program: set deployment.port in ${project.configPath}, or 0 for any free one`;
      console.error(
        taken ? use : `cannot listen on deployment.host ${deployment.host}, port ${port}: ${error.message}`,
      );
      process.exit(FAILED);
    },
    onStopped: (code) => void (isFirst ? end(code) : process.exit(code)),
  });
  onStop(stop);
});

function refuse({ url, pid }: ServerState): never {
  console.error(`a server runs already: ${url}, process ${pid}. make stop ends it.`);
  process.exit(FAILED);
}
