/** Trains on the current data version, evaluates out of fold, and registers the result as the next model version. */
import { existsSync } from 'node:fs';
import { describeChanges } from '../lib/config/settings.ts';
import { chapters, handedIn } from '../lib/door.ts';
import { compareScores } from '../lib/measure/evaluate.ts';
import type { Project } from '../lib/project.ts';
import { readPointers } from '../lib/registry/pointer-files.ts';
import { type TrainedVersion, trainVersion } from '../lib/registry/train-version.ts';
import { readValidation } from '../lib/registry/validation.ts';
import { keepLatest, lastTrained, latestPath, readMetadata } from '../lib/registry/versions.ts';
import { step } from '../lib/step.ts';
import { progress, say } from '../lib/terminal.ts';
import { describeBaselines, describeBeaten } from '../lib/train/baselines.ts';
import { trainingSettings } from '../lib/train/build.ts';
import { formatInterval } from '../lib/words.ts';

step({ chapters, lock: 'train' }, async (project) => {
  const { current_version } = project.config.data;
  const training = handedIn('training');
  const changes = await Promise.all(training.map(({ load }) => load()));
  sayWhy(project, trainingSettings(project.config, changes));

  const bar = progress('train', 1);
  const program = ['scripts/model-train.ts', ...training.map(({ file }) => file)];
  const trained = await trainVersion(
    project,
    current_version,
    { changes, program, keep: handedIn('tried') },
    'latest',
    bar.update,
  );
  bar.stop();
  keepLatest(project, trained.metadata);

  if (trained.isNew) {
    say('baseline', describeBaselines(trained.metrics.baselines, trained.metadata.data.rows));
    sayResult(project, trained);
    sayAgainstChampion(project, trained);
  } else say('train', `no new version: the result equals ${trained.version}, byte for byte`);
  if (trained.isCandidate) say('', `${trained.version} passes the gate and is a candidate: stage Staging`);
});

/** What changed since the version before, where there is one. */
function sayWhy(project: Project, settings: Record<string, unknown>): void {
  if (!existsSync(latestPath(project))) return;
  const before = readMetadata(project, lastTrained(project));
  const changes = describeChanges(before.settings, settings);
  const { current_version } = project.config.data;
  if (before.data.version !== current_version)
    changes.unshift(`data ${before.data.version} → ${current_version}`);
  const more = changes.length > 3 ? ` and ${changes.length - 3} more` : '';
  if (changes.length > 0) say('train', `because ${changes.slice(0, 3).join(' · ')}${more}`);
}

function sayResult({ config }: Project, { version, metadata, metrics }: TrainedVersion): void {
  const { algorithm, n_estimators, max_depth, max_leaves, C } = config.model_params;
  const { pr_auc, recall, precision, accuracy, f1 } = metrics.metrics;
  const size = {
    RandomForest: `${n_estimators} × ${max_depth}`,
    GradientBoosting: `${n_estimators} × ${max_leaves} leaves`,
    LogisticRegression: `C = ${C}`,
  }[algorithm];
  const what = metadata.source === 'simulated' ? '   (simulated data)' : '';
  const beside = describeBeaten(metrics.baselines, metrics.log_loss);
  say(
    'train',
    `${version}  ${algorithm} ${size}   PR-AUC ${formatInterval(pr_auc)}   log loss ${metrics.log_loss.toFixed(3)}, ${beside}${what}`,
    metrics.thresholds.length === 1
      ? `recall ${recall.value.toFixed(3)}  precision ${precision.value.toFixed(3)}  at threshold ${metrics.thresholds[0]!.toFixed(3)}`
      : `${metrics.class_rows.length} classes: accuracy ${formatInterval(accuracy)}  macro F1 ${f1.value.toFixed(3)}`,
  );
}

/** Out of fold, where the champion learnt the same rows. */
function sayAgainstChampion(project: Project, { version, metadata, metrics, labels }: TrainedVersion): void {
  const { champion } = readPointers(project).aliases;
  if (champion === undefined || champion === version) return;
  if (readMetadata(project, champion).data.sha256 !== metadata.data.sha256) return;
  const [before, after] = [readValidation(project, champion), readValidation(project, version)];
  const rows = { classes: metrics.class_rows.length, labels };
  const { confidence } = project.config.evaluation;
  const { pr_auc } = compareScores(rows, before, after, 0, { confidence, entities: after.entities });
  const verdict = {
    pass: 'better',
    fail: 'worse',
    inconclusive: 'inconclusive: the interval of the difference holds 0',
  }[pr_auc.verdict];
  say(
    '',
    `PR-AUC against champion ${champion}: ${formatInterval(pr_auc.estimate)} (${verdict})`,
    `make compare A=${champion} B=${version} · make promote VERSION=${version}`,
  );
}
