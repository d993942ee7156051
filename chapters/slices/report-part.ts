/** What the report on a version says of where it fails. */
import { type Block, heading, table, text } from '../../lib/page/blocks.ts';
import type { Project } from '../../lib/project.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import { formatCount, formatInterval } from '../../lib/words.ts';
import { trainingSlices } from './training.ts';

const SHOWN = 5;

export function slicesBlocks(project: Project, loaded: LoadedVersion): Block[] {
  const { slices, looked, errors } = trainingSlices(project, loaded).worst;
  const shown = slices.filter(({ beyond }) => beyond.low > 0);
  return [
    heading(2, 'Where it fails'),
    text(
      `Error rate ${formatInterval(errors)} out of fold; ${shown.length === 0 ? 'none' : formatCount(shown.length)} of ${formatCount(looked)} slices shown to be worse than the rest.`,
    ),
    ...(shown.length === 0
      ? []
      : [
          table(
            ['Slice', '#rows', '#errors', '#beyond the rest'],
            shown
              .slice(0, SHOWN)
              .map(({ name, rows, errors: own, beyond }) => [
                name,
                formatCount(rows),
                formatInterval(own),
                formatInterval(beyond),
              ]),
          ),
        ]),
  ];
}
