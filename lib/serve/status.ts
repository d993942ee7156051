/** What the status page says, gathered from the registry, the ledgers, the last monitoring report and the counters. */
import { csvParseRows } from 'd3-dsv';
import { firingRules } from '../alerts/states.ts';
import type { Project } from '../config/load.ts';
import { jsonLedger, readLedger } from '../files/ledger.ts';
import { readIfThere } from '../files/write.ts';
import type { Thresholds } from '../learn/outputs.ts';
import { lastMove, readDeployments } from '../registry/deployments.ts';
import { ledgersOf } from '../registry/ledgers.ts';
import { readPointers } from '../registry/pointer-files.ts';
import type { Signature } from '../registry/signature.ts';
import type { MonitorReport } from '../watch/monitor.ts';
import type { Fleet } from './fleet.ts';

export interface StatusPage {
  readonly name: string;
  readonly time: string;
  readonly ready: boolean;
  readonly live: {
    readonly version: string;
    readonly sha256: string;
    readonly algorithm: string;
    readonly data: string;
    readonly simulated: boolean;
    /** Since when, by whom and why: the line of the deployment log that put it there. */
    readonly since: string;
    readonly actor: string;
    readonly reason: string;
  };
  readonly traffic: readonly { readonly version: string; readonly percent: number }[];
  readonly shadow: readonly string[];
  readonly alarms: readonly string[];
  readonly counts: RequestCounts;
  readonly monitor: MonitorSummary | undefined;
  readonly deployments: readonly EventLine[];
  readonly decisions: readonly EventLine[];
  readonly signature: Signature;
  readonly thresholds: Thresholds;
}

export interface EventLine {
  readonly time: string;
  readonly event: string;
  readonly what: string;
  readonly why: string;
}

/** One run of make monitor, as a line of its history. */
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
}

export interface MonitorSummary {
  readonly report: Pick<MonitorReport, 'time' | 'model' | 'error_rate' | 'window' | 'labels' | 'drift'>;
  readonly history: readonly MonitorRun[];
}

export interface RequestCounts {
  readonly predictions: number;
  readonly requests: number;
  readonly refused: number;
  readonly failed: number;
  /** Upper bounds of the histogram's buckets that hold these shares of the predictions, in ms; null before the first. */
  readonly p50: number | null;
  readonly p95: number | null;
}

const SHOWN = 8;

export function gatherStatus(
  project: Project,
  fleet: Pick<Fleet, 'current' | 'refused'>,
  ready: boolean,
  counts: RequestCounts,
  troubles: readonly string[],
): StatusPage {
  const { model, split } = fleet.current();
  const { metadata, signature } = model.loaded;
  const deployments = readDeployments(project);
  const put = lastMove(deployments);
  const isHere = put?.model_version === model.version;
  /** What could not be read is an alarm, not the end of the page. */
  const unreadable: string[] = [];
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      unreadable.push((error as Error).message);
      return otherwise;
    }
  };
  const configured = project.config.deployment.traffic.shadow;
  const shadows = attempt(() => readPointers(project).traffic?.shadow ?? configured, configured);
  const audited = attempt(() => auditAlarms(project), []);
  const monitor = attempt(() => lastMonitor(project), undefined);
  return {
    name: project.config.project_name,
    time: new Date().toISOString(),
    ready,
    live: {
      version: model.version,
      sha256: model.sha256,
      algorithm: metadata.algorithm,
      data: metadata.data.version,
      simulated: metadata.source === 'simulated',
      since: isHere ? put.time : model.since,
      actor: isHere ? put.actor : '',
      reason: isHere ? put.reason : `deployment.model: ${project.config.deployment.model}`,
    },
    traffic: (split?.weights ?? [[model.version, 100] as const]).map(([version, percent]) => ({
      version,
      percent,
    })),
    shadow: shadows,
    alarms: [
      ...troubles,
      ...unreadable,
      ...fleet.refused().map(({ version, problem }) => `${version} was refused: ${problem}`),
      ...audited,
      ...attempt(
        () => firingRules(project).map((rule) => `the alert "${rule}" is firing (models/alerts.jsonl)`),
        [],
      ),
    ],
    counts,
    monitor,
    deployments: deployments
      .slice(-SHOWN)
      .reverse()
      .map(({ time, event, change, model_version, reason, actor }) => ({
        time,
        event,
        what: change || model_version,
        why: `${reason} (${actor})`,
      })),
    decisions: lastDecisions(project),
    signature,
    thresholds: model.thresholds,
  };
}

/** Problems of the last make audit. */
function auditAlarms(project: Project): string[] {
  const text = readIfThere(project.path(project.config.paths.reports, 'audit.json'));
  if (text === undefined) return [];
  const { time, problems } = parseJson(text, 'audit.json') as { time: string; problems: string[] };
  return problems
    .slice(0, SHOWN)
    .map((problem) => `audit of ${time.slice(0, 16).replace('T', ' ')}: ${problem}`);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${name} is no JSON`);
  }
}

export function monitorHistoryPath(project: Project): string {
  return project.path(project.config.paths.reports, 'monitor_history.jsonl');
}

function lastMonitor(project: Project): MonitorSummary | undefined {
  const text = readIfThere(project.path(project.config.paths.reports, 'monitor.json'));
  if (text === undefined) return undefined;
  const history = readLedger(monitorHistoryPath(project), jsonLedger).lines.slice(-60);
  return {
    report: parseJson(text, 'monitor.json') as MonitorReport,
    history: history.map(({ body }) => JSON.parse(body) as MonitorRun),
  };
}

function lastDecisions(project: Project): EventLine[] {
  const { path, format } = ledgersOf(project).decisions;
  return readLedger(path, format)
    .lines.slice(-SHOWN)
    .reverse()
    .map(({ body }) => {
      const [time, event, version, reasons] = csvParseRows(body)[0]!;
      return { time: time!, event: event!, what: version!, why: reasons! };
    });
}

/** Prometheus samples as they are read back from their text: name, labels and value. */
export function readCounts(text: string): RequestCounts {
  const samples = [...text.matchAll(/^(\w+)\{([^}]*)\} (\S+)$/gm)].map(([, name, labels, value]) => ({
    name,
    labels: Object.fromEntries([...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, held]) => [key, held])),
    value: Number(value),
  }));
  const sum = (name: string, isIt: (labels: Record<string, string>) => boolean = () => true) =>
    samples
      .filter((sample) => sample.name === name && isIt(sample.labels as Record<string, string>))
      .reduce((total, { value }) => total + value, 0);
  const ofPredict = (labels: Record<string, string>) => labels.route === '/predict';
  const status = (first: string) => (labels: Record<string, string>) =>
    ofPredict(labels) && labels.status!.startsWith(first);
  const buckets = samples.filter(
    ({ name, labels }) => name === 'clockwork_request_duration_seconds_bucket' && labels.route === '/predict',
  );
  const count = sum('clockwork_request_duration_seconds_count', ofPredict);
  const quantile = (q: number) => {
    const bucket = buckets.find(({ value }) => value >= q * count);
    return count === 0 || bucket === undefined ? null : Number(bucket.labels.le) * 1000;
  };
  return {
    predictions: sum('clockwork_predictions_total'),
    requests: sum('clockwork_requests_total', ofPredict),
    refused: sum('clockwork_requests_total', status('4')),
    failed: sum('clockwork_requests_total', status('5')),
    p50: quantile(0.5),
    p95: quantile(0.95),
  };
}
