/** The report of a version against the champion, as Markdown and HTML with images beside them, and its model card. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { writeAtomic } from '../../../lib/files/write.ts';
import { toHtml } from '../../../lib/page/blocks.ts';
import { writePicture } from '../../../lib/page/picture.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { readPointers } from '../../../lib/registry/pointer-files.ts';
import { step, versionOrTrained } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { toMarkdown, withoutPictures } from '../markdown.ts';
import { modelCard } from '../model-card.ts';
import { reportSection } from '../settings.ts';
import { versionReport } from '../version-report.ts';

step({ chapters, args: { VERSION: versionOrTrained } }, async (project, { VERSION }) => {
  const file = (...parts: string[]) => project.path(project.config.paths.reports, ...parts);
  const loaded = loadVersion(project, VERSION);
  const { champion } = readPointers(project).aliases;
  const against = champion === VERSION ? undefined : champion;
  const parts = await Promise.all(chapters.flatMap(({ report }) => report?.(project, loaded) ?? []));
  const blocks = versionReport(project, loaded, against, parts.flat());
  const folder = `report_${VERSION}`;
  for (const block of blocks)
    if (block.kind === 'image') writePicture(file(folder, block.file), block.picture);
  writeAtomic(file(`${folder}.md`), toMarkdown(blocks, folder));
  // A comment on a pull request has no place for pictures.
  writeAtomic(file(`${folder}_comment.md`), toMarkdown(withoutPictures(blocks), folder));
  writeAtomic(file(`${folder}.html`), await toHtml(`Report of ${VERSION}`, blocks));
  const compared = against === undefined ? '' : ` against champion ${against}`;
  say('report', `${VERSION}${compared}   ${file(`${folder}.md`)} · ${file(`${folder}.html`)}`);

  const card = file(`model_card_${VERSION}.md`);
  writeAtomic(card, toMarkdown(modelCard(project, VERSION), '.'));
  const unsaid = Object.entries(sectionOf(project.config, reportSection)).flatMap(([name, words]) =>
    words === '' ? [`chapters.report.${name}`] : [],
  );
  say('', `model card: ${card}`, ...(unsaid.length === 0 ? [] : [`not stated yet: ${unsaid.join(', ')}`]));
});
