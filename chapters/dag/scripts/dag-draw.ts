/** What is made from what, and what is out of date, as make knows it: asks make, prints it, and draws it. */
import { relative } from 'node:path';
import { chapters } from '../../../lib/door.ts';
import { writeAtomic } from '../../../lib/files/write.ts';
import { step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { isProductOf, rulesNow } from '../ask-make.ts';
import { asPicture, asText } from '../drawing.ts';
import { outdatedOf, rulesOf } from '../rules.ts';

step({ chapters }, (project) => {
  const isProduct = isProductOf(project);
  const ask = (...goals: string[]) => rulesNow(relative('.', project.configPath), goals);
  // The first answer names the products, the second, asked for all of them, says which are out of date.
  const named = rulesOf(ask('registry'), isProduct).flatMap((rule) => rule.products);
  const rules = rulesOf(ask(...named), isProduct);
  const picture = project.path(project.config.paths.reports, 'dag.svg');
  writeAtomic(picture, asPicture(rules));
  console.log(asText(rules));
  say('dag', `${rules.length} rules, ${outdatedOf(rules).size} out of date (!)   ${picture}`);
});
