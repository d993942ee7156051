/** What is made from what, and what is out of date, as make knows it: asks make, prints it, and draws it. */
import { spawnSync } from 'node:child_process';
import { relative } from 'node:path';
import { chapters } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { writeAtomic } from '../../../lib/files/write.ts';
import { step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { asPicture, asText } from '../drawing.ts';
import { outdatedOf, rulesOf } from '../rules.ts';

step({ chapters }, (project) => {
  const { paths, data } = project.config;
  const folders = [paths.models, paths.reports, data.processed_dir, data.production_dir, data.raw_path];
  const products = folders.map((folder) => project.path(folder));
  const isProduct = (file: string) =>
    products.some((folder) => file === folder || file.startsWith(`${folder}/`));
  const ask = (...goals: string[]) => askMake(relative('.', project.configPath), goals);
  // The first answer names the products, the second, asked for all of them, says which are out of date.
  const named = rulesOf(ask('registry'), isProduct).flatMap((rule) => rule.products);
  const rules = rulesOf(ask(...named), isProduct);
  const picture = project.path(paths.reports, 'dag.svg');
  writeAtomic(picture, asPicture(rules));
  console.log(asText(rules));
  say('dag', `${rules.length} rules, ${outdatedOf(rules).size} out of date (!)   ${picture}`);
});

/** The database, without running anything and without what the make around us was told. */
function askMake(config: string, goals: readonly string[]): string {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(MAKE|MFLAGS)/.test(name)),
  );
  const args = ['-pq', '--no-builtin-rules', `CONFIG=${config}`, '--', ...goals];
  const { stdout, stderr, status } = spawnSync('make', args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status === null || status > 1) throw failed(`make does not say its rules: ${stderr.trim()}`);
  return stdout;
}
