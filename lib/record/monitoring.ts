/** models/monitor_history.jsonl: what each run of make monitor found, with the hash of its report. */
import { join } from 'node:path';
import { failed } from '../fault.ts';
import { sha256 } from '../files/hash.ts';
import { appendLedger } from '../files/ledger.ts';
import { readIfThere } from '../files/write.ts';
import { type Ledgers, linesOf } from './catalogue.ts';

export interface MonitorRun {
  readonly time: string;
  readonly model: string;
  readonly rows: number;
  readonly error_rate: number | null;
  readonly max_psi: number;
  /** Null where too little truth has arrived. */
  readonly roc_auc: number | null;
  readonly pr_auc: number | null;
  readonly latency_p95_ms: number | null;
  /** sha256 of what the watch keeps between looks, after this run. */
  readonly watch?: string;
  /** sha256 of reports/monitor.json and monitor.html of this run. */
  readonly report: string;
  readonly page: string;
}

export function recordRun(ledgers: Ledgers, run: MonitorRun): void {
  const { path, format } = ledgers.monitoring;
  appendLedger(path, format, [JSON.stringify(run)]);
}

/** Oldest first; each with its place, file:line. */
export function readRuns(ledgers: Ledgers): (MonitorRun & { readonly place: string })[] {
  const { monitoring } = ledgers;
  return linesOf(monitoring).map(({ body, number }) => ({
    ...(JSON.parse(body) as MonitorRun),
    place: `${monitoring.path}:${number}`,
  }));
}

export function monitorPath(reports: string, ending: 'json' | 'html'): string {
  return join(reports, `monitor.${ending}`);
}

/** The text of the last report, undefined before the first; fails where it is not the one that was written. */
export function lastReport(ledgers: Ledgers, reports: string): string | undefined {
  const path = monitorPath(reports, 'json');
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  if (!readRuns(ledgers).some(({ report }) => report === sha256(text)))
    throw failed(`${path}  is not what make monitor wrote: make monitor makes it again`);
  return text;
}

/** What of the last run's files is not what it wrote; files that make clean took away are missed by nobody. */
export function monitorProblems(ledgers: Ledgers, reports: string): string[] {
  const last = readRuns(ledgers).at(-1);
  if (last === undefined) return [];
  return (['json', 'html'] as const).flatMap((ending) => {
    const path = monitorPath(reports, ending);
    const text = readIfThere(path);
    const expected = ending === 'json' ? last.report : last.page;
    return text === undefined || sha256(text) === expected
      ? []
      : [`${path} is not what make monitor wrote at ${last.time}: make monitor makes it again`];
  });
}
