/**
 * Decides whether to retrain and records why. On yes: the labelled production rows make the next data version, a
 * challenger is trained on it and compared with the champion on rows that neither has seen, and if it is better it goes live
 * and the config moves to the new data version.
 */
import { rolesOf } from '../lib/config/roles.ts';
import { readDataset } from '../lib/data/dataset.ts';
import { PREDICTION } from '../lib/data/prepare.ts';
import { chapters, handedIn } from '../lib/door.ts';
import { failed } from '../lib/fault.ts';
import { readTable, writeCsv } from '../lib/files/csv.ts';
import { sha256, sha256File } from '../lib/files/hash.ts';
import type { Estimate } from '../lib/numbers/estimate.ts';
import type { Project } from '../lib/project.ts';
import { hoursSinceRetraining, readDecisions, recordDecision } from '../lib/record/decisions.ts';
import { labelledFiles, recordLabelled } from '../lib/record/labelled.ts';
import { nextDataVersion } from '../lib/record/manifest.ts';
import { lastReport } from '../lib/record/monitoring.ts';
import { readSensitive } from '../lib/record/predictions.ts';
import { makeDataVersion, partPath } from '../lib/registry/data-versions.ts';
import { describeGate, judgeGate } from '../lib/registry/gate.ts';
import { giveClasses, loadVersion } from '../lib/registry/load.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { trainVersion } from '../lib/registry/train-version.ts';
import { championFollowed } from '../lib/serve/client.ts';
import { step } from '../lib/step.ts';
import { progress, say } from '../lib/terminal.ts';
import { type Decision, decideRetraining, describeHarm } from '../lib/watch/decide.ts';
import { compareOn } from '../lib/watch/harm.ts';
import { labelledRows } from '../lib/watch/labelled.ts';
import type { MonitorReport } from '../lib/watch/monitor.ts';
import { concludeRetraining, finishRetraining } from '../lib/watch/retraining.ts';
import { readTaught } from '../lib/watch/taught.ts';
import { formatCount, formatInterval, formatMany } from '../lib/words.ts';

step({ chapters, lock: 'retrain' }, async (project) => {
  const finished = finishRetraining(project);
  for (const line of finished) say('retrain', line);
  if (finished.length > 0) return;
  const champion = resolveVersion(project, 'champion');
  const { text, report } = readReport(project, champion);
  const evidence = `monitor.json@${sha256(text).slice(0, 16)}`;
  const hours = hoursSinceRetraining(readDecisions(project.ledgers));
  const decision = decideRetraining(project.config, report, hours);
  recordDecision(project.ledgers, decision.decision, champion, decision.reasons, evidence);
  sayDecision(decision, report);
  if (decision.decision === 'yes') await retrain(project, champion, evidence);
});

function readReport(project: Project, champion: string): { text: string; report: MonitorReport } {
  const text = lastReport(project.ledgers, project.reports);
  if (text === undefined) throw failed('there is no monitoring report to decide on: make monitor');
  const report = JSON.parse(text) as MonitorReport;
  if (report.model !== champion)
    throw failed(
      `the monitoring report is about ${report.model}, but ${champion} is champion now: make monitor`,
    );
  return { text, report };
}

function sayDecision({ decision, reasons }: Decision, { harm, labels }: MonitorReport): void {
  const measured =
    harm === null
      ? ''
      : `${describeHarm(harm)} ${harm.production.toFixed(3)} against ${harm.training.toFixed(3)}, difference ${formatInterval(harm.difference)} · `;
  say(
    'retrain',
    `${decision}: ${reasons[0]}`,
    `${measured}${labels.scarcest.count} of ${formatMany(labels.count, 'label')} of class ${labels.scarcest.class} · recorded in models/decisions.csv`,
  );
}

