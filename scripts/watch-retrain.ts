/**
 * Decides whether to retrain and records why. On yes: the labelled production rows make the next data version, a
 * challenger is trained on it and compared with the champion on rows that neither has seen, and if it is better it goes live
 * and the config moves to the new data version.
 */
import type { Guard } from '../lib/chapter.ts';
import { rolesOf } from '../lib/config/roles.ts';
import { SENDER } from '../lib/config/values.ts';
import { readDataset } from '../lib/data/dataset.ts';
import { chapters, handedIn } from '../lib/door.ts';
import { badInput, failed } from '../lib/fault.ts';
import { writeCsv } from '../lib/files/csv.ts';
import { sha256 } from '../lib/files/hash.ts';
import type { Estimate } from '../lib/numbers/estimate.ts';
import type { Project } from '../lib/project.ts';
import { hoursSinceRetraining, readDecisions, recordDecision } from '../lib/record/decisions.ts';
import { nextDataVersion } from '../lib/record/manifest.ts';
import { lastReport } from '../lib/record/monitoring.ts';
import { followTruth } from '../lib/record/truth.ts';
import { type DataJudge, makeDataVersion, partPath } from '../lib/registry/data-versions.ts';
import { describeGate, judgeGate } from '../lib/registry/gate.ts';
import { giveClasses, type LoadedVersion, loadVersion } from '../lib/registry/load.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { trainVersion } from '../lib/registry/train-version.ts';
import { championFollowed } from '../lib/serve/client.ts';
import { step } from '../lib/step.ts';
import { progress, say } from '../lib/terminal.ts';
import { type Decision, decideRetraining, describeHarm } from '../lib/watch/decide.ts';
import { compareOn } from '../lib/watch/harm.ts';
import { type Admission, type HeldRow, heldTable, joinTaught, sendersOf } from '../lib/watch/join.ts';
import type { MonitorReport } from '../lib/watch/monitor.ts';
import {
  concludeRetraining,
  finishRetraining,
  proposeRetraining,
  waitingChallenger,
} from '../lib/watch/retraining.ts';
import { didYouMean, formatCount, formatInterval, formatMany, formatTime } from '../lib/words.ts';

step(
  { chapters, lock: 'retrain', args: { WITHOUT: sender, ACCEPT: sender } },
  async (project, { WITHOUT, ACCEPT }) => {
    const finished = finishRetraining(project);
    for (const line of finished) say('retrain', line);
    if (finished.length > 0) return;
    const champion = resolveVersion(project, 'champion');
    const waiting = waitingChallenger(project);
    if (waiting !== undefined) {
      say(
        'retrain',
        `${waiting} waits: make promote VERSION=${waiting} puts it live, make stage VERSION=${waiting} STAGE=Archived forgets it`,
      );
      return;
    }
    const named = [WITHOUT, ACCEPT].filter((name) => name !== undefined);
    if (named.length > 0) checkSenders(named, sendersOf(project));
    if (WITHOUT !== undefined) {
      recordDecision(project.ledgers, 'yes', champion, [`by hand, without what ${WITHOUT} taught`], '');
      await retrain(project, champion, '', { without: WITHOUT, accept: ACCEPT });
      return;
    }
    const { text, report } = readReport(project, champion);
    const evidence = `monitor.json@${sha256(text).slice(0, 16)}`;
    const hours = hoursSinceRetraining(readDecisions(project.ledgers));
    const decision = decideRetraining(project.config, report, hours);
    recordDecision(project.ledgers, decision.decision, champion, decision.reasons, evidence);
    sayDecision(decision, report);
    const { lastLabel } = followTruth(project.ledgers);
    if (lastLabel !== null && lastLabel > report.time)
      say('', `truth came after the report of ${formatTime(report.time)}, and is not in it: make monitor`);
    if (decision.decision === 'yes')
      await retrain(project, champion, evidence, { without: undefined, accept: ACCEPT });
  },
);

function sender(given: string | undefined): string | undefined {
  if (given !== undefined && !SENDER.test(given))
    throw badInput(`${JSON.stringify(given)} is no name of a sender`);
  return given;
}

function checkSenders(names: readonly string[], known: readonly string[]): void {
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw badInput(
      `nobody of the name ${JSON.stringify(stranger)} has sent a label${didYouMean(stranger, known)} (${known.join(', ') || 'nobody has'})`,
    );
}

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

interface Taking {
  /** A sender whose rows are taken out. */
  readonly without: string | undefined;
  /** A sender whose held rows a person has looked at. */
  readonly accept: string | undefined;
}

