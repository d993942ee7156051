/** The report of a version for the reviewer of a pull request: everything there is about it, against the champion. */
import { existsSync } from 'node:fs';
import { readDataset } from '../../lib/data/dataset.ts';
import { calibrationError } from '../../lib/measure/calibration-error.ts';
import { measureDrifts } from '../../lib/measure/drift.ts';
import { outputOf } from '../../lib/measure/metrics.ts';
import type { Verdict } from '../../lib/numbers/estimate.ts';
import { columnOf } from '../../lib/numbers/matrix.ts';
import { type Block, heading, image, list, table, text } from '../../lib/page/blocks.ts';
import { scoresPicture } from '../../lib/page/scores-picture.ts';
import type { Project } from '../../lib/project.ts';
import { type Comparison, compareVersions } from '../../lib/registry/compare.ts';
import { describeCheck, judgeGate } from '../../lib/registry/gate.ts';
import { type LoadedVersion, readReference } from '../../lib/registry/load.ts';
import { readValidation } from '../../lib/registry/validation.ts';
import { driftLimits } from '../../lib/watch/monitor.ts';
import { formatCount, formatInterval } from '../../lib/words.ts';
import { calibrationBins, prCurve, rocCurve } from './curve-points.ts';
import { calibrationPicture, confusionPicture, curvePicture } from './curves.ts';

/** `champion` is undefined where there is none, or where the version is it; `parts` are what other chapters say. */
export function versionReport(
  project: Project,
  loaded: LoadedVersion,
  champion: string | undefined,
  parts: readonly Block[],
): Block[] {
  const { config } = project;
  const { version, metadata, metrics, signature, sha256 } = loaded;
  const { classes, outputs, target } = signature.output;
  const validation = readValidation(project, version);
  const rows = { classes: classes.length, labels: validation.labels, scores: validation.scores };
  const each = outputs.map((name, output) => ({ name, ...outputOf(rows, output) }));
  const gate = judgeGate(config, metrics);
  const comparison = champion === undefined ? undefined : compareVersions(project, champion, version);
  const several = classes.length > 2;

  const blocks: Block[] = [
    heading(1, `${version}: ${metadata.algorithm} for ${target}`),
    text(verdictOf(gate.verdict, comparison, champion)),
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
    table(
      ['True class', ...classes.map((name) => `#given ${name}`)],
      metrics.confusion.map((counts, k) => [classes[k]!, ...counts.map(formatCount)]),
    ),
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
    text(
      `${loaded.calibration.method === 'none' ? 'Not calibrated' : `Calibrated by ${loaded.calibration.method}`}. Calibration error, the root of the mean squared difference over quantile bins without what chance adds: ${each
        .map(
          ({ name, labels, scores }) =>
            `${several ? `${name} ` : ''}${formatInterval(calibrationError(scores, labels, config.evaluation.confidence))}`,
        )
        .join(', ')}.`,
    ),
    ...each.flatMap(({ name, labels, scores }, i) => [
      image(
        several ? `calibration_${i}` : 'calibration',
        `Calibration of ${name}`,
        calibrationPicture(calibrationBins(labels, scores, config.evaluation.confidence), name),
      ),
      image(
        several ? `scores_${i}` : 'scores',
        `Probabilities of ${name}`,
        scoresPicture(scores, `probability of ${name}`, 'rows', { width: 520, height: 140 }),
      ),
    ]),
    ...driftBlocks(project, version, metadata.data.version),
    ...parts,
  ];
  return blocks;
}

/** What a reviewer wants to know first. */
function verdictOf(gate: Verdict, comparison: Comparison | undefined, champion: string | undefined): string {
  const said = {
    pass: 'The gate passes.',
    fail: 'The gate fails.',
    inconclusive: 'The gate is inconclusive.',
  }[gate];
  if (comparison === undefined) return `${said} There is no other champion to hold it against.`;
  const shown = (verdict: Verdict) =>
    Object.entries(comparison.differences)
      .filter(([, difference]) => difference.verdict === verdict)
      .map(([metric]) => metric);
  const [better, worse] = [shown('pass'), shown('fail')];
  if (better.length + worse.length === 0)
    return `${said} In no metric is it shown to differ from the champion ${champion}.`;
  const parts = [
    ...(worse.length === 0 ? [] : [`worse than the champion ${champion} in ${worse.join(', ')}`]),
    ...(better.length === 0 ? [] : [`better than the champion ${champion} in ${better.join(', ')}`]),
  ];
  return `${said} It is shown to be ${parts.join(', and ')}.`;
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
  const drift = measureDrifts(
    readReference(project, version).inputs.map((reference, f) => ({
      reference,
      column: columnOf(inputs, f),
    })),
    driftLimits(config),
  );
  return [
    heading(2, 'Drift'),
    text(
      `${formatCount(inputs.rows)} later rows (${later}) against the training rows. Drift alone is no harm.`,
    ),
    table(
      ['Input', '#PSI', '#chance', '#KS', 'Verdict'],
      [...drift]
        .sort((a, b) => b.size.value - a.size.value)
        .map(({ name, size, p_value, ks, verdict }) => [
          name,
          formatInterval(size),
          p_value < 0.001 ? '< .001' : p_value.toFixed(3),
          ks === null ? '–' : ks.toFixed(3),
          verdict,
        ]),
    ),
  ];
}
