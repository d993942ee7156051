/**
 * The model card of a version in the sections of Mitchell et al. (2019, "Model Cards for Model Reporting"). What people must
 * say comes from the config; every number comes from the version's own files or, for groups, from make fairness.
 */
import * as v from 'valibot';
import { sectionOf } from '../../lib/config/parse.ts';
import type { ModelParams } from '../../lib/config/schema.ts';
import { parseFile } from '../../lib/files/json-file.ts';
import { readIfThere } from '../../lib/files/write.ts';
import { SETTINGS_OF } from '../../lib/learn/estimator.ts';
import { type Block, heading, list, table, text } from '../../lib/page/blocks.ts';
import type { Project } from '../../lib/project.ts';
import { loadVersion } from '../../lib/registry/load.ts';
import { reportSection } from './settings.ts';

export function modelCard(project: Project, version: string): Block[] {
  const { metadata, metrics, signature, sha256 } = loadVersion(project, version);
  const { author, project_name, evaluation } = project.config;
  const card = sectionOf(project.config, reportSection);
  const { classes, outputs, target } = signature.output;
  const { model_params } = metadata.settings as { model_params: ModelParams };
  const several = classes.length > 2;
  const of = several ? 'mean over the classes' : `of class ${outputs[0]}`;
  const groups = readFairness(project, version, sha256);
  return [
    heading(1, `Model card: ${project_name} ${version}`),
    heading(2, 'Model details'),
    list([
      `Made by ${author}${card.contact === '' ? '' : `, ${card.contact}`}; licence: ${card.licence || 'not stated'}`,
      `${metadata.algorithm}, trained ${metadata.training_date} with Node ${metadata.node}`,
      `Settings: ${[...SETTINGS_OF[model_params.algorithm], 'random_state' as const]
        .map((name) => `${name} ${model_params[name]}`)
        .join(', ')}`,
      `Code: commit ${metadata.git.commit}${metadata.git.dirty ? ', with uncommitted changes' : ''}; sha256 of model.json: ${sha256}`,
    ]),
    heading(2, 'Intended use'),
    text(card.intended_use || 'Not stated.'),
    text(`Out of scope: ${card.out_of_scope || 'not stated.'}`),
    heading(2, 'Factors'),
    text(
      signature.sensitive.length === 0
        ? 'No sensitive column is known, so performance by groups of people was not measured.'
        : `Groups by ${signature.sensitive.map(({ name }) => name).join(', ')}, which the model does not see. Inputs: ${signature.inputs.map(({ name }) => name).join(', ')}.`,
    ),
    heading(2, 'Metrics'),
    text(
      `Classes ${classes.join(', ')} of ${target}. ROC-AUC and PR-AUC judge the ranking, precision, recall and F1 the classes given ${
        several
          ? 'by the class with the highest weighed probability'
          : `from threshold ${signature.output.thresholds[0]} on`
      }. Intervals hold with ${(metadata.settings as { evaluation: { confidence: number } }).evaluation.confidence} confidence: by scores that cover at few positives, and by entity where rows repeat one.`,
    ),
    heading(2, 'Evaluation data'),
    text(`${metrics.rows} rows of data ${metadata.data.version}. ${metrics.method}.`),
    heading(2, 'Training data'),
    text(
      `${metadata.data.rows} rows of ${metadata.data.path}, sha256 ${metadata.data.sha256}${metadata.source === 'simulated' ? '. The data is simulated' : ''}. Rows by class: ${classes
        .map((name, k) => `${name} ${metrics.class_rows[k]}`)
        .join(', ')}.`,
    ),
    heading(2, 'Quantitative analyses'),
    table(
      ['Metric', `#${of}`, '#low', '#high'],
      Object.entries(metrics.metrics).map(([name, { value, low, high }]) => [
        name,
        ...[value, low, high].map((x) => x.toFixed(4)),
      ]),
    ),
    text(`Log loss ${metrics.log_loss.toFixed(4)}, Brier score ${metrics.brier.toFixed(4)}.`),
    table(
      ['Class', '#rows', '#precision', '#recall', '#F1'],
      metrics.per_class.map((each) => [
        each.class,
        String(each.rows),
        each.precision.toFixed(4),
        each.recall.toFixed(4),
        each.f1.toFixed(4),
      ]),
    ),
    ...groupBlocks(groups),
    text(
      `The gate asks for ${
        Object.entries(evaluation.minimum)
          .map(([name, minimum]) => `${name} ${minimum}`)
          .join(', ') || 'nothing'
      }.`,
    ),
    heading(2, 'Ethical considerations'),
    text(card.ethical_considerations || 'Not stated.'),
    ...(groups === undefined || groups.advice.length === 0 ? [] : [list(groups.advice)]),
    heading(2, 'Caveats and recommendations'),
    text(card.caveats || 'Not stated.'),
  ];
}

const rate = v.nullable(v.object({ value: v.number() }));
/** What is read of reports/fairness_v1.json, which make fairness writes. */
const fairnessReport = v.object({
  sha256: v.string(),
  favourable: v.string(),
  advice: v.array(v.string()),
  columns: v.array(
    v.object({
      column: v.string(),
      groups: v.array(
        v.object({
          group: v.string(),
          rows: v.number(),
          tiny: v.boolean(),
          statistics: v.object({ selection_rate: rate, tpr: rate, roc_auc: rate }),
        }),
      ),
    }),
  ),
});
type Groups = v.InferOutput<typeof fairnessReport>;

/** What make fairness found for these bytes; undefined where it was not run. */
function readFairness(project: Project, version: string, sha256: string): Groups | undefined {
  const path = project.path(project.config.paths.reports, `fairness_${version}.json`);
  const found = readIfThere(path);
  if (found === undefined) return undefined;
  const report = parseFile(path, found, fairnessReport);
  return report.sha256 === sha256 ? report : undefined;
}

function groupBlocks(groups: Groups | undefined): Block[] {
  if (groups === undefined) return [text('By groups: not measured for this version; make fairness does.')];
  return [
    table(
      ['Group', '#rows', `#given ${groups.favourable}`, '#true positive rate', '#ROC-AUC'],
      groups.columns.flatMap(({ column, groups: of }) =>
        of
          .filter(({ tiny }) => !tiny)
          .map(({ group, rows, statistics: { selection_rate, tpr, roc_auc } }) => [
            `${column}: ${group}`,
            String(rows),
            ...[selection_rate, tpr, roc_auc].map((each) => (each === null ? '–' : each.value.toFixed(4))),
          ]),
      ),
    ),
  ];
}
