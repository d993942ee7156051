/** What is live, what was decided, and where to look. */
import { DEFAULT_CONFIG, loadProject } from '../lib/config/load.ts';
import { readLedger } from '../lib/files/ledger.ts';
import { ledgersOf } from '../lib/registry/ledgers.ts';
import { readPointers } from '../lib/registry/pointer-files.ts';
import { listVersions, readMetadata } from '../lib/registry/versions.ts';
import { formatMany, run } from '../lib/terminal.ts';

run(() => {
  const project = loadProject();
  const { champion, previous } = readPointers(project).aliases;
  const { decisions } = ledgersOf(project);
  const made = readLedger(decisions.path, decisions.format).lines.map(({ body }) => body.split(',')[1]!);
  const count = (event: string) => made.filter((decision) => decision === event).length;
  console.log();
  if (champion === undefined) console.log('Live      nothing yet: make start');
  else {
    const { algorithm, data, source } = readMetadata(project, champion);
    console.log(
      `Live      ${champion} (${algorithm}, data ${data.version}${source === 'simulated' ? ', simulated' : ''})${previous === undefined ? '' : `, before it ${previous}`}; ${formatMany(listVersions(project).length, 'version')} registered`,
    );
  }
  if (made.length > 0)
    console.log(`Decided   to retrain: ${count('yes')} yes, ${count('no')} no (${decisions.path})`);
  const { config, path, configPath } = project;
  const { reports, manifest, deployment_log } = config.paths;
  const files = [path(reports, 'monitor.html'), path(manifest), path(deployment_log)];
  const verbs = configPath === DEFAULT_CONFIG ? '' : ` CONFIG=${configPath}`;
  console.log(`Look at   ${files.join(' · ')} · make registry${verbs} · make live${verbs}`);
  const real =
    config.data.source === 'simulated' ? ' · data.source: uci in config.yaml for the real file' : '';
  console.log(`Next      make help · make serve${verbs}${real} · make init CSV=yours.csv TARGET=column`);
});
