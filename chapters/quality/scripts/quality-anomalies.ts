/** Rows unlike the training rows and why, and of training rows the labels that its model doubts. */
import { existsSync } from 'node:fs';
import { sectionOf } from '../../../lib/config/parse.ts';
import { rolesOf } from '../../../lib/config/roles.ts';
import { PLAIN } from '../../../lib/data/validate.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import type { Project } from '../../../lib/project.ts';
import { partPath } from '../../../lib/registry/data-versions.ts';
import { readValidation } from '../../../lib/registry/validation.ts';
import { lastTrained, latestPath, readMetadata } from '../../../lib/registry/versions.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { findOddities, type InputRows, readInputRows } from '../anomalies.ts';
import { type AnomaliesReport, anomaliesPage } from '../anomalies-page.ts';
import { oddColumns } from '../batch-history.ts';
import { readHistory } from '../history.ts';
import { labelIssues } from '../label-issues.ts';
import { learnUsual, oddityOf } from '../oddities.ts';
import { qualitySection } from '../settings.ts';

const SAID = 3;
const LABELS_SHOWN = 50;

step({ chapters, args: { CSV: optional, VERSION: optional } }, async (project, { CSV, VERSION }) => {
  const { config } = project;
  const { trees, rows_per_tree, seed } = sectionOf(config, qualitySection).anomalies;
  const version = VERSION ?? config.data.current_version;
  if (!/^v\d+$/.test(version)) throw badInput(`"${version}" is no data version: v1, v2, v3 …`);
  const usualPath = project.path(partPath(project, version, 'train'));
  if (!existsSync(usualPath))
    throw badInput(`${usualPath}  is missing: make prepare makes the rows that others are held against`);
  const usual = readInputRows(usualPath, config, PLAIN);
  const rows = CSV === undefined ? usual : readInputRows(CSV, config, config.data.csv);
  if (rows.inputs.length !== usual.inputs.length)
    throw badInput(
      `${CSV}:1  an input of the model is not in the header: ${usual.inputs
        .filter(({ name }) => !rows.inputs.some((each) => each.name === name))
        .map(({ name }) => `"${name}"`)
        .join(', ')}`,
    );
  const learnt = learnUsual(usual.matrix, usual.inputs, { trees, rowsPerTree: rows_per_tree, seed });
  const file = CSV ?? usualPath;
  const before = readHistory(project).flatMap(({ profile, version: of }) =>
    profile === null || of === null ? [] : [profile],
  );
  const report: AnomaliesReport = {
    file,
    ...findOddities(learnt, oddityOf(learnt, usual.matrix), rows),
    batch: CSV === undefined || before.length === 0 ? null : oddColumns(rows.profile, before),
    labels: CSV === undefined ? wrongLabels(project, version, rows) : null,
  };
  const page = (ending: string) => project.path(config.paths.reports, `anomalies.${ending}`);
  writeAtomic(page('json'), json(report));
  writeAtomic(
    page('html'),
    await anomaliesPage(report, `make anomalies${CSV === undefined ? '' : ` CSV=${CSV}`}`),
  );
  say(
    'anomalies',
    `${formatCount(report.above)} of ${formatMany(report.rows, 'row')} are odder than 99 of 100 training rows`,
    ...report.odd
      .slice(0, SAID)
      .map(
        ({ line, score, because }) =>
          `${file}:${line}   ${score.toFixed(3)}   ${because.map(({ column }) => column).join(', ')}`,
      ),
  );
  if (report.batch !== null && report.batch.length > 0)
    say(
      '',
      `not as before: ${report.batch
        .slice(0, SAID)
        .map(({ column, what }) => `${column} (${what})`)
        .join(', ')}`,
    );
  if (report.labels !== null)
    say(
      '',
      `${formatMany(report.labels.count, 'label')} ${report.labels.count === 1 ? 'is' : 'are'} other than ${report.labels.version} would have it, as far as it can tell${
        report.labels.count === 0
          ? ''
          : `: ${report.labels.shown
              .slice(0, SAID)
              .map(({ line, label, likely }) => `line ${line} (${label}, ${likely} by the model)`)
              .join(', ')}`
      }`,
    );
  say('', page('html'));
});

/** By the version that was trained last, where it learnt these rows. */
function wrongLabels(
  project: Project,
  dataVersion: string,
  { lines, matrix }: InputRows,
): AnomaliesReport['labels'] {
  if (!existsSync(latestPath(project))) return null;
  const version = lastTrained(project);
  if (readMetadata(project, version).data.version !== dataVersion) return null;
  const { labels, scores } = readValidation(project, version);
  if (labels.length !== matrix.rows) return null;
  const classes = rolesOf(project.config.schema).target.categories!;
  const probabilities =
    classes.length === 2
      ? Float64Array.from({ length: 2 * labels.length }, (_, i) =>
          i % 2 === 1 ? scores[i >> 1]! : 1 - scores[i >> 1]!,
        )
      : scores;
  const issues = labelIssues(labels, probabilities, classes.length);
  return {
    version,
    count: issues.length,
    shown: issues.slice(0, LABELS_SHOWN).map(({ row, label, likely, confidence }) => ({
      line: lines[row]!,
      label: classes[label]!,
      likely: classes[likely]!,
      confidence,
    })),
  };
}
