/**
 * Decides whether to retrain and records why. On yes: the labelled production rows make the next data version, a
 * challenger is trained on it and compared with the champion on rows that neither has seen, and if it is better the
 * config moves to the new data version and the challenger goes live.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { editConfig } from '../lib/config/edit.ts';
import { loadProject, type Project } from '../lib/config/load.ts';
import { rolesOf } from '../lib/data/columns.ts';
import { readDataset } from '../lib/data/dataset.ts';
import { PREDICTION } from '../lib/data/prepare.ts';
import { failed } from '../lib/fault.ts';
import { readTable, writeCsv } from '../lib/files/csv.ts';
import { sha256File } from '../lib/files/hash.ts';
import { takeLock } from '../lib/files/lock.ts';
import { readIfThere, touch, writeAtomic } from '../lib/files/write.ts';
import { type Candidate, compareScores, type Difference } from '../lib/measure/evaluate.ts';
import { describeCheck, judgeGate } from '../lib/registry/gate.ts';
import { giveClasses, loadVersion } from '../lib/registry/load.ts';
import { nextDataVersion } from '../lib/registry/manifest.ts';
import { promote } from '../lib/registry/moves.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { latestVersion, listVersions } from '../lib/registry/versions.ts';
import { championFollowed } from '../lib/serve/client.ts';
import { readLabels } from '../lib/serve/labels.ts';
import { formatCount, formatInterval, run, say } from '../lib/terminal.ts';
import { type Decision, decideRetraining } from '../lib/watch/decide.ts';
import { hoursSinceRetraining, recordDecision } from '../lib/watch/decisions.ts';
import { labelledRows } from '../lib/watch/labelled.ts';
import type { MonitorReport } from '../lib/watch/monitor.ts';
import { readSensitive } from '../lib/watch/sensitive.ts';
import { readPredictionLogs } from '../lib/watch/window.ts';

run(async () => {
  const project = loadProject();
  const release = takeLock(project.path(project.config.paths.models, '.retrain.lock'));
  try {
    const champion = resolveVersion(project, 'champion');
    const report = readReport(project, champion);
    const decision = decideRetraining(project.config.retraining, report, hoursSinceRetraining(project));
    const evidence = `monitor.json@${sha256File(project.path(project.config.paths.reports, 'monitor.json')).slice(0, 16)}`;
    recordDecision(project, decision.decision, champion, decision.reasons, evidence);
    sayDecision(decision, report);
    if (decision.decision === 'yes') await retrain(project, champion, evidence);
  } finally {
    release();
  }
});

function readReport(project: Project, champion: string): MonitorReport {
  const text = readIfThere(project.path(project.config.paths.reports, 'monitor.json'));
  if (text === undefined) throw failed('there is no monitoring report to decide on: make monitor');
  const report = JSON.parse(text) as MonitorReport;
  if (report.model !== champion)
    throw failed(
      `the monitoring report is about ${report.model}, but ${champion} is champion now: make monitor`,
    );
  return report;
}

function sayDecision({ decision, reasons }: Decision, { harm, labels }: MonitorReport): void {
  const measured =
    harm === null
      ? ''
      : `${harm.metric} ${harm.production.toFixed(3)} against ${harm.training.toFixed(3)}, difference ${formatInterval(harm.difference)} · `;
  say(
    'retrain',
    `${decision}: ${reasons[0]}`,
    `${measured}${labels.scarcest.count} of ${formatCount(labels.count)} labels of class ${labels.scarcest.class} · recorded in models/decisions.csv`,
  );
}

async function retrain(project: Project, champion: string, evidence: string): Promise<void> {
  const { config, path, configPath } = project;
  const dataVersion = nextDataVersion(project);
  const file = `${config.data.production_dir}/labelled_${dataVersion}.csv`;
  const labels = readLabels(project);
  const joined = new Set(
    config.data.labelled.flatMap((earlier) => readTable(path(earlier)).map((row) => row[PREDICTION])),
  );
  const observed = readPredictionLogs(project)
    .predictions.filter(({ id }) => !joined.has(id))
    .map((line) => ({ ...line, label: labels.get(line.id) }));
  const { header, rows, train, test, scarcest } = labelledRows(config, observed, readSensitive(project));
  writeCsv(path(file), header, rows);
  say(
    '',
    `data ${dataVersion}: ${formatCount(train)} labelled production rows join training, ${formatCount(test)} (${scarcest.count} of class ${scarcest.class}) are held out to compare on`,
  );

  // The config moves only when all went well: until then a candidate beside it drives the same rules.
  const edited = editConfig(project.text, {
    'data.labelled': [...config.data.labelled, file],
    'data.current_version': dataVersion,
  });
  const candidate = configPath.replace(/(\.ya?ml)?$/, '.candidate$1');
  const latestPath = path(config.paths.models, 'latest.json');
  const latestBefore = readFileSync(latestPath, 'utf8');
  writeAtomic(candidate, edited);
  const before = listVersions(project).length;
  make(['prepare', 'train'], candidate);
  const challenger = latestVersion(project);
  const verdict = judge(
    project,
    champion,
    challenger,
    path(config.data.processed_dir, `${dataVersion}_test.csv`),
  );
  say(
    'compare',
    `${challenger} against ${champion} on the ${formatCount(test)} held-out rows: PR-AUC ${verdict.difference.estimate.value < 0 ? '' : '+'}${formatInterval(verdict.difference.estimate)}: it ${verdict.said}`,
    ...verdict.costs,
  );

  if (!verdict.better) {
    rmSync(candidate);
    forgetCandidate(candidate);
    writeAtomic(latestPath, latestBefore);
    recordDecision(project, 'kept', champion, [`${challenger} ${verdict.said}`], evidence);
    say(
      '',
      `${champion} stays champion; ${challenger} stays in the registry${listVersions(project).length === before ? '' : ': make compare shows both'}`,
    );
    return;
  }
  renameSync(candidate, configPath);
  forgetCandidate(candidate);
  keepCurrent(project, [`${dataVersion}_train.csv`, `${dataVersion}_test.csv`], latestPath);
  promote(
    project,
    challenger,
    `retrained: PR-AUC higher by ${verdict.difference.estimate.value.toFixed(3)} than that of ${champion} on held-out production rows`,
  );
  const followed = await championFollowed(project, challenger);
  recordDecision(project, 'promoted', challenger, [`${challenger} ${verdict.said}`], evidence);
  say(
    'promote',
    `${challenger} is champion (was ${champion}); ${configPath} reads data ${dataVersion}${followed}`,
  );
}

/** What make remembered of the candidate. */
function forgetCandidate(candidate: string): void {
  const name = basename(candidate, extname(candidate));
  rmSync(join(dirname(candidate), '.make', name), { recursive: true, force: true });
}