async function retrain(project: Project, champion: string, evidence: string, taking: Taking): Promise<void> {
  const { metric, promotion } = project.config.retraining;
  const dataVersion = nextDataVersion(project.ledgers, project.path(project.config.data.processed_dir));
  const guards = await Promise.all(handedIn('guard').map(({ load }) => load()));
  const before = loadVersion(project, champion);
  const judges = await Promise.all(handedIn('data').map(({ load }) => load()));
  const heldOut = joinLabelled(project, before, dataVersion, { guards, judges }, taking);
  const { version: challenger } = await train(project, dataVersion);
  if (challenger === champion) {
    recordDecision(project.ledgers, 'kept', champion, [`what was learnt gives ${champion} again`], evidence);
    say('', `${champion} stays champion: what was learnt gives it again`);
    return;
  }
  const after = loadVersion(project, challenger);
  const verdict = judge(project, before, after, partPath(project, dataVersion, 'test'));
  const { estimate } = verdict;
  const by = { cost: 'cost saved', calibration: 'squared error less by' }[metric as 'cost'] ?? metric;
  say(
    'compare',
    `${challenger} against ${champion} on the ${formatCount(heldOut)} held-out rows: ${by} ${estimate.value < 0 ? '' : '+'}${formatInterval(estimate)}: it ${verdict.said}`,
    ...verdict.costs,
  );
  const objection = guards
    .map((guard) => guard.object(project, before, after))
    .find((said) => said !== undefined);
  // Who takes a sender out does so for a reason that no row shows: not being worse is enough, and a person decides.
  const isGood = taking.without === undefined ? verdict.better : !verdict.worse;
  if (!isGood || objection !== undefined) {
    const why = objection ?? verdict.said;
    recordDecision(project.ledgers, 'kept', champion, [`${challenger} ${why}`], evidence);
    say(
      '',
      ...(objection === undefined ? [] : [`${challenger} ${objection}`]),
      `${champion} stays champion; ${challenger} stays in the registry: make compare A=${champion} B=${challenger}`,
    );
    return;
  }
  const note = {
    version: challenger,
    data_version: dataVersion,
    reason:
      taking.without === undefined
        ? `retrained: ${by} higher by ${estimate.value.toFixed(3)} than that of ${champion} on held-out production rows`
        : `retrained without what ${taking.without} taught`,
    verdict: verdict.said,
    evidence,
  };
  const how = taking.without === undefined ? promotion : 'approve';
  if (how !== 'direct') {
    proposeRetraining(project, note, how);
    const share = how === 'canary' ? ' has a tenth of the traffic and' : '';
    say(
      'retrain',
      `${challenger}${share} waits: make promote VERSION=${challenger} puts it live, and the next make retrain moves the config to data ${dataVersion}`,
    );
    return;
  }
  concludeRetraining(project, note);
  const followed = await championFollowed(project, challenger);
  say(
    'promote',
    `${challenger} is champion (was ${champion}); ${project.configPath} reads data ${dataVersion}${followed}`,
  );
}

/** Makes the data version of the newly labelled rows; returns how many of them are held out. */
function joinLabelled(
  project: Project,
  champion: LoadedVersion,
  dataVersion: string,
  { guards, judges }: { readonly guards: readonly Guard[]; readonly judges: readonly DataJudge[] },
  { without, accept }: Taking,
): number {
  const admit: Admission = (taught) =>
    guards.reduce(
      ({ admitted, held }, guard) => {
        const next = guard.admit(project, champion, accept)(admitted);
        return { admitted: next.admitted, held: [...held, ...next.held] };
      },
      { admitted: taught, held: [] as readonly HeldRow[] },
    );
  const { rows, strangers, held, removed } = joinTaught(project, dataVersion, admit, without);
  const { left, train, test, scarcest } = rows;
  if (strangers > 0)
    say('', `${formatMany(strangers, 'label')} left out: nothing is learnt from senders without a name`);
  if (left > 0) say('', `${formatMany(left, 'labelled row')} left out: the schema does not take them`);
  if (removed > 0) say('', `${formatMany(removed, 'row')} that ${without} taught taken out`);
  if (held.length > 0) sayHeld(project, dataVersion, held);
  makeDataVersion(project, dataVersion, judges);
  say(
    'prepare',
    `${dataVersion}  ${formatMany(train, 'labelled production row')} join training, ${formatCount(test)} (${scarcest.count} of class ${scarcest.class}) are held out to compare on`,
  );
  return test;
}

/** Rows that wait for a person, with the reason of each, and what to type. */
function sayHeld(project: Project, dataVersion: string, held: readonly HeldRow[]): void {
  const path = project.path(project.config.data.quarantine_dir, `held_${dataVersion}.csv`);
  const { header, rows } = heldTable(held);
  writeCsv(path, header, rows);
  const senders = [...new Set(held.map(({ row }) => row.by))];
  say(
    'held',
    `${formatMany(held.length, 'labelled row')} of ${senders.join(', ')} wait for a person: ${path}`,
    `make retrain ACCEPT=${senders[0]} learns from them, make retrain WITHOUT=${senders[0]} from nothing of theirs`,
  );
}

async function train(project: Project, dataVersion: string) {
  const training = handedIn('training');
  const changes = await Promise.all(training.map(({ load }) => load()));
  const program = ['scripts/model-train.ts', ...training.map(({ file }) => file)];
  const bar = progress('train', 1);
  const trained = await trainVersion(
    project,
    dataVersion,
    { changes, program, keep: handedIn('tried') },
    'challenger',
    bar.update,
  );
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
  a: LoadedVersion,
  b: LoadedVersion,
  test: string,
): { estimate: Estimate; better: boolean; worse: boolean; said: string; costs: string[] } {
  const { config } = project;
  const data = readDataset(project.path(test), config.schema);
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
    return {
      estimate,
      better: false,
      worse: true,
      said: `does not pass the gate: ${describeGate(gate)}`,
      costs,
    };
  const said = { pass: 'is better', fail: 'is worse', inconclusive: 'is not shown to be better' }[verdict];
  return { estimate, better: verdict === 'pass', worse: verdict === 'fail', said, costs };
}
