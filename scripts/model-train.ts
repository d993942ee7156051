/** Trains on the current data version, evaluates out of fold, and registers the result as the next model version. */
import { existsSync } from 'node:fs';
import { loadProject, type Project } from '../lib/config/load.ts';
import { programHashes } from '../lib/config/programs.ts';
import { describeChanges, settingsOf } from '../lib/config/settings.ts';
import { readDataset } from '../lib/data/dataset.ts';
import { currentCommit } from '../lib/files/git.ts';
import { sha256File } from '../lib/files/hash.ts';
import { takeLock } from '../lib/files/lock.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { compareScores } from '../lib/measure/evaluate.ts';
import { buildVersion, type Version, versionFiles } from '../lib/registry/build.ts';
import { describeCheck, judgeGate } from '../lib/registry/gate.ts';
import { json } from '../lib/registry/json.ts';
import { sourceOf } from '../lib/registry/manifest.ts';
import { setStage } from '../lib/registry/moves.ts';
import { readPointers } from '../lib/registry/pointer-files.ts';
import { readValidation } from '../lib/registry/validation.ts';
import { latestVersion, type Metadata, readMetadata, registerVersion } from '../lib/registry/versions.ts';
import { formatInterval, progress, run, say } from '../lib/terminal.ts';

run(async () => {
  const project = loadProject();
  const { config } = project;
  const release = takeLock(project.path(config.paths.models, '.train.lock'));
  try {
    const path = `${config.data.processed_dir}/${config.data.current_version}_train.csv`;
    const data = readDataset(project.path(path), config.schema);
    const settings = settingsOf(config, 'train');
    sayWhy(project, settings);

    const bar = progress('train', 1);
    const version = await buildVersion(config, data, (share) => bar.update(share));
    bar.stop();

    const registered = registerVersion(project, versionFiles(version, data.target), {
      algorithm: config.model_params.algorithm,
      source: sourceOf(project),
      data: {
        version: config.data.current_version,
        path,
        sha256: sha256File(project.path(path)),
        rows: data.inputs.rows,
      },
      git: currentCommit(project.configPath),
      node: process.version,
      accuracy: version.metrics.metrics.accuracy.value,
      loss: version.metrics.log_loss,
      metrics: version.metrics.metrics,
      thresholds: version.metrics.thresholds,
      settings,
      code: programHashes('scripts/model-train.ts'),
    });
    writeLatest(project, registered.metadata);
    const candidate = registered.isNew && tagCandidate(project, registered.version, version);
    sayResult(project, registered, version, data.target);
    if (candidate) say('', `${registered.version} passes the gate and is a candidate: stage Staging`);
  } finally {
    release();
  }
});

/** A version that passes the gate is a candidate for production. */
function tagCandidate(project: Project, version: string, { metrics }: Version): boolean {
  const { verdict, checks } = judgeGate(project.config, metrics);
  if (verdict !== 'pass') return false;
  setStage(project, version, 'Staging', `passes the gate: ${checks.map(describeCheck).join(', ')}`);
  return true;
}

/** What changed since the latest version, where there is one. */
function sayWhy(project: Project, settings: Record<string, unknown>): void {
  if (!existsSync(project.path(project.config.paths.models, 'latest.json'))) return;
  const latest = latestVersion(project);
  const before = readMetadata(project, latest);
  const changes = describeChanges(before.settings, settings);
  const { current_version } = project.config.data;
  if (before.data.version !== current_version)
    changes.unshift(`data ${before.data.version} → ${current_version}`);
  if (changes.length > 0)
    say(
      'train',
      `because ${changes.slice(0, 3).join(' · ')}${changes.length > 3 ? ` and ${changes.length - 3} more` : ''}`,
    );
}

/** The one file that make tracks: which version the current data and settings give. */
function writeLatest(project: Project, { version, algorithm, data, content_sha256 }: Metadata): void {
  const summary = `${version} (${algorithm}, data ${data.version})`;
  writeAtomic(
    project.path(project.config.paths.models, 'latest.json'),
    json({ version, summary, content_sha256 }),
  );
}

function sayResult(
  project: Project,
  registered: { version: string; isNew: boolean },
  { metrics }: Version,
  labels: Uint8Array,
): void {
  const { algorithm, n_estimators, max_depth } = project.config.model_params;
  const { pr_auc, recall, precision, accuracy, f1 } = metrics.metrics;
  if (!registered.isNew) {
    say('train', `no new version: the result equals ${registered.version}, byte for byte`);
    return;
  }
  const size = algorithm === 'LogisticRegression' ? '' : ` ${n_estimators} × ${max_depth}`;
  const what = sourceOf(project) === 'simulated' ? '   (simulated data)' : '';
  say(
    'train',
    `${registered.version}  ${algorithm}${size}   PR-AUC ${formatInterval(pr_auc)}${what}`,
    metrics.thresholds.length === 1
      ? `recall ${recall.value.toFixed(3)}  precision ${precision.value.toFixed(3)}  at threshold ${metrics.thresholds[0]!.toFixed(3)}`
      : `${metrics.class_rows.length} classes: accuracy ${formatInterval(accuracy)}  macro F1 ${f1.value.toFixed(3)}`,
  );
  const { champion } = readPointers(project).aliases;
  if (champion === undefined || champion === registered.version) return;
  if (readMetadata(project, champion).data.sha256 !== readMetadata(project, registered.version).data.sha256)
    return;
  const { bootstrap_rounds: rounds, confidence } = project.config.evaluation;
  const [before, after] = [readValidation(project, champion), readValidation(project, registered.version)];
  const difference = compareScores({ classes: metrics.class_rows.length, labels }, before, after, 0, {
    rounds,
    confidence,
    seed: project.config.model_params.random_state,
  }).pr_auc;
  const verdict = {
    pass: 'better',
    fail: 'worse',
    inconclusive: 'inconclusive: the interval of the difference holds 0',
  }[difference.verdict];
  say(
    '',
    `PR-AUC against champion ${champion}: ${formatInterval(difference.estimate)} (${verdict})`,
    `make compare A=${champion} B=${registered.version} · make promote VERSION=${registered.version}`,
  );
}
