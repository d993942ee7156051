/**
 * Every prediction on record before it is answered: chained JSONL files, each of one server process, a new one each day and
 * at a size. Lines that arrive together are written together (group commit), so a busy server pays for few writes.
 */
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { jsonLedger, type LedgerWriter, openLedger } from '../files/ledger.ts';
import { isAlive } from '../files/lock.ts';

/** Whether a process writes the log file: of another machine's, that is not known. */
export function isBeingWritten(path: string): boolean | undefined {
  const [, host, pid] = /^\d{8}T\d{6}-(.+?)-(\d+)(?:\.\d+)?\.jsonl$/.exec(basename(path)) ?? [];
  if (pid === undefined) return false;
  return host === hostName() ? isAlive(Number(pid)) : undefined;
}

function hostName(): string {
  return hostname().replace(/[^A-Za-z0-9-]/g, '-');
}

export interface PredictionLog {
  /**
   * Resolves when all lines are on record: with the kernel (process) or on the disk (disk). Rejects when they are not, and
   * then no line of a prediction is; sensitive columns, which are written first, may be.
   */
  append(lines: readonly string[], sensitive?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface PredictionLogOptions {
  readonly folder: string;
  readonly sensitiveFolder: string;
  readonly durability: 'process' | 'disk';
  readonly maxBytes: number;
  /** The disk refused to say that it holds what was written: nothing later may be trusted (Rebello et al. 2020). */
  readonly onBroken: (error: Error) => void;
  /** A file is finished and another begins. */
  readonly onRotate?: () => void;
  readonly now?: () => Date;
}

interface Waiting {
  readonly lines: readonly string[];
  readonly sensitive: readonly string[];
  resolve(): void;
  reject(error: Error): void;
}

export function openPredictionLog(options: PredictionLogOptions): PredictionLog {
  const { durability, maxBytes, onBroken, onRotate = () => {}, now = () => new Date() } = options;
  let file = openFile(options.folder, now());
  let sensitiveFile: LedgerWriter | undefined;
  let waiting: Waiting[] = [];
  let scheduled = false;
  let broken: Error | undefined;

  const rotate = () => {
    if (file.size === 0 || (file.size < maxBytes && dayOf(now()) <= file.day)) return;
    const next = openFile(options.folder, now(), file.name);
    file.ledger.sync();
    file.ledger.close();
    sensitiveFile?.sync();
    sensitiveFile?.close();
    sensitiveFile = undefined;
    file = next;
    onRotate();
  };
  const write = (batch: readonly Waiting[]) => {
    rotate();
    const sensitive = batch.flatMap((each) => each.sensitive);
    if (sensitive.length > 0) {
      sensitiveFile ??= openLedger(`${options.sensitiveFolder}/${file.name}`, jsonLedger);
      sensitiveFile.append(sensitive);
    }
    file.ledger.append(batch.length === 1 ? batch[0]!.lines : batch.flatMap((each) => each.lines));
  };
  const flush = () => {
    scheduled = false;
    const batch = waiting;
    waiting = [];
    try {
      if (broken !== undefined) throw broken;
      write(batch);
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
      return;
    }
    if (durability === 'process') for (const { resolve } of batch) resolve();
    else syncBatch(batch);
  };
  /** Lines that arrive while the disk works are the next batch: no timer waits for them. */
  const syncBatch = (batch: readonly Waiting[]) => {
    scheduled = true;
    const done = (error: Error | null) => {
      if (error !== null) {
        broken = error;
        onBroken(error);
      }
      for (const { resolve, reject } of batch) error === null ? resolve() : reject(error);
      if (waiting.length > 0) flush();
      else scheduled = false;
    };
    if (sensitiveFile === undefined) file.ledger.syncLater(done);
    else sensitiveFile.syncLater((error) => (error === null ? file.ledger.syncLater(done) : done(error)));
  };
  return {
    append: (lines, sensitive = []) =>
      new Promise((resolve, reject) => {
        waiting.push({ lines, sensitive, resolve, reject });
        if (scheduled) return;
        scheduled = true;
        setImmediate(flush);
      }),
    async close() {
      while (scheduled) await new Promise((resolve) => setImmediate(resolve));
      file.ledger.sync();
      file.ledger.close();
      sensitiveFile?.sync();
      sensitiveFile?.close();
    },
  };
}

interface LogFile {
  readonly name: string;
  readonly day: string;
  readonly ledger: LedgerWriter;
  readonly size: number;
}

/** A file named for when and by whom it was begun; a second one in the same second gets a number. */
function openFile(folder: string, time: Date, before?: string): LogFile {
  const stamp = time.toISOString().replace(/[-:]/g, '').slice(0, 15);
  const base = `${stamp}-${hostName()}-${process.pid}`;
  const [, number] = new RegExp(`^${base}(?:\\.(\\d+))?\\.jsonl$`).exec(before ?? '') ?? [];
  const name =
    before?.startsWith(`${base}.`) === true ? `${base}.${Number(number ?? 1) + 1}.jsonl` : `${base}.jsonl`;
  const ledger = openLedger(`${folder}/${name}`, jsonLedger);
  return {
    name,
    day: dayOf(time),
    ledger,
    get size() {
      return ledger.size;
    },
  };
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
