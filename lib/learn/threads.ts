import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Starts a TypeScript module as a thread and waits until it says that it is ready. */
export function startThread(module: URL): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const workerData = { module: module.href };
    const worker = new Worker(new URL('./thread.mjs', import.meta.url), { workerData });
    worker.once('message', () => resolve(worker));
    worker.once('error', reject);
  });
}

/**
 * Threads worth starting for so many (row, feature, tree) visits: one below some seconds' work, since a thread takes
 * a fifth of a second to start. `configured` 0 means as many as the machine has. The result never depends on it.
 */
export function threadsFor(visits: number, configured: number): number {
  const available = configured > 0 ? configured : availableParallelism();
  return visits < 2e8 ? 1 : available;
}
