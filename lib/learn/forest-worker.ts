/** One thread of a forest: grows its trees and posts each as it is done. */
import { parentPort } from 'node:worker_threads';
import type { ForestWork } from './forest.ts';
import { forestGrower } from './forest-tree.ts';

parentPort!.once('message', ({ data, params, first, step }: ForestWork) => {
  const grow = forestGrower(data, params);
  for (let index = first; index < params.nEstimators; index += step) {
    parentPort!.postMessage({ index, tree: grow(index) });
  }
  parentPort!.postMessage('done');
});
parentPort!.postMessage('ready');
