/** Every prediction on disk before it is answered: a chained JSONL file per server process. */
import { hostname } from 'node:os';
import type { Project } from '../config/load.ts';
import { jsonLedger, type LedgerWriter, openLedger } from '../files/ledger.ts';
import type { FieldProblem, RowValue } from './input.ts';

export interface PredictionLine {
  readonly id: string;
  readonly time: string;
  readonly model: string;
  readonly sha256: string;
  readonly route: 'champion';
  readonly ids: Record<string, RowValue>;
  readonly input: Record<string, RowValue>;
  readonly probability: number;
  readonly class: string;
  readonly latency_ms: number;
  /** The request's x-request-id, where it had one. */
  readonly request?: string;
}

/** A request that was refused; what was wrong, never what was sent. */
export interface RefusalLine {
  readonly id: string;
  readonly time: string;
  readonly route: 'refused';
  readonly model: string;
  readonly problems: readonly Omit<FieldProblem, 'row'>[];
  /** The request's x-request-id, where it had one. */
  readonly request?: string;
}

export function predictionFolder(project: Project): string {
  return project.path(project.config.data.production_dir, 'predictions');
}

/** Opens this process's file, named so that two servers never share one. */
export function openPredictionLog(folder: string): LedgerWriter {
  const time = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
  const host = hostname().replace(/[^A-Za-z0-9-]/g, '-');
  return openLedger(`${folder}/${time}-${host}-${process.pid}.jsonl`, jsonLedger);
}
