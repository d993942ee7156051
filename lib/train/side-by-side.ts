/** Several parts of one table fitted at the same time: a thread for each scales better than threads that share one fit. */
import { freemem } from 'node:os';
import { startThread, threadsFor } from '../learn/threads.ts';
import { type FitTask, type FittedPart, fitPart, type Part } from './part.ts';

/** What a thread is asked: parts by number, one after the other. */
export interface PartsOrder {
  readonly task: FitTask;
  readonly parts: readonly { readonly index: number; readonly part: Part }[];
  readonly threads: number;
}

/** What it answers: the share of a part that is done, then the part. */
export type PartAnswer =
  | { readonly index: number; readonly share: number }
  | { readonly index: number; readonly fitted: FittedPart };

/** Bytes that a fit takes for each number of its rows, about: the rows, their features, bins and copies. */
const BYTES = 40;

/**
 * Starts to fit every part, earlier ones first, and returns once threads are at work: a promise for each part, so that what
 * needs some of them need not wait for all. Results do not depend on the number of threads. `onProgress` gets the share that
 * is done.
 */
export async function fitParts(
  task: FitTask,
  parts: readonly Part[],
  onProgress: (share: number) => void = () => {},
): Promise<Promise<FittedPart>[]> {
  const shares = new Float64Array(parts.length);
  const tell = (index: number, share: number) => {
    shares[index] = share;
    onProgress(shares.reduce((sum, each) => sum + each, 0) / parts.length);
  };
  const threads = threadsFor(visitsOf(task, parts), task.params.threads);
  const beside = Math.min(threads, parts.length, roomFor(task));
  const numbered = parts.map((part, index) => ({ index, part }));
  if (beside > 1) {
    const started = Array.from({ length: beside }, (_, first) =>
      fitOnThread(
        {
          task,
          parts: numbered.filter(({ index }) => index % beside === first),
          threads: Math.floor(threads / beside),
        },
        tell,
      ),
    );
    const answers = await Promise.all(started);
    return parts.map((_, index) => answers[index % beside]!.get(index)!);
  }
  const fitted: Promise<FittedPart>[] = [];
  let before: Promise<unknown> = Promise.resolve();
  for (const { index, part } of numbered) {
    const onShare = (done: number, total: number) => tell(index, done / total);
    const next = before.then(() => fitPart(task, part, { threads, onProgress: onShare }));
    // Whoever awaits it hears of a failure; nobody else has to.
    next.catch(() => {});
    fitted.push(next);
    before = next;
  }
  return fitted;
}

/** Resolves when a thread has begun, with the promises of its parts; the thread ends with the last of them. */
async function fitOnThread(
  order: PartsOrder,
  tell: (index: number, share: number) => void,
): Promise<Map<number, Promise<FittedPart>>> {
  const worker = await startThread('train/part-worker');
  const waiting = new Map<number, { resolve(fitted: FittedPart): void; reject(error: Error): void }>();
  const fitted = new Map(
    order.parts.map(({ index }) => {
      const part = new Promise<FittedPart>((resolve, reject) => waiting.set(index, { resolve, reject }));
      part.catch(() => {});
      return [index, part];
    }),
  );
  worker.on('message', (answer: PartAnswer) => {
    if ('fitted' in answer) waiting.get(answer.index)!.resolve(answer.fitted);
    else tell(answer.index, answer.share);
  });
  worker.once('error', (error) => {
    for (const { reject } of waiting.values()) reject(error);
  });
  worker.postMessage(order);
  void Promise.allSettled(fitted.values()).then(() => worker.terminate());
  return fitted;
}

/** Passes over the rows after which logistic regression has mostly found its weights. */
const LOGISTIC_PASSES = 50;

function visitsOf({ inputs, params }: FitTask, parts: readonly Part[]): number {
  const passes = params.algorithm === 'LogisticRegression' ? LOGISTIC_PASSES : params.n_estimators;
  return parts.reduce((sum, { learn }) => sum + learn.length, 0) * inputs.names.length * passes;
}

/** How many fits of the table memory holds at once. */
function roomFor({ inputs }: FitTask): number {
  return Math.max(1, Math.floor(freemem() / (inputs.values.length * BYTES)));
}
