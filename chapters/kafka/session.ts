/** A program that works with the broker until it is told to stop: what breaks is taken back, said, and begun anew after a while. */
import { Fault, failed } from '../../lib/fault.ts';
import { logEvent } from '../../lib/serve/application-log.ts';
import { sleep } from '../../lib/serve/client.ts';
import { reasonOf } from './client.ts';

const BACK_OFF_MS = [100, 500, 2000, 5000];

/** Told by Ctrl-C or a stop. */
export interface Life {
  readonly isOver: boolean;
}

/**
 * `session` runs from a fresh connection on until it breaks or all is done; `progress` counts what is settled. What shall not go on
 * for ever fails where it breaks.
 */
export async function keepAlive(
  session: (life: Life) => Promise<void>,
  progress: () => number,
  isForever: boolean,
): Promise<void> {
  const life = { isOver: false };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (life.isOver = true));
  let isDone = false;
  for (let failures = 0; !life.isOver && !isDone; ) {
    const before = progress();
    try {
      await session(life);
      isDone = true;
    } catch (error) {
      if (!isForever) throw error instanceof Fault ? error : failed(reasonOf(error));
      failures = progress() > before ? 1 : failures + 1;
      logEvent('error', 'what was begun is taken back, and tried again', { problem: reasonOf(error) });
      await sleep(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1]!);
    }
  }
}
