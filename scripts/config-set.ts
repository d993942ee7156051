/** Moves the data version that config.yaml names to VERSION, comments kept. */
import { moveDataVersion } from '../lib/config/edit.ts';
import { chapters } from '../lib/door.ts';
import { required, step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';

step(
  { chapters, args: { VERSION: required('which data version? make prepare VERSION=v2') } },
  (project, { VERSION }) => {
    if (moveDataVersion(project, VERSION)) say('config', `data.current_version: ${VERSION}`);
  },
);
