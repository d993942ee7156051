/** Draws where each column came from and what became of it. */
import { chapters } from '../../../lib/door.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { writePicture } from '../../../lib/page/picture.ts';
import { readManifest } from '../../../lib/record/manifest.ts';
import { listVersions, readMetadata } from '../../../lib/registry/versions.ts';
import { step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { lineageOf } from '../lineage.ts';
import { lineagePicture, lineageText } from '../lineage-drawing.ts';

step({ chapters }, (project) => {
  const trained = listVersions(project).map((version) => ({
    version,
    data: readMetadata(project, version).data.version,
  }));
  const lineage = lineageOf(project.config, readManifest(project.ledgers), trained);
  const at = (ending: string) => project.path(project.config.paths.reports, `lineage.${ending}`);
  writeAtomic(at('json'), json(lineage));
  writeAtomic(at('txt'), lineageText(lineage));
  writePicture(project.path(project.config.paths.reports, 'lineage'), lineagePicture(lineage));
  const count = (layer: string) => lineage.nodes.filter((node) => node.layer === layer).length;
  say(
    'lineage',
    `${formatMany(count('file'), 'file')} → ${formatMany(count('column'), 'column')} → ${formatMany(count('feature'), 'feature')} → ${formatMany(count('version'), 'version')}`,
    `${at('svg')} · ${at('txt')}`,
  );
});
