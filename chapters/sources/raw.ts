/** The raw file of data.source: sources. */
import type { RawSource } from '../../lib/chapter.ts';
import { say } from '../../lib/terminal.ts';
import { formatCount, formatMany } from '../../lib/words.ts';
import { bringRaw } from './bring.ts';

export const rawOfSources: RawSource = async (project) => {
  const brought = await bringRaw(project);
  if (brought === undefined) return;
  const { composed, files, staged, setAside } = brought;
  const { rowsIn, rowsOut, joins } = composed;
  say(
    'raw',
    `${project.path(project.config.data.raw_path)}   ${formatCount(rowsOut)} of ${formatMany(rowsIn, 'row')} in ${formatMany(files.length, 'file')}, sha256 ${staged.sha256.slice(0, 12)}…`,
    ...joins.map(
      ({ table, matched, unmatched }) =>
        `joined ${table}: ${formatCount(matched)} matched, ${formatCount(unmatched)} not`,
    ),
    ...(setAside === undefined ? [] : [`${formatCount(rowsIn - rowsOut)} set aside: ${setAside}`]),
  );
};
