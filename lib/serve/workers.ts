/**
 * Several server processes on one port (node:cluster): the first process answers nothing, starts the others, starts anew what
 * dies, restarts them one after the other on SIGHUP, and ends when they have ended.
 */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { AggregatorRegistry, type Registry } from 'prom-client';

type Message =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'reload' }
  | { readonly kind: 'metrics'; readonly id: number; readonly text?: string };

const RESPAWN_MS = 500;

export interface WorkersOptions {
  readonly count: number;
  /** Called when all of them listen, and again whenever another one does. */
  readonly onReady: (port: number, pids: readonly number[], isFirst: boolean) => void;
  readonly onTrouble: (message: string) => void;
}

export interface Workers {
  /** Ends when every worker has ended. */
  stop(signal: NodeJS.Signals): Promise<void>;
  /** A new one for each, started before the old one ends. */
  restart(): Promise<void>;
}

/** Starts the workers: this program again, as many times. Exits with 1 if one ends before it is ready. */
export function superviseWorkers({ count, onReady, onTrouble }: WorkersOptions): Workers {
  const aggregator = new AggregatorRegistry();
  /** The port of each worker once it listens; undefined for one that ended before. */
  const ready = new Map<Worker, Promise<number | undefined>>();
  /** Started by a restart, which sees to them itself. */
  const replacing = new Set<Worker>();
  let restarting: Promise<void> | undefined;
  let stopping = false;
  let up = false;

  const start = (): Worker => {
    const worker = cluster.fork();
    const expected = new Promise<number | undefined>((resolve) => {
      worker.once('exit', () => resolve(undefined));
      worker.on('message', (message: Message) => {
        if (message.kind === 'ready') resolve(message.port);
        else if (message.kind === 'reload') for (const each of ready.keys()) send(each, message);
        else if (message.kind === 'metrics')
          aggregator.clusterMetrics().then(
            (text) => send(worker, { ...message, text }),
            () => send(worker, { ...message, text: '' }),
          );
      });
    });
    ready.set(worker, expected);
    worker.once('exit', (code) => {
      ready.delete(worker);
      if (worker.exitedAfterDisconnect || stopping) return;
      if (!up) process.exit(code || 1);
      onTrouble(`worker ${worker.process.pid} ended with ${code}: another is started`);
      if (replacing.delete(worker)) return;
      void sleep(RESPAWN_MS).then(async () => {
        if (!stopping) announce(await ready.get(start())!, false);
      });
    });
    return worker;
  };
  const end = async (worker: Worker, signal: NodeJS.Signals) => {
    if (worker.isDead()) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.exitedAfterDisconnect = true;
    worker.process.kill(signal);
    await ended;
  };

  const announce = (port: number | undefined, isFirst: boolean) =>
    port === undefined ||
    onReady(
      port,
      [...ready.keys()].map((worker) => worker.process.pid!),
      isFirst,
    );
  const first = Array.from({ length: count }, start);
  void Promise.all(first.map((worker) => ready.get(worker)!)).then(([port]) => {
    up = true;
    announce(port, true);
  });
  return {
    async stop(signal) {
      stopping = true;
      await Promise.all([...ready.keys()].map((worker) => end(worker, signal)));
    },
    restart() {
      restarting ??= restartAll().finally(() => {
        restarting = undefined;
      });
      return restarting;
    },
  };

  async function restartAll(): Promise<void> {
    for (const old of [...ready.keys()]) {
      if (stopping) return;
      const fresh = start();
      replacing.add(fresh);
      const port = await ready.get(fresh)!;
      if (port === undefined) {
        onTrouble('a new worker did not start: the others stay as they are');
        return;
      }
      replacing.delete(fresh);
      await end(old, 'SIGTERM');
      announce(port, false);
    }
  }
}

function send(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message);
}

/** A worker's side; without a supervisor the process speaks for itself. */
export interface Supervisor {
  ready(port: number): void;
  /** Prometheus text of all workers. */
  metricsText(): Promise<string>;
  /** Makes every worker look at the registry again. */
  reload(): void;
}

export function supervisor(registry: Registry, onReload: () => void, onOrphaned: () => void): Supervisor {
  if (!cluster.isWorker) return { ready: () => {}, metricsText: () => registry.metrics(), reload: onReload };
  AggregatorRegistry.setRegistries(registry);
  new AggregatorRegistry();
  const asked = new Map<number, (text: string) => void>();
  process.on('message', (message: Message) => {
    if (message.kind === 'reload') onReload();
    if (message.kind === 'metrics') {
      asked.get(message.id)?.(message.text ?? '');
      asked.delete(message.id);
    }
  });
  process.on('disconnect', onOrphaned);
  let next = 0;
  return {
    ready: (port) => process.send!({ kind: 'ready', port } satisfies Message),
    metricsText: () =>
      new Promise((resolve) => {
        const id = next++;
        asked.set(id, resolve);
        process.send!({ kind: 'metrics', id } satisfies Message);
      }),
    reload: () => process.send!({ kind: 'reload' } satisfies Message),
  };
}
