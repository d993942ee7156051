/** Packs what a project needs to go on elsewhere into one file. */
import { statSync } from 'node:fs';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { output, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount } from '../../../lib/words.ts';
import { pack } from '../archive.ts';

step({ chapters, lock: 'train', args: { OUT: output } }, (project, { OUT }) => {
  if (OUT === undefined) throw badInput('where to? make pack OUT=state.tar.gz');
  if (!/\.(tar\.gz|tgz)$/.test(OUT)) throw badInput(`OUT=${OUT}  is written as .tar.gz: name it so`);
  const paths = pack(project, OUT);
  say('pack', `${OUT}  ${formatCount(statSync(OUT).size)} bytes: ${paths.join(', ')}`);
});
