/** A thread that fits one part after the other and posts each as it is done. */
import { parentPort } from 'node:worker_threads';
import { fitPart } from './part.ts';
import type { PartAnswer, PartsOrder } from './side-by-side.ts';

const post = (answer: PartAnswer) => parentPort!.postMessage(answer);

parentPort!.once('message', async ({ task, parts, threads }: PartsOrder) => {
  for (const { index, part } of parts) {
    const onProgress = (done: number, total: number) => post({ index, share: done / total });
    post({ index, fitted: await fitPart(task, part, { threads, onProgress }) });
  }
});
parentPort!.postMessage('ready');
