/** Reads the API logs and writes reports/monitor.json and .html, and a line of monitor_history.jsonl; with --forever again and again. */
import { parseArgs } from 'node:util';
import { raiseAlerts } from '../lib/alerts/record.ts';
import { describeChange } from '../lib/alerts/rules.ts';
import { loadProject, type Project } from '../lib/config/load.ts';
import { appendLedger, jsonLedger } from '../lib/files/ledger.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { json } from '../lib/registry/json.ts';
import { loadVersion, readReference } from '../lib/registry/load.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { readValidation } from '../lib/registry/validation.ts';
import { sleep } from '../lib/serve/client.ts';
import { type MonitorRun, monitorHistoryPath } from '../lib/serve/status.ts';
import { run, say } from '../lib/terminal.ts';
import { type MonitorReport, monitor } from '../lib/watch/monitor.ts';
import { monitorPage } from '../lib/watch/page.ts';
import { readSensitive } from '../lib/watch/sensitive.ts';
import { type PredictionLogs, readPredictionLogs, readWindow } from '../lib/watch/window.ts';

run(async () => {
  const { values } = parseArgs({ options: { forever: { type: 'boolean', default: false } } });
  for (;;) {
    const project = loadProject();
    const logs = readPredictionLogs(project);
    const made = await report(project, logs);
    sayReport(made);
    for (const change of raiseAlerts(project, made, logs)) say('alert', describeChange(change));
    if (!values.forever) return;
    await sleep(project.config.monitoring.interval_seconds * 1000);
  }
});

async function report(project: Project, logs: PredictionLogs): Promise<MonitorReport> {
  const { config } = project;
  const version = resolveVersion(project, config.deployment.model);
  const window = readWindow(project, logs, version, config.monitoring.window);
  const made = monitor(
    config,
    loadVersion(project, version),
    readReference(project, version),
    readValidation(project, version),
    window,
    readSensitive(project),
    new Date().toISOString(),
  );
  writeAtomic(project.path(config.paths.reports, 'monitor.json'), json(made));
  writeAtomic(
    project.path(config.paths.reports, 'monitor.html'),
    await monitorPage(made, config.monitoring.psi_threshold),
  );
  const run: MonitorRun = {
    time: made.time,
    model: made.model,
    rows: made.window.rows,
    error_rate: made.labels.count === 0 ? null : made.error_rate.production.value,
    max_psi: Math.max(0, ...made.drift.map(({ psi }) => psi)),
    roc_auc: made.metrics?.roc_auc.value ?? null,
    pr_auc: made.metrics?.pr_auc.value ?? null,
    latency_p95_ms: made.latency_ms?.p95 ?? null,
  };
  if (made.window.rows > 0) appendLedger(monitorHistoryPath(project), jsonLedger, [JSON.stringify(run)]);
  return made;
}

function sayReport({ model, window, error_rate, drift, harm, labels, fairness }: MonitorReport): void {
  if (window.rows === 0) {
    say('monitor', `no predictions of ${model} yet: nothing can be said`);
    return;
  }
  const percent = (share: number) => (share * 100).toFixed(2);
  const { production, training } = error_rate;
  const errors =
    labels.count === 0
      ? 'no truth has arrived yet'
      : `error rate ${percent(production.value)} % [${percent(production.low)} – ${percent(production.high)}] against ${percent(training.value)} % in training`;
  const drifted = drift
    .filter(({ verdict }) => verdict === 'drift')
    .map(({ name, psi }) => `${name} (PSI ${psi.toFixed(2)})`);
  say('monitor', errors, `drift: ${drifted.join(', ') || 'none'}`);
  const wide = fairness.flatMap(({ column, gaps }) =>
    gaps.flatMap(({ criterion, spread, verdict }) =>
      verdict === 'fail' ? [`${column} (${criterion.replace('_', ' ')} ${spread!.value.toFixed(2)})`] : [],
    ),
  );
  if (wide.length > 0) say('', `groups further apart than fairness.max_gap: ${wide.join(', ')}`);
  if (harm === null) return;
  const said = { pass: 'no harm', fail: 'harm', inconclusive: 'inconclusive' }[harm.verdict];
  say(
    '',
    `${harm.metric} ${harm.production.toFixed(3)} against ${harm.training.toFixed(3)} in training: ${said}   reports/monitor.html`,
  );
}
