/** Several parts of one table fitted at the same time: a thread for each scales better than threads that share one fit. */
import { freemem } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startThread, threadsFor } from '../learn/threads.ts';
import { type FittedPart, fitPart, type Part, type Table } from './part.ts';

/** What a thread is asked. */
export interface PartOrder {
  readonly table: Table;
  readonly part: Part;
  readonly threads: number;
}

type Told = { readonly done: number; readonly total: number } | { readonly fitted: FittedPart };

/** Bytes that a fit takes for each number of its rows, about: the rows, their features, bins and copies. */
const BYTES = 40;

/**
 * Fits every part; results are in the order of the parts and do not depend on the number of threads. `onProgress` gets the
 * share that is done.
 */
export async function fitParts(
  table: Table,
  parts: readonly Part[],
  onProgress: (share: number) => void = () => {},
): Promise<FittedPart[]> {
  const shares = new Float64Array(parts.length);
  const tell = (index: number, share: number) => {
    shares[index] = share;
    onProgress(shares.reduce((sum, each) => sum + each, 0) / parts.length);
  };
  const threads = threadsFor(visitsOf(table, parts), table.params.threads);
  const beside = Math.min(threads, parts.length, roomFor(table));
  const fitted = new Array<FittedPart>(parts.length);
  if (beside === 1) {
    for (const [index, part] of parts.entries())
      fitted[index] = await fitPart(table, part, {
        threads,
        onProgress: (done, total) => tell(index, done / total),
      });
    return fitted;
  }
  // The longest first, so that no thread is left alone with it at the end.
  const queue = [...parts.keys()].sort((a, b) => parts[b]!.learn.length - parts[a]!.learn.length);
  await Promise.all(
    Array.from({ length: beside }, async () => {
      const worker = await startThread(new URL('./part-worker.ts', import.meta.url));
      try {
        for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
          const at = index;
          const order = { table, part: parts[at]!, threads: Math.floor(threads / beside) };
          fitted[at] = await fitOn(worker, order, (share) => tell(at, share));
        }
      } finally {
        await worker.terminate();
      }
    }),
  );
  return fitted;
}

function fitOn(worker: Worker, order: PartOrder, tell: (share: number) => void): Promise<FittedPart> {
  return new Promise((resolve, reject) => {
    const stop = () => worker.off('message', take).off('error', fail);
    const take = (told: Told) => {
      if ('done' in told) tell(told.done / told.total);
      else {
        stop();
        resolve(told.fitted);
      }
    };
    const fail = (error: Error) => {
      stop();
      reject(error);
    };
    worker.on('message', take).on('error', fail);
    worker.postMessage(order);
  });
}

function visitsOf({ inputs, params }: Table, parts: readonly Part[]): number {
  const passes = params.algorithm === 'LogisticRegression' ? params.max_iter : params.n_estimators;
  return parts.reduce((sum, { learn }) => sum + learn.length, 0) * inputs.names.length * passes;
}

/** How many fits of the table memory holds at once. */
function roomFor({ inputs }: Table): number {
  return Math.max(1, Math.floor(freemem() / (inputs.values.length * BYTES)));
}
