/** What the report on a version says of groups of people. */
import { sectionOf } from '../../lib/config/parse.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { type Block, heading, table, text } from '../../lib/page/blocks.ts';
import type { Project } from '../../lib/project.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import { readValidation } from '../../lib/registry/validation.ts';
import { formatInterval } from '../../lib/words.ts';
import { reportGroups } from './report.ts';
import { fairnessSection } from './settings.ts';

export function fairnessBlocks(project: Project, { version, metadata }: LoadedVersion): Block[] {
  const { config } = project;
  const data = readDataset(project.path(metadata.data.path), config.schema);
  const columns = reportGroups(config, data, readValidation(project, version));
  if (columns.length === 0)
    return [heading(2, 'Fairness'), text('The schema has no sensitive column, so nothing can be said.')];
  const { favourable, max_gap } = sectionOf(config, fairnessSection);
  return [
    heading(2, 'Fairness'),
    text(
      `Favourable class: ${favourable}; a difference up to ${max_gap} passes. make fairness shows the groups.`,
    ),
    table(
      ['Column', 'Criterion', '#highest − lowest', 'Verdict'],
      columns.flatMap(({ column, gaps }) =>
        gaps.map(({ criterion, spread, verdict }) => [
          column,
          criterion.replace('_', ' '),
          spread === null ? 'too few rows' : formatInterval(spread),
          verdict,
        ]),
      ),
    ),
  ];
}
