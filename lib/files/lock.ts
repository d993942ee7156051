/** Locks as files that name their holder; one whose process is gone is taken over. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { BUSY, Fault } from '../fault.ts';

const RETRY_MS = 5;

/** Runs `work` while holding the lock; waits up to `waitMs`, then fails with exit code 75. */
export function withLock<T>(path: string, waitMs: number, work: () => T): T {
  const release = takeLock(path, waitMs);
  try {
    return work();
  } finally {
    release();
  }
}

/** Holds the lock until the work has ended; fails at once with exit code 75 when another process holds it. */
export async function withLockHeld<T>(path: string, work: () => Promise<T>): Promise<T> {
  const release = takeLock(path);
  try {
    return await work();
  } finally {
    release();
  }
}

/** Takes the lock and returns its release; fails with exit code 75 when another process holds it for too long. */
export function takeLock(path: string, waitMs = 0): () => void {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.tmp-${process.pid}`;
  const holder = `${process.pid} ${hostname()}\n`;
  try {
    writeFileSync(own, holder);
    for (const start = Date.now(); ; ) {
      try {
        linkSync(own, path);
        return () => unlinkSync(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (clearIfStale(path)) continue;
      if (Date.now() - start >= waitMs) {
        const pid = readHolder(path)?.split(' ')[0];
        throw new Fault(
          `busy: ${path} is held by process ${pid ?? 'unknown'}. Wait for it to end, then try again.`,
          BUSY,
        );
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes the lock of a process of this machine that is gone. Renaming first lets only one process do so. */
function clearIfStale(path: string): boolean {
  const holder = readHolder(path);
  if (holder === undefined) return true;
  const [pid, host] = holder.trim().split(' ');
  if (host !== hostname() || isAlive(Number(pid))) return false;
  const aside = `${path}.tmp-stale-${process.pid}`;
  try {
    renameSync(path, aside);
    const taken = readHolder(aside);
    if (taken !== holder) linkSync(aside, path);
    unlinkSync(aside);
  } catch {}
  return true;
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether the process runs; one that was killed and not yet reaped does not. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
