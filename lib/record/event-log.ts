/**
 * Every event on record before it is answered: segments of one process each, a new one each day and at a size. Lines that
 * arrive together are written together and are one link of the chain (group commit), so a busy server pays for few of both.
 */
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { jsonLedger, type LedgerWriter, openLedger } from '../files/ledger.ts';
import { isAlive } from '../files/lock.ts';
import { headerLine, type ModelShape } from './events.ts';

/** Whether a process writes the log file: of another machine's, that is not known. */
export function isBeingWritten(path: string): boolean | undefined {
  const [, host, pid] = /^\d{8}T\d{6}-(.+?)-(\d+)(?:\.\d+)?\.jsonl$/.exec(basename(path)) ?? [];
  if (pid === undefined) return false;
  return host === hostName() ? isAlive(Number(pid)) : undefined;
}

function hostName(): string {
  return hostname().replace(/[^A-Za-z0-9-]/g, '-');
}

export interface EventLog {
  /**
   * Resolves when all lines are on record: with the kernel (process) or on the disk (disk). Rejects when they are not, and
   * then no line of a prediction is; sensitive columns, which are written first, may be. `shape` is that of the version whose
   * predictions these are.
   */
  append(lines: readonly string[], sensitive?: readonly string[], shape?: ModelShape): Promise<void>;
  close(): Promise<void>;
}

export interface EventLogOptions {
  readonly folder: string;
  readonly sensitiveFolder: string;
  readonly durability: 'process' | 'disk';
  readonly maxBytes: number;
  /** Where its events were taken from, if they did not arise here. */
  readonly from?: string;
  /** Of the versions that answer when a segment begins; one that answers later begins another. */
  readonly shapes: () => readonly ModelShape[];
  /** The disk refused to say that it holds what was written: nothing later may be trusted (Rebello et al. 2020). */
  readonly onBroken: (error: Error) => void;
  /** A file is finished and another begins. */
  readonly onRotate?: () => void;
  readonly now?: () => Date;
}

interface Waiting {
  readonly lines: readonly string[];
  readonly sensitive: readonly string[];
  readonly shape: ModelShape | undefined;
  resolve(): void;
  reject(error: Error): void;
}

export function openEventLog(options: EventLogOptions): EventLog {
  const { durability, maxBytes, shapes, onBroken, onRotate = () => {}, now = () => new Date() } = options;
  let file = openFile(options.folder, now());
  let known = new Map<string, ModelShape>();
  let sensitiveFile: LedgerWriter | undefined;
  let waiting: Waiting[] = [];
  let scheduled = false;
  let broken: Error | undefined;

  const isKnown = (shape: ModelShape | undefined) =>
    shape === undefined || known.get(shape.version)?.sha256 === shape.sha256;
  const rotate = (isStrange: boolean) => {
    if (file.size === 0 || (file.size < maxBytes && dayOf(now()) <= file.day && !isStrange)) return;
    const next = openFile(options.folder, now(), file.name);
    file.ledger.sync();
    file.ledger.close();
    sensitiveFile?.sync();
    sensitiveFile?.close();
    sensitiveFile = undefined;
    file = next;
    onRotate();
  };
  /** A new segment says first what its lines share. */
  const header = (batch: readonly Waiting[]) => {
    if (file.size > 0) return [];
    const given = [...shapes(), ...batch.flatMap(({ shape }) => shape ?? [])];
    known = new Map(given.map((shape) => [shape.version, shape]));
    return [headerLine(now(), `${hostName()}-${process.pid}`, [...known.values()], options.from)];
  };
  const write = (batch: readonly Waiting[]) => {
    rotate(!batch.every(({ shape }) => isKnown(shape)));
    const sensitive = batch.flatMap((each) => each.sensitive);
    if (sensitive.length > 0) {
      sensitiveFile ??= openLedger(`${options.sensitiveFolder}/${file.name}`, jsonLedger);
      sensitiveFile.append(sensitive);
    }
    file.ledger.append([...header(batch), ...batch.flatMap(({ lines }) => lines)]);
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
    append: (lines, sensitive = [], shape = undefined) =>
      new Promise((resolve, reject) => {
        waiting.push({ lines, sensitive, shape, resolve, reject });
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
