/** What is live, what was decided, and where to look. */
import { chapters } from '../lib/door.ts';
import { DEFAULT_CONFIG } from '../lib/project.ts';
import { readDecisions } from '../lib/record/decisions.ts';
import { readPointers } from '../lib/registry/pointer-files.ts';
import { listVersions, readMetadata } from '../lib/registry/versions.ts';
import { step } from '../lib/step.ts';
import { formatMany } from '../lib/words.ts';

step({ chapters }, (project) => {
  const { champion, previous } = readPointers(project).aliases;
  const decisions = readDecisions(project.ledgers);
  const count = (event: string) => decisions.filter(({ decision }) => decision === event).length;
  console.log();
  if (champion === undefined) console.log('Live      nothing yet: make start');
  else {
    const { algorithm, data, source } = readMetadata(project, champion);
    const simulated = source === 'simulated' ? ', simulated' : '';
    const before = previous === undefined ? '' : `, before it ${previous}`;
    const versions = formatMany(listVersions(project).length, 'version');
    console.log(
      `Live      ${champion} (${algorithm}, data ${data.version}${simulated})${before}; ${versions} registered`,
    );
  }
  if (decisions.length > 0)
    console.log(
      `Decided   to retrain: ${count('yes')} yes, ${count('no')} no (${project.ledgers.decisions.path})`,
    );
  const { config, path, configPath } = project;
  const { reports, manifest, deployment_log } = config.paths;
  const files = [path(reports, 'index.html'), path(manifest), path(deployment_log)];
  const verbs = configPath === DEFAULT_CONFIG ? '' : ` CONFIG=${configPath}`;
  console.log(`Look at   ${files.join(' · ')} · make registry${verbs} · make live${verbs}`);
  const real =
    config.data.source === 'simulated' ? ' · data.source: uci in config.yaml for the real file' : '';
  console.log(`Next      make help · make serve${verbs}${real}`);
});
