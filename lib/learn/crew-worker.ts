/** One thread of a crew: waits for the sequence number to move, does its shard's part, counts itself done. */
import { parentPort } from 'node:worker_threads';
import { sigmoidTable } from './boosting-shard.ts';
import { obey, type ShardWork, SPINS } from './crew.ts';

parentPort!.once('message', (work: ShardWork) => {
  const { control } = work;
  const table = sigmoidTable();
  let seen = 0;
  for (let running = true; running; ) {
    for (let spin = 0; spin < SPINS && Atomics.load(control, 0) === seen; spin++);
    while (Atomics.load(control, 0) === seen) Atomics.wait(control, 0, seen);
    seen++;
    running = obey(work, table);
    Atomics.add(control, 1, 1);
    Atomics.notify(control, 1);
  }
});
parentPort!.postMessage('ready');
