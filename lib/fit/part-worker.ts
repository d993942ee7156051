/** A thread that fits one part after the other. */
import { parentPort } from 'node:worker_threads';
import { fitPart } from './part.ts';
import type { PartOrder } from './side-by-side.ts';

parentPort!.on('message', async ({ table, part, threads }: PartOrder) => {
  const onProgress = (done: number, total: number) => parentPort!.postMessage({ done, total });
  parentPort!.postMessage({ fitted: await fitPart(table, part, { threads, onProgress }) });
});
parentPort!.postMessage('ready');
