/** The model card of a version, from its artefacts. */
import { loadProject } from '../lib/config/load.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { latestVersion } from '../lib/registry/versions.ts';
import { toMarkdown } from '../lib/report/blocks.ts';
import { modelCard } from '../lib/report/model-card.ts';
import { run, say } from '../lib/terminal.ts';

run(() => {
  const project = loadProject();
  const version = resolveVersion(project, process.argv[2] || latestVersion(project));
  const file = project.path(project.config.paths.reports, `model_card_${version}.md`);
  writeAtomic(file, toMarkdown(modelCard(project, version), '.'));
  const { card } = project.config;
  const unsaid = Object.entries(card).flatMap(([name, words]) => (words === '' ? [`card.${name}`] : []));
  say(
    'card',
    `${version}   ${file}`,
    ...(unsaid.length === 0 ? [] : [`not stated yet: ${unsaid.join(', ')}`]),
  );
});
