/** Reads the API logs and writes reports/monitor.json and .html, and a line of the monitoring ledger; with FOREVER again and again. */
import { chapters } from '../lib/door.ts';
import { badInput, failed } from '../lib/fault.ts';
import { sha256 } from '../lib/files/hash.ts';
import { json, writeAtomic } from '../lib/files/write.ts';
import type { Project } from '../lib/project.ts';
import { readDeployments } from '../lib/record/deployments.ts';
import { monitorPath, readRuns, recordRun } from '../lib/record/monitoring.ts';
import { followTruth } from '../lib/record/truth.ts';
import { liveAt } from '../lib/registry/live.ts';
import { loadVersion, readReference } from '../lib/registry/load.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { readValidation } from '../lib/registry/validation.ts';
import { listVersions } from '../lib/registry/versions.ts';
import { sleep } from '../lib/serve/client.ts';
import { optional, step, time } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { firstBlock, readBlocks } from '../lib/watch/blocks.ts';
import { sharedFacts } from '../lib/watch/facts.ts';
import {
  type BinsOf,
  followHours,
  type HourSummary,
  hoursBetween,
  versionsSummarised,
} from '../lib/watch/hours.ts';
import { limitsFor } from '../lib/watch/meaning.ts';
import { type MonitorReport, monitor, trainingError } from '../lib/watch/monitor.ts';
import { overTime } from '../lib/watch/over-time.ts';
import { monitorPage } from '../lib/watch/page.ts';
import { hourOf, latestHours, lookBack, measuredDelay } from '../lib/watch/past.ts';
import { alarmsOf, type Block, beginVigil, keepVigil } from '../lib/watch/vigil.ts';
import { type Kept, keptHash, readKept, writeKept } from '../lib/watch/vigil-file.ts';
import { readWindow } from '../lib/watch/window.ts';
import { formatInterval, formatMany, formatPercent, formatTime } from '../lib/words.ts';

/** Events that a look sums up at most: who has a year of them catches up look by look. */
const EVENTS_A_LOOK = 40_000;

const args = { FOREVER: optional, AT: time('AT'), FROM: time('FROM'), TO: time('TO') };

step({ chapters, args }, async (project, { FOREVER, AT, FROM, TO }) => {
  if (AT !== undefined || FROM !== undefined || TO !== undefined) {
    sayPast(project, AT, FROM, TO);
    return;
  }
  for (;;) {
    await look(project);
    if (FOREVER === undefined) return;
    await sleep(project.config.monitoring.interval_seconds * 1000);
  }
});

async function look(project: Project): Promise<void> {
  const { config, ledgers } = project;
  const version = resolveVersion(project, config.deployment.model);
  const loaded = loadVersion(project, version);
  const reference = readReference(project, version);
  const validation = readValidation(project, version);
  const kept = keptFor(project);
  const now = new Date();
  const limits = limitsFor(config.monitoring.limits, trainingError(loaded));
  // Another version answers than at the look before: what its window shows is where its watch begins.
  const before = kept?.vigil.version === version ? kept : undefined;
  let vigil = before?.vigil ?? beginVigil(version);
  const watch = (block: Block) => {
    vigil = keepVigil(vigil, block, loaded, reference, limits, config.monitoring.alarm_rate);
  };
  const facts = sharedFacts(ledgers);
  const read = before && readBlocks(facts, before.position, version, now.toISOString(), watch);
  const { lastLabel, ...stream } = followTruth(ledgers);
  followHours(ledgers, binsOf(project), EVENTS_A_LOOK, facts);
  const { window: size, label_delay_hours } = config.monitoring;
  const delayHours =
    label_delay_hours === 'measured' ? measuredDelay(ledgers, now.getTime()) : label_delay_hours;
  const window = readWindow(ledgers, stream, version, { size, delayHours }, now);
  if (before === undefined) watch(firstBlock(window, now.toISOString()));
  const position = read ?? stream.position;
  const report = monitor(config, loaded, reference, validation, window, now.toISOString());
  const known = await Promise.all(chapters.flatMap(({ signals }) => signals?.(project) ?? []));
  const signals = Object.assign({}, ...known);
  const seen = { report, loaded, window, stream, lastLabel, vigil, signals };
  const parts = await Promise.all(chapters.flatMap(({ monitored }) => monitored?.(project, seen) ?? []));
  const text = json(
    Object.assign({ ...report, alarms: alarmsOf(vigil) }, ...parts.map(({ facts }) => facts)),
  );
  const page = await monitorPage(report, alarmsOf(vigil), config.monitoring.psi_threshold, [
    ...parts.flatMap(({ page }) => page ?? []),
    overTime(ledgers, now.getTime()),
  ]);
  const after = { vigil, position };
  writeKept(project.models, after, kept);
  writeAtomic(monitorPath(project.reports, 'json'), text);
  writeAtomic(monitorPath(project.reports, 'html'), page);
  recordRun(project.ledgers, {
    time: report.time,
    model: report.model,
    rows: report.window.rows,
    error_rate: report.labels.count === 0 ? null : report.error_rate.production.value,
    max_psi: Math.max(0, ...report.drift.map(({ size }) => size.value)),
    roc_auc: report.metrics?.roc_auc.value ?? null,
    pr_auc: report.metrics?.pr_auc.value ?? null,
    latency_p95_ms: report.latency_ms?.p95 ?? null,
    watch: keptHash(after),
    report: sha256(text),
    page: sha256(page),
  });
  sayReport(report);
  for (const [step, line] of parts.flatMap(({ said = [] }) => said)) say(step, line);
}

