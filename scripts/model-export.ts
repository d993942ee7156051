/** Writes a version's figures in a plain folder: metrics.json, feature_importances.csv and the model's own files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadProject } from '../lib/config/load.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { json } from '../lib/registry/json.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { latestVersion, versionPath } from '../lib/registry/versions.ts';
import { run, say } from '../lib/terminal.ts';

const FILES = ['feature_importances.csv', 'model.json', 'pipeline.json', 'signature.json'] as const;

run(() => {
  const [name, out] = process.argv.slice(2);
  const project = loadProject();
  const version = resolveVersion(project, name || latestVersion(project));
  const { metadata, metrics } = loadVersion(project, version);
  const folder = out || project.path('artifacts');
  const { roc_auc, pr_auc, accuracy } = metrics.metrics;
  for (const file of FILES)
    writeAtomic(join(folder, file), readFileSync(versionPath(project, version, file), 'utf8'));
  writeAtomic(
    join(folder, 'metrics.json'),
    json({
      roc_auc: roc_auc.value,
      pr_auc: pr_auc.value,
      accuracy: accuracy.value,
      timestamp: metadata.training_date,
      git_sha: metadata.git.commit,
      version,
      method: metrics.method,
    }),
  );
  say(
    'export',
    `${version}  ROC-AUC ${roc_auc.value.toFixed(3)}  PR-AUC ${pr_auc.value.toFixed(3)}  accuracy ${accuracy.value.toFixed(3)}`,
    `${folder}: metrics.json, ${FILES.join(', ')}`,
  );
});
