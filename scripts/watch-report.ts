/** The report of a version against the champion: one Markdown and one HTML page, images beside them. */
import { loadProject } from '../lib/config/load.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { readPointers, resolveVersion } from '../lib/registry/pointer-files.ts';
import { latestVersion } from '../lib/registry/versions.ts';
import { toHtml, toMarkdown } from '../lib/report/blocks.ts';
import { versionReport } from '../lib/report/version-report.ts';
import { run, say } from '../lib/terminal.ts';

run(async () => {
  const project = loadProject();
  const version = resolveVersion(project, process.argv[2] || latestVersion(project));
  const { champion } = readPointers(project).aliases;
  const blocks = versionReport(project, version, champion === version ? undefined : champion);
  const file = (...parts: string[]) => project.path(project.config.paths.reports, ...parts);
  const folder = `report_${version}`;
  for (const block of blocks)
    if (block.kind === 'image') writeAtomic(file(folder, `${block.file}.svg`), `${block.svg}\n`);
  writeAtomic(file(`${folder}.md`), toMarkdown(blocks, folder));
  writeAtomic(file(`${folder}.html`), await toHtml(`Report of ${version}`, blocks));
  const against = champion === undefined || champion === version ? '' : ` against champion ${champion}`;
  say('report', `${version}${against}   ${file(`${folder}.md`)} · ${file(`${folder}.html`)}`);
});
