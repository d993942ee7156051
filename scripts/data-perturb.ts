/** Makes the bad day: the later rows with the changes that replay.bad declares. */
import { settingsHash } from '../lib/config/settings.ts';
import { perturbRows } from '../lib/data/perturb.ts';
import { chapters } from '../lib/door.ts';
import { readRecords, writeCsv } from '../lib/files/csv.ts';
import { sha256File } from '../lib/files/hash.ts';
import { commitOf } from '../lib/project.ts';
import { recordArtefacts } from '../lib/record/manifest.ts';
import { partPath } from '../lib/registry/data-versions.ts';
import { step } from '../lib/step.ts';

step({ chapters }, (project) => {
  const { config, path } = project;
  const from = partPath(project, config.replay.data_version, 'test');
  const to = `${config.data.production_dir}/bad.csv`;
  const records: string[][] = [];
  readRecords(path(from), (fields) => records.push(fields));
  const [header, ...rows] = records as [string[], ...string[][]];
  writeCsv(path(to), header, perturbRows(header, rows, config.schema, config.replay.bad));
  recordArtefacts(project.ledgers, { script: 'scripts/data-perturb.ts', commit: commitOf(project) }, [
    {
      version: 'day2',
      path: to,
      sha256: sha256File(path(to)),
      rows: rows.length,
      columns: header.length,
      source: config.data.source,
      config: settingsHash(config, 'day2'),
      inputs: [{ path: from, sha256: sha256File(path(from)) }],
    },
  ]);
});
