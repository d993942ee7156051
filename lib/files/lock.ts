/** Locks as files that name their holder; one whose process is gone is taken over. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Holds the lock until the work has ended; waits up to `waitMs`, then fails with exit code 75. */
export async function withLockHeld<T>(path: string, work: () => Promise<T>, waitMs = 0): Promise<T> {
  const release = takeLock(path, waitMs);
  try {
    return await work();
  } finally {
    release();
  }
}

const PATIENCE_MS = 10_000;

/**
 * For a program that must go on meanwhile: work that waits for no lock (it gets 0 ms to wait) is tried again and again while
 * another holds it; fails with exit code 75 after ten seconds.
 */
export async function retryBusy(work: (waitMs: number) => void): Promise<void> {
  for (const start = Date.now(); ; ) {
    try {
      work(0);
      return;
    } catch (error) {
      if (!(error instanceof Fault && error.code === BUSY) || Date.now() - start > PATIENCE_MS) throw error;
      await sleep(5);
    }
  }
}

/** Takes the lock and returns its release; fails with exit code 75 when another process holds it for too long. */
export function takeLock(path: string, waitMs = 0): () => void {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.clockwork-tmp-${process.pid}`;
  const holder = `${process.pid} ${hostname()} ${startOf(process.pid)}\n`;
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
  if (isHeld(holder) !== false) return false;
  const aside = `${path}.clockwork-tmp-stale-${process.pid}`;
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

/** Whether the process that a lock names still runs; undefined where that cannot be known, on another machine. */
export function isHeld(holder: string): boolean | undefined {
  const [pid, host, start] = holder.trim().split(' ');
  if (host !== hostname()) return undefined;
  return isRunning(Number(pid), start ?? '');
}

/** Whether the process runs and is the one that started then: numbers of processes come again, in a container at once. */
export function isRunning(pid: number, start: string): boolean {
  return isAlive(pid) && (start === '' || startOf(pid) === start);
}

/** When a process started, in the kernel's ticks; '' where there is no /proc. */
export function startOf(pid: number): string {
  return statOf(pid)[19] ?? '';
}

/** What the kernel says of a process after its name, which may hold anything; nothing where there is no /proc. */
export function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Whether the process runs; one that was killed and not yet reaped does not. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return statOf(pid)[0] !== 'Z';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
