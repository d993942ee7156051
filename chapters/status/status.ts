/** What the status page says, gathered from the registry, the ledgers, the counters, and who hands in cards. */
import type { Thresholds } from '../../lib/numbers/outputs.ts';
import type { Project } from '../../lib/project.ts';
import { readDecisions } from '../../lib/record/decisions.ts';
import { readDeployments } from '../../lib/record/deployments.ts';
import { lastAudit } from '../../lib/registry/audit.ts';
import { lastMove } from '../../lib/registry/live.ts';
import { readPointers } from '../../lib/registry/pointer-files.ts';
import type { ServerParts } from '../../lib/serve/route.ts';
import type { Card, StatusPart } from '../../lib/serve/status.ts';
import type { Signature } from '../../lib/train/signature.ts';
import { monitorCard } from './monitor-card.ts';
import { overTimeCard } from './over-time-card.ts';

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
  readonly cards: readonly Card[];
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

export async function gatherStatus(project: Project, server: ServerParts): Promise<StatusPage> {
  const { fleet } = server;
  const counts = readCounts(await server.metricsText());
  const parts: readonly StatusPart[] = [{ card: monitorCard }, { card: overTimeCard }, ...server.statusParts];
  const { model, split } = fleet.current();
  const { metadata, signature } = model.loaded;
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
  const deployments = attempt(() => readDeployments(project.ledgers), []);
  const put = lastMove(deployments);
  const isHere = put?.model_version === model.version;
  const { traffic, model: named } = project.config.deployment;
  const shadow = attempt(() => readPointers(project).traffic?.shadow ?? traffic.shadow, traffic.shadow);
  const cards = parts.flatMap((part) => attempt(() => part.card?.(project), undefined) ?? []);
  const alarms = [
    ...attempt(() => auditAlarms(project.reports), []),
    ...parts.flatMap((part) => attempt(() => part.alarms?.(project), undefined) ?? []),
  ];
  const decisions = attempt(() => readDecisions(project.ledgers), []);
  return {
    name: project.config.project_name,
    time: new Date().toISOString(),
    ready: server.isReady(),
    live: {
      version: model.version,
      sha256: model.sha256,
      algorithm: metadata.algorithm,
      data: metadata.data.version,
      simulated: metadata.source === 'simulated',
      since: isHere ? put.time : model.since,
      actor: isHere ? put.actor : '',
      reason: isHere ? put.reason : `deployment.model: ${named}`,
    },
    traffic: (split?.weights ?? [[model.version, 100] as const]).map(([version, percent]) => ({
      version,
      percent,
    })),
    shadow,
    alarms: [
      ...server.troubles(),
      ...unreadable,
      ...fleet.refused().map(({ version, problem }) => `${version} was refused: ${problem}`),
      ...alarms,
    ],
    counts,
    cards,
    deployments: latest(deployments, ({ time, event, change, model_version, reason, actor }) => ({
      time,
      event,
      what: change || model_version,
      why: `${reason} (${actor})`,
    })),
    decisions: latest(decisions, ({ time, decision, version, reasons }) => ({
      time,
      event: decision,
      what: version,
      why: reasons,
    })),
    signature,
    thresholds: model.thresholds,
  };
}

/** The newest first. */
function latest<T>(lines: readonly T[], describe: (line: T) => EventLine): EventLine[] {
  return lines.slice(-SHOWN).reverse().map(describe);
}

function auditAlarms(reports: string): string[] {
  const { time, problems } = lastAudit(reports) ?? { time: '', problems: [] };
  return problems
    .slice(0, SHOWN)
    .map((problem) => `audit of ${time.slice(0, 16).replace('T', ' ')}: ${problem}`);
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
