/** What the core asks: which taught rows may join training, and whether a challenger may go live. */
import type { Guard } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import type { Project } from '../../lib/project.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import { readValidation } from '../../lib/registry/validation.ts';
import { admitTaught } from './admit.ts';
import { neighboursIn } from './neighbours.ts';
import { rivalsOf } from './rivals.ts';
import { guardSection } from './settings.ts';
import { objectionTo } from './trusted-rows.ts';

export const guard: Guard = {
  admit: (project, champion, accept) => (taught) => {
    const settings = sectionOf(project.config, guardSection);
    const trusted = new Set([...settings.trusted, ...(accept === undefined ? [] : [accept])]);
    if (taught.every(({ by }) => trusted.has(by))) return { admitted: taught, held: [] };
    return admitTaught(taught, {
      ...settings,
      trusted,
      sureErrors: sureErrors(project, champion, settings.sure),
      disagrees: neighboursIn(trainingRows(project, champion), champion, settings.neighbours),
      confidence: project.config.evaluation.confidence,
    });
  },
  object: (project, champion, challenger) =>
    objectionTo(project, rivalsOf(project, champion), challenger, sectionOf(project.config, guardSection)),
};

function trainingRows(project: Project, { metadata }: LoadedVersion) {
  return readDataset(project.path(metadata.data.path), project.config.schema);
}

/** How often the champion was wrong out of fold where it was that sure, and of how many rows. */
function sureErrors(project: Project, champion: LoadedVersion, sure: number) {
  const { labels, given, scores } = readValidation(project, champion.version);
  const { outputs } = champion.signature.output;
  let [errors, rows] = [0, 0];
  for (const [row, label] of labels.entries()) {
    const own = scores.subarray(row * outputs.length, (row + 1) * outputs.length);
    const certainty = outputs.length === 1 ? Math.max(own[0]!, 1 - own[0]!) : Math.max(...own);
    if (certainty < sure) continue;
    rows++;
    if (given[row] !== label) errors++;
  }
  return { errors, rows };
}