/** How the inputs of a version are counted by the hour. */
function binsOf(project: Project): BinsOf {
  const known = new Map<string, ReturnType<BinsOf>>();
  return (version) => {
    if (!known.has(version)) {
      const isThere = listVersions(project).includes(version);
      const { inputs } = isThere ? loadVersion(project, version).signature : { inputs: [] };
      known.set(
        version,
        isThere ? { references: readReference(project, version).inputs, inputs } : undefined,
      );
    }
    return known.get(version);
  };
}

/** What a look would have said then; from whole hours, and with the truth as it is known now. */
function sayPast(
  project: Project,
  at: number | undefined,
  from: number | undefined,
  to: number | undefined,
): void {
  if (from !== undefined && to !== undefined && from >= to) throw badInput('TO is no later than FROM');
  if (at !== undefined && (from !== undefined || to !== undefined))
    throw badInput('AT is a moment, FROM and TO a span: one or the other');
  const { config, ledgers } = project;
  followHours(ledgers, binsOf(project));
  if (at !== undefined) {
    const { champion } = liveAt(readDeployments(ledgers), new Date(at).toISOString());
    if (champion === undefined)
      throw failed(`no version was live at ${formatTime(new Date(at).toISOString())}`);
    const hours = latestHours(hoursBetween(ledgers, champion, 0, at), config.monitoring.window);
    if (hours.length === 0) say('monitor', `${champion} was live, and no hour of it is kept from before`);
    else sayHours(project, champion, hours);
    return;
  }
  const found = versionsSummarised(ledgers).flatMap((version) => {
    const hours = hoursBetween(ledgers, version, hourOf(from ?? 0), to ?? Number.POSITIVE_INFINITY);
    return hours.length === 0 ? [] : [{ version, hours }];
  });
  if (found.length === 0) say('monitor', 'no hour of any version is kept from then');
  for (const { version, hours } of found) sayHours(project, version, hours);
}

/** Of one version, the whole hours that were asked for. */
function sayHours(project: Project, version: string, hours: readonly HourSummary[]): void {
  const { config } = project;
  const report = lookBack(config, readReference(project, version), hours);
  const { error_rate: errors, latency_ms, delay_hours } = report;
  const number = (value: number | undefined, unit: string) =>
    value === undefined ? '–' : `${value.toPrecision(3)} ${unit}`;
  const drifted = report.drift
    .filter(({ size }) => size.low > config.monitoring.psi_threshold)
    .map(({ name, size }) => `${name} (PSI ${size.value.toFixed(2)})`);
  const byClass = Object.entries(delay_hours).map(([label, p95]) => `${label}: ${number(p95, 'h')}`);
  say(
    'monitor',
    `${version}, whole hours from ${formatTime(report.from)} to ${formatTime(report.to)}: ${formatMany(report.rows, 'prediction')}, ${report.refused} refused`,
    errors === undefined
      ? 'no truth has arrived yet'
      : `error rate ${formatInterval(errors, 4)} of ${formatMany(report.labelled, 'label')}; 95 % of the truth of each class came within ${byClass.join(', ')}`,
    `drift: ${drifted.join(', ') || 'none'}; latency p50 ${number(latency_ms.p50, 'ms')}, p95 ${number(latency_ms.p95, 'ms')}`,
  );
}

/** What the look before left; the watch begins anew where that is damaged. */
function keptFor(project: Project): Kept | undefined {
  const kept = readKept(project.models, readRuns(project.ledgers).at(-1));
  if (kept === undefined || !('problem' in kept)) return kept;
  say('watch', `${kept.problem}: it begins anew, and what rang is forgotten`);
  return undefined;
}

function sayReport({ model, window, error_rate, drift, harm, labels }: MonitorReport): void {
  if (window.rows === 0) {
    say('monitor', `no predictions of ${model} yet: nothing can be said`);
    return;
  }
  const percent = (share: number) => (share * 100).toFixed(2);
  const { production, training } = error_rate;
  const errors =
    labels.count === 0
      ? 'no truth has arrived yet'
      : `error rate ${percent(production.value)} % [${percent(production.low)} – ${percent(production.high)}] against ${formatPercent(training.value)} in training`;
  const drifted = drift
    .filter(({ verdict }) => verdict === 'drift')
    .map(({ name, size }) => `${name} (PSI ${size.value.toFixed(2)})`);
  say('monitor', errors, `drift: ${drifted.join(', ') || 'none'}`);
  if (harm === null) return;
  const said = { pass: 'no harm', fail: 'harm', inconclusive: 'inconclusive' }[harm.verdict];
  say(
    '',
    `${harm.metric} ${harm.production.toFixed(3)} against ${harm.training.toFixed(3)} in training, at its share of each class: ${said}   reports/monitor.html`,
  );
}
