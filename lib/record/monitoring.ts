/** models/monitor_history.jsonl: what each run of make monitor found, with the hash of its report. */

import type { Project } from '../config/load.ts';
import { failed } from '../fault.ts';
import { sha256 } from '../files/hash.ts';
import { appendLedger } from '../files/ledger.ts';
import { readIfThere } from '../files/write.ts';
import { ledgersOf, linesOf } from './catalogue.ts';

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
  /** sha256 of reports/monitor.json and monitor.html of this run. */
  readonly report: string;
  readonly page: string;
}

export function recordRun(project: Project, run: MonitorRun): void {
  const { path, format } = ledgersOf(project).monitoring;
  appendLedger(path, format, [JSON.stringify(run)]);
}

/** Oldest first; each with its place, file:line. */
export function readRuns(project: Project): (MonitorRun & { readonly place: string })[] {
  const { monitoring } = ledgersOf(project);
  return linesOf(monitoring).map(({ body, number }) => ({
    ...(JSON.parse(body) as MonitorRun),
    place: `${monitoring.path}:${number}`,
  }));
}

export function monitorPath(project: Project, ending: 'json' | 'html'): string {
  return project.path(project.config.paths.reports, `monitor.${ending}`);
}

/** The text of the last report, undefined before the first; fails where it is not the one that was written. */
export function lastReport(project: Project): string | undefined {
  const path = monitorPath(project, 'json');
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  if (!readRuns(project).some(({ report }) => report === sha256(text)))
    throw failed(`${path}  is not what make monitor wrote: make monitor makes it again`);
  return text;
}

/** What of the last run's files is not what it wrote; files that make clean took away are missed by nobody. */
export function monitorProblems(project: Project): string[] {
  const last = readRuns(project).at(-1);
  if (last === undefined) return [];
  return (['json', 'html'] as const).flatMap((ending) => {
    const path = monitorPath(project, ending);
    const text = readIfThere(path);
    const expected = ending === 'json' ? last.report : last.page;
    return text === undefined || sha256(text) === expected
      ? []
      : [`${path} is not what make monitor wrote at ${last.time}: make monitor makes it again`];
  });
}
