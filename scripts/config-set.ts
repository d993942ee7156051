/** Changes one setting in place, comments kept: config-set data.current_version v2 */
import { editConfig } from '../lib/config/edit.ts';
import { loadProject, parseConfig } from '../lib/config/load.ts';
import { badInput } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { run, say } from '../lib/terminal.ts';

run(() => {
  const [key, value] = process.argv.slice(2);
  if (key === undefined || value === undefined) throw badInput('usage: config-set KEY VALUE');
  const project = loadProject();
  const edited = editConfig(project.text, { [key]: value });
  if (edited === project.text) return;
  parseConfig(edited, project.configPath);
  writeAtomic(project.configPath, edited);
  say('config', `${key}: ${value}`);
});
