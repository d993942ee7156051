// Lets a worker thread run TypeScript: registers tsx for this thread, then imports the module it was asked to run.
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData.module);
