/** What groups of people get from a version, how far apart they lie, and what bringing them closer would cost. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { readDataset } from '../../../lib/data/dataset.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { readValidation } from '../../../lib/registry/validation.ts';
import { optional, step, versionOrTrained } from '../../../lib/step.ts';
import { progress, say } from '../../../lib/terminal.ts';
import { formatCount, formatInterval } from '../../../lib/words.ts';
import type { ColumnFairness } from '../measure.ts';
import { fairnessPage } from '../page.ts';
import {
  adviceOf,
  type FairnessReport,
  reportGroups,
  reportGroupsAt,
  reportIntersection,
  tryMitigations,
} from '../report.ts';
import { fairnessSection } from '../settings.ts';

step(
  { chapters, args: { VERSION: versionOrTrained, AT: optional } },
  async (project, { VERSION: version, AT }) => {
    const { config, path } = project;
    const { metadata, signature, sha256 } = loadVersion(project, version);
    const data = readDataset(path(metadata.data.path), config.schema);
    const validation = readValidation(project, version);
    const columns = reportGroups(config, data, validation);
    if (columns.length === 0)
      throw badInput(
        `${project.configPath}  has no sensitive column of type category: set role: sensitive in schema for the columns that fairness is judged by`,
      );
    const { thresholds } = signature.output;
    const threshold = AT === undefined ? undefined : readThreshold(AT, thresholds.length);
    const bar = progress('fairness', 1);
    const mitigations = await tryMitigations(config, data, validation, thresholds, columns, (share) =>
      bar.update(share),
    );
    bar.stop();
    const { favourable, max_gap, min_rows } = sectionOf(config, fairnessSection);
    const report: FairnessReport = {
      favourable,
      max_gap,
      min_rows,
      rows: data.target.length,
      columns,
      intersection: reportIntersection(config, data, validation) ?? null,
      at:
        threshold === undefined
          ? null
          : { threshold, columns: reportGroupsAt(config, data, validation, threshold) },
      mitigations,
      advice: adviceOf(columns, mitigations, max_gap),
    };
    const file = (ending: string) => path(config.paths.reports, `fairness_${version}.${ending}`);
    writeAtomic(file('json'), json({ version, sha256, ...report }));
    writeAtomic(file('html'), await fairnessPage(version, sha256, report, metadata.data.path));

    say('fairness', `${version}  ${formatCount(report.rows)} rows out of fold, favourable: ${favourable}`);
    sayGaps(columns);
    if (report.intersection !== null) {
      say('', 'where two columns meet, the two that lie furthest apart:');
      sayGaps([report.intersection]);
    }
    if (report.at !== null) {
      say('', `at threshold ${report.at.threshold}:`);
      sayGaps(report.at.columns);
    }
    for (const sentence of report.advice) say('', sentence);
    say('', file('html'));
  },
);

function readThreshold(text: string, outputs: number): number {
  const threshold = Number(text);
  if (outputs > 1)
    throw badInput('AT is a threshold for two classes; with more the most probable class is given');
  if (text.trim() === '' || !(threshold >= 0 && threshold <= 1))
    throw badInput(`AT=${text}: a threshold is a number from 0 to 1`);
  return threshold;
}

function sayGaps(columns: readonly ColumnFairness[]): void {
  for (const { column, gaps } of columns)
    for (const { criterion, spread, between, verdict } of gaps)
      console.log(
        `  ${column.padEnd(16)} ${criterion.replace('_', ' ').padEnd(18)} ${spread === null ? 'too few rows' : `${formatInterval(spread)}   ${verdict}   ${between!.join(' above ')}`}`,
      );
}