async function retrain(project: Project, champion: string, evidence: string): Promise<void> {
  const { metric } = project.config.retraining;
  const dataVersion = nextDataVersion(project.ledgers, project.path(project.config.data.processed_dir));
  const heldOut = joinLabelled(project, dataVersion);
  const { version: challenger } = await train(project, dataVersion);
  const verdict = judge(project, champion, challenger, partPath(project, dataVersion, 'test'));
  const { estimate } = verdict;
  const by = { cost: 'cost saved', calibration: 'squared error less by' }[metric as 'cost'] ?? metric;
  say(
    'compare',
    `${challenger} against ${champion} on the ${formatCount(heldOut)} held-out rows: ${by} ${estimate.value < 0 ? '' : '+'}${formatInterval(estimate)}: it ${verdict.said}`,
    ...verdict.costs,
  );
  if (!verdict.better) {
    recordDecision(project.ledgers, 'kept', champion, [`${challenger} ${verdict.said}`], evidence);
    say(
      '',
      `${champion} stays champion; ${challenger} stays in the registry: make compare A=${champion} B=${challenger}`,
    );
    return;
  }
  concludeRetraining(project, {
    version: challenger,
    data_version: dataVersion,
    reason: `retrained: ${by} higher by ${estimate.value.toFixed(3)} than that of ${champion} on held-out production rows`,
    verdict: verdict.said,
    evidence,
  });
  const followed = await championFollowed(project, challenger);
  say(
    'promote',
    `${challenger} is champion (was ${champion}); ${project.configPath} reads data ${dataVersion}${followed}`,
  );
}

/** Makes the data version of the newly labelled rows; returns how many of them are held out. */
function joinLabelled(project: Project, dataVersion: string): number {
  const { config, path } = project;
  const earlier = labelledFiles(project.ledgers, config.data.current_version);
  const joined = new Set(earlier.flatMap((file) => readTable(path(file.path)).map((row) => row[PREDICTION])));
  const { taught, strangers } = readTaught(project.ledgers, joined);
  if (strangers > 0)
    say('', `${formatMany(strangers, 'label')} left out: nothing is learnt from senders without a name`);
  const sensitive = readSensitive(project.ledgers, taught[0]?.time ?? '');
  const { header, rows, left, train, test, scarcest } = labelledRows(config, taught, sensitive);
  if (left > 0) say('', `${formatMany(left, 'labelled row')} left out: the schema does not take them`);
  const file = `${config.data.production_dir}/labelled_${dataVersion}.csv`;
  writeCsv(path(file), header, rows);
  recordLabelled(project.ledgers, dataVersion, [...earlier, { path: file, sha256: sha256File(path(file)) }]);
  makeDataVersion(project, dataVersion);
  say(
    'prepare',
    `${dataVersion}  ${formatMany(train, 'labelled production row')} join training, ${formatCount(test)} (${scarcest.count} of class ${scarcest.class}) are held out to compare on`,
  );
  return test;
}

async function train(project: Project, dataVersion: string) {
  const training = handedIn('training');
  const changes = await Promise.all(training.map(({ load }) => load()));
  const program = ['scripts/model-train.ts', ...training.map(({ file }) => file)];
  const bar = progress('train', 1);
  const trained = await trainVersion(project, dataVersion, { changes, program }, 'challenger', bar.update);
  bar.stop();
  const { pr_auc } = trained.metrics.metrics;
  say(
    'train',
    `${trained.version}  ${trained.metadata.algorithm}, data ${dataVersion}   PR-AUC ${formatInterval(pr_auc)}`,
  );
  return trained;
}

/** Both versions' bytes on the same held-out rows; better means that the whole interval of the difference is above 0. */
function judge(
  project: Project,
  champion: string,
  challenger: string,
  test: string,
): { estimate: Estimate; better: boolean; said: string; costs: string[] } {
  const { config } = project;
  const data = readDataset(project.path(test), config.schema);
  const [a, b] = [loadVersion(project, champion), loadVersion(project, challenger)];
  const { differences, estimate, verdict } = compareOn(
    config,
    { classes: rolesOf(config.schema).target.categories!.length, labels: data.target },
    giveClasses(a, data, config.schema),
    giveClasses(b, data, config.schema),
    data.entities,
  );
  const costs = Object.entries(differences)
    .filter(([metric, each]) => metric !== config.retraining.metric && each.verdict === 'fail')
    .map(([metric, each]) => `at its threshold its ${metric} is lower: ${formatInterval(each.estimate)}`);
  const gate = judgeGate(config, b.metrics);
  if (gate.verdict !== 'pass')
    return { estimate, better: false, said: `does not pass the gate: ${describeGate(gate)}`, costs };
  const said = { pass: 'is better', fail: 'is worse', inconclusive: 'is not shown to be better' }[verdict];
  return { estimate, better: verdict === 'pass', said, costs };
}
