/** Writes a version's figures in a plain folder: metrics.json, feature_importances.csv and the model's own files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chapters } from '../../../lib/door.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { versionPath } from '../../../lib/registry/versions.ts';
import { output, step, versionOrTrained } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';

const FILES = ['feature_importances.csv', 'model.json', 'pipeline.json', 'signature.json'] as const;

step({ chapters, args: { VERSION: versionOrTrained, OUT: output } }, (project, { VERSION, OUT }) => {
  const { metadata, metrics } = loadVersion(project, VERSION);
  const folder = OUT ?? project.path('artifacts');
  const { roc_auc, pr_auc, accuracy } = metrics.metrics;
  for (const file of FILES)
    writeAtomic(join(folder, file), readFileSync(versionPath(project, VERSION, file), 'utf8'));
  writeAtomic(
    join(folder, 'metrics.json'),
    json({
      roc_auc: roc_auc.value,
      pr_auc: pr_auc.value,
      accuracy: accuracy.value,
      timestamp: metadata.training_date,
      git_sha: metadata.git.commit,
      version: VERSION,
      method: metrics.method,
    }),
  );
  say(
    'export',
    `${VERSION}  ROC-AUC ${roc_auc.value.toFixed(3)}  PR-AUC ${pr_auc.value.toFixed(3)}  accuracy ${accuracy.value.toFixed(3)}`,
    `${folder}: metrics.json, ${FILES.join(', ')}`,
  );
});
