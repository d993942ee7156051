/** What groups of people get from a version, how far apart they lie, and what bringing them closer would cost. */
import { loadProject } from '../lib/config/load.ts';
import { readDataset } from '../lib/data/dataset.ts';
import { fairnessPage } from '../lib/fairness/page.ts';
import { adviceOf, type FairnessReport, reportGroups, tryMitigations } from '../lib/fairness/report.ts';
import { badInput } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { json } from '../lib/registry/json.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { readValidation } from '../lib/registry/validation.ts';
import { latestVersion } from '../lib/registry/versions.ts';
import { formatCount, formatInterval, progress, run, say } from '../lib/terminal.ts';

run(async () => {
  const project = loadProject();
  const { config, path } = project;
  const version = resolveVersion(project, process.argv[2] || latestVersion(project));
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
  const { favourable, max_gap, min_rows } = config.fairness;
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