function make(verbs: string[], config: string): void {
  const { MAKEFLAGS: _, MAKELEVEL: __, MFLAGS: ___, VERSION: ____, ...env } = process.env;
  const done = spawnSync('make', [...verbs, `CONFIG=${config}`], { stdio: 'inherit', env });
  if (done.status !== 0)
    throw failed(
      `retraining stopped at make ${verbs.join(' ')}; the champion and config.yaml are as they were`,
    );
}

/** Both versions' bytes on the same held-out rows; better means that the whole interval of the difference is above 0. */
function judge(
  project: Project,
  champion: string,
  challenger: string,
  test: string,
): { difference: Difference; better: boolean; said: string; costs: string[] } {
  const { schema } = project.config;
  const data = readDataset(test, schema);
  const { target } = data;
  const [a, b] = [champion, challenger].map((version) => {
    const loaded = loadVersion(project, version);
    return {
      ...giveClasses(loaded, data, schema),
      metrics: loaded.metrics,
    };
  }) as [Scored, Scored];
  const classes = rolesOf(project.config.schema).target.categories!.length;
  const { bootstrap_rounds: rounds, confidence } = project.config.evaluation;
  const seed = project.config.model_params.random_state;
  const differences = compareScores({ classes, labels: target }, a, b, 0, { rounds, confidence, seed });
  const difference = differences.pr_auc;
  const costs = Object.entries(differences)
    .filter(([, { verdict }]) => verdict === 'fail')
    .map(([metric, { estimate }]) => `at its threshold its ${metric} is lower: ${formatInterval(estimate)}`);
  const gate = judgeGate(project.config, b.metrics);
  if (gate.verdict === 'fail') {
    return {
      difference,
      better: false,
      said: `fails the gate: ${gate.checks.map(describeCheck).join('   ')}`,
      costs,
    };
  }
  const said = { pass: 'is better', fail: 'is worse', inconclusive: 'is not shown to be better' }[
    difference.verdict
  ];
  return { difference, better: difference.verdict === 'pass', said, costs };
}

interface Scored extends Candidate {
  metrics: Parameters<typeof judgeGate>[1];
}

/** The new data and model were made from the settings that config.yaml has now: tells make so. */
function keepCurrent(project: Project, processed: string[], latest: string): void {
  spawnSync('make', ['raw'], { stdio: 'ignore' });
  for (const name of processed) touch(project.path(project.config.data.processed_dir, name));
  touch(latest);
}
