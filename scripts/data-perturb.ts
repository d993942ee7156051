/** Makes the bad day: the later rows with the changes that replay.bad declares. */
import { loadProject } from '../lib/config/load.ts';
import { settingsHash } from '../lib/config/settings.ts';
import { perturbRows } from '../lib/data/perturb.ts';
import { readRecords, writeCsv } from '../lib/files/csv.ts';
import { currentCommit, describeCommit } from '../lib/files/git.ts';
import { sha256File } from '../lib/files/hash.ts';
import { recordArtefacts } from '../lib/registry/ledgers.ts';
import { run } from '../lib/terminal.ts';

run(() => {
  const project = loadProject();
  const { config, path } = project;
  const from = `${config.data.processed_dir}/${config.replay.data_version}_test.csv`;
  const to = `${config.data.production_dir}/bad.csv`;
  const records: string[][] = [];
  readRecords(path(from), (fields) => records.push(fields));
  const [header, ...rows] = records as [string[], ...string[][]];
  writeCsv(path(to), header, perturbRows(header, rows, config.schema, config.replay.bad));
  recordArtefacts(project, [
    {
      time: new Date().toISOString(),
      version: 'day2',
      path: to,
      sha256: sha256File(path(to)),
      rows: rows.length,
      columns: header.length,
      source: config.data.source,
      script: 'scripts/data-perturb.ts',
      commit: describeCommit(currentCommit(project.configPath)),
      config: settingsHash(config, 'day2'),
      inputs: `${from}@${sha256File(path(from))}`,
    },
  ]);
});
