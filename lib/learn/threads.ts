import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Whether this runs from a bundle, where every thread's module is a file beside it, named by its last part. */
const isBundled = !import.meta.url.endsWith('.ts');

/** Starts a module of lib/ as a thread ("learn/forest-worker") and waits until it says that it is ready. */
export function startThread(module: string): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const worker = isBundled
      ? new Worker(new URL(`./${module.split('/').at(-1)}.mjs`, import.meta.url))
      : new Worker(new URL('./thread.mjs', import.meta.url), {
          workerData: { module: new URL(`../${module}.ts`, import.meta.url).href },
        });
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
