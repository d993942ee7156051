/** The report of a version for the reviewer of a pull request: everything there is about it, against the champion. */
import { existsSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { readDataset } from '../data/dataset.ts';
import { explainRows } from '../explain/global.ts';
import { importancePicture } from '../explain/pictures.ts';
import { rowsToExplain, versionExplainer } from '../explain/version.ts';
import { reportGroups } from '../fairness/report.ts';
import { columnOf } from '../learn/matrix.ts';
import { calibrationBins, prCurve, rocCurve } from '../measure/curves.ts';
import { measureDrift } from '../measure/drift.ts';
import { outputOf } from '../measure/metrics.ts';
import { type Comparison, compareVersions } from '../registry/compare.ts';
import { describeCheck, judgeGate } from '../registry/gate.ts';
import { type LoadedVersion, loadVersion, readReference } from '../registry/load.ts';
import { readValidation } from '../registry/validation.ts';
import { formatCount, formatInterval } from '../terminal.ts';
import { type Block, heading, image, list, table, text } from './blocks.ts';
import { calibrationPicture, confusionPicture, curvePicture } from './curves.ts';

const EXPLAINED_ROWS = 200;

/** `champion` is undefined where there is none, or where the version is it. */
export function versionReport(project: Project, version: string, champion: string | undefined): Block[] {
  const { config } = project;
  const loaded = loadVersion(project, version);
  const { metadata, metrics, signature, sha256 } = loaded;
  const { classes, outputs, target } = signature.output;
  const validation = readValidation(project, version);
  const rows = { classes: classes.length, labels: validation.labels, scores: validation.scores };
  const each = outputs.map((name, output) => ({ name, ...outputOf(rows, output) }));
  const gate = judgeGate(config, metrics);
  const comparison = champion === undefined ? undefined : compareVersions(project, champion, version);
  const several = classes.length > 2;

  const blocks: Block[] = [
    heading(1, `${version}: ${metadata.algorithm} for ${target}`),
    text(
      `Trained ${metadata.training_date.slice(0, 16).replace('T', ' ')} UTC on data ${metadata.data.version} (${formatCount(metadata.data.rows)} rows${metadata.source === 'simulated' ? ', simulated' : ''}), commit ${metadata.git.commit.slice(0, 12)}${metadata.git.dirty ? ' with uncommitted changes' : ''}. sha256 of model.json: ${sha256.slice(0, 16)}…. ${metrics.method}.`,
    ),
    heading(2, 'Verdicts'),
    table(['Gate', 'Verdict', 'What it rests on'], verdicts(gate, comparison, champion)),
    ...differenceBlocks(comparison, champion, version),
    heading(2, 'Metrics'),
    table(
      ['Metric', `#${version}`],
      Object.entries(metrics.metrics).map(([name, estimate]) => [
        several && name !== 'accuracy' ? `${name} (mean over classes)` : name,
        formatInterval(estimate),
      ]),
    ),
    text(
      `Log loss ${metrics.log_loss.toFixed(4)}, Brier score ${metrics.brier.toFixed(4)}${several ? `; weighted by rows: precision ${metrics.weighted.precision.toFixed(3)}, recall ${metrics.weighted.recall.toFixed(3)}, F1 ${metrics.weighted.f1.toFixed(3)}` : `; threshold ${signature.output.thresholds[0]!.toFixed(3)}`}.`,
    ),
    table(
      ['Class', '#rows', '#precision', '#recall', '#F1', '#ROC-AUC', '#PR-AUC'],
      metrics.per_class.map((of) => [
        of.class,
        formatCount(of.rows),
        of.precision.toFixed(3),
        of.recall.toFixed(3),
        of.f1.toFixed(3),
        of.roc_auc === null ? '–' : of.roc_auc.toFixed(3),
        of.pr_auc === null ? '–' : of.pr_auc.toFixed(3),
      ]),
    ),
    heading(3, 'Confusion matrix'),
    image('confusion', 'Confusion matrix', confusionPicture(metrics.confusion, classes)),
    heading(3, 'ROC and precision–recall'),
    image(
      'roc',
      'ROC curve',
      curvePicture(
        each.map(({ name, labels, scores }) => ({ name, points: rocCurve(labels, scores) })),
        { x: 'false positive rate', y: 'true positive rate' },
        true,
        `ROC curve of ${outputs.join(', ')}; area ${metrics.metrics.roc_auc.value.toFixed(3)}`,
      ),
    ),
    image(
      'pr',
      'Precision–recall curve',
      curvePicture(
        each.map(({ name, labels, scores }) => ({ name, points: prCurve(labels, scores) })),
        { x: 'recall', y: 'precision' },
        false,
        `Precision–recall curve of ${outputs.join(', ')}; area ${metrics.metrics.pr_auc.value.toFixed(3)}`,
      ),
    ),
    heading(3, 'Calibration'),
    ...each.map(({ name, labels, scores }, i) =>
      image(
        several ? `calibration_${i}` : 'calibration',
        `Calibration of ${name}`,
        calibrationPicture(calibrationBins(labels, scores, config.evaluation.confidence), name),
      ),
    ),
    ...driftBlocks(project, version, metadata.data.version),
    ...fairnessBlocks(project, version, metadata.data.path),
    ...explainBlocks(project, loaded),
  ];
  return blocks;
}

function verdicts(
  gate: ReturnType<typeof judgeGate>,
  comparison: Comparison | undefined,
  champion: string | undefined,
): string[][] {
  return [
    ['evaluation.minimum', gate.verdict, gate.checks.map(describeCheck).join('; ') || 'no minimum is set'],
    ...(comparison === undefined
      ? [[`against the champion`, 'inconclusive', champion === undefined ? 'there is no other champion' : '']]
      : Object.entries(comparison.differences).map(([metric, { estimate, verdict }]) => [
          `${metric} against ${champion}`,
          verdict,
          `difference ${formatInterval(estimate)} on ${formatCount(comparison.rows.count)} rows`,
        ])),
  ];
}

function differenceBlocks(
  comparison: Comparison | undefined,
  champion: string | undefined,
  version: string,
): Block[] {
  if (comparison === undefined) return [];
  const { changes, agreeing, rows } = comparison;
  return [
    heading(2, `What changed since ${champion}`),
    changes.length === 0 ? text('Nothing that training uses.') : list(changes),
    text(
      `${champion} and ${version} class ${formatCount(agreeing)} of ${formatCount(rows.count)} rows alike.`,
    ),
  ];
}

/** The later rows of the data version against the training rows. */
function driftBlocks(project: Project, version: string, dataVersion: string): Block[] {
  const { config, path } = project;
  const later = `${config.data.processed_dir}/${dataVersion}_test.csv`;
  if (!existsSync(path(later)))
    return [heading(2, 'Drift'), text('There are no later rows to compare with.')];
  const { inputs } = readDataset(path(later), config.schema);
  const drift = readReference(project, version).inputs.map((reference, f) =>
    measureDrift(reference, columnOf(inputs, f), config.monitoring.false_alarm_rate),
  );
  return [
    heading(2, 'Drift'),
    text(
      `${formatCount(inputs.rows)} later rows (${later}) against the training rows. Drift alone is no harm.`,
    ),
    table(
      ['Input', '#PSI', '#limit by chance', '#KS', 'Verdict'],
      [...drift]
        .sort((a, b) => b.psi - a.psi)
        .map(({ name, psi, psi_limit, ks, verdict }) => [
          name,
          psi.toFixed(3),
          psi_limit.toFixed(3),
          ks === null ? '–' : ks.toFixed(3),
          verdict,
        ]),
    ),
  ];
}

function fairnessBlocks(project: Project, version: string, dataPath: string): Block[] {
  const { config } = project;
  const data = readDataset(project.path(dataPath), config.schema);
  const columns = reportGroups(config, data, readValidation(project, version));
  if (columns.length === 0)
    return [heading(2, 'Fairness'), text('The schema has no sensitive column, so nothing can be said.')];
  return [
    heading(2, 'Fairness'),
    text(
      `Favourable class: ${config.fairness.favourable}; a difference up to ${config.fairness.max_gap} passes. make fairness shows the groups.`,
    ),
    table(
      ['Column', 'Criterion', '#highest − lowest', 'Verdict'],
      columns.flatMap(({ column, gaps }) =>
        gaps.map(({ criterion, spread, verdict }) => [
          column,
          criterion.replace('_', ' '),
          spread === null ? 'too few rows' : formatInterval(spread),
          verdict,
        ]),
      ),
    ),
  ];
}

function explainBlocks(project: Project, loaded: LoadedVersion): Block[] {
  const { outputs } = loaded.signature.output;
  const explainer = versionExplainer(project, loaded);
  const rows = rowsToExplain(project, loaded, Math.min(project.config.explain.rows, EXPLAINED_ROWS));
  const explained = explainRows(
    { pipeline: loaded.pipeline, explainer, outputs: outputs.length },
    rows.inputs,
  );
  const totals = explained.importance.map((each) => each.reduce((a, b) => a + b, 0));
  const all = totals.reduce((a, b) => a + b, 0);
  return [
    heading(2, 'What it looks at'),
    text(
      `Mean size of the Shapley values of ${rows.inputs.rows} rows of ${rows.path}, in ${explainer.space}.`,
    ),
    image('importance', 'Importance', importancePicture(explained, outputs, explainer.space)),
    table(
      ['Input', '#share'],
      explained.names.slice(0, 10).map((name, i) => [name, `${((100 * totals[i]!) / all).toFixed(1)} %`]),
    ),
  ];
}
