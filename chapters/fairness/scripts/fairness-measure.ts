/** What groups of people get from a version, how far apart they lie, and what bringing them closer would cost. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { readDataset } from '../../../lib/data/dataset.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { readValidation } from '../../../lib/registry/validation.ts';
import { step, versionOrTrained } from '../../../lib/step.ts';
import { progress, say } from '../../../lib/terminal.ts';
import { formatCount, formatInterval } from '../../../lib/words.ts';
import { fairnessPage } from '../page.ts';
import { adviceOf, type FairnessReport, reportGroups, tryMitigations } from '../report.ts';
import { fairnessSection } from '../settings.ts';

step({ chapters, args: { VERSION: versionOrTrained } }, async (project, { VERSION: version }) => {
  const { config, path } = project;
  const { metadata, signature, sha256 } = loadVersion(project, version);
  const data = readDataset(path(metadata.data.path), config.schema);
  const validation = readValidation(project, version);
  const columns = reportGroups(config, data, validation);
  if (columns.length === 0)
    throw badInput(
      `${project.configPath}  has no sensitive column of type category: set role: sensitive in schema for the columns that fairness is judged by`,
    );
  const bar = progress('fairness', 1);
  const { thresholds } = signature.output;
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
    mitigations,
    advice: adviceOf(columns, mitigations, max_gap),
  };
  const file = (ending: string) => path(config.paths.reports, `fairness_${version}.${ending}`);
  writeAtomic(file('json'), json({ version, sha256, ...report }));
  writeAtomic(file('html'), await fairnessPage(version, sha256, report, metadata.data.path));

  say('fairness', `${version}  ${formatCount(report.rows)} rows out of fold, favourable: ${favourable}`);
  for (const { column, gaps } of columns)
    for (const { criterion, spread, verdict } of gaps)
      console.log(
        `  ${column.padEnd(16)} ${criterion.replace('_', ' ').padEnd(18)} ${spread === null ? 'too few rows' : formatInterval(spread)}   ${verdict}`,
      );
  for (const sentence of report.advice) say('', sentence);
  say('', file('html'));
});
