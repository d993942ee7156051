/** What make was asked for and does not know: says so, and which verb, file or argument was meant. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawFiles } from '../lib/config/settings.ts';
import { chapters } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import { namesIn } from '../lib/files/write.ts';
import { step } from '../lib/step.ts';
import { didYouMean } from '../lib/words.ts';

step({ chapters }, ({ config, path, state }) => {
  const wanted = readFileSync(state('unknown'), 'utf8').trim();
  if (rawFiles(config).some((file) => path(file) === wanted))
    throw badInput(`${wanted} is missing: data.source is "file", so put your CSV there`);
  const pathsIn = (folder: string) => namesIn(folder).map((name) => join(folder, name));
  const lines = ['Makefile', ...['make', 'bench', ...pathsIn('chapters')].flatMap(pathsIn)]
    .filter((file) => file === 'Makefile' || file.endsWith('.mk'))
    .flatMap((file) => readFileSync(file, 'utf8').match(/^[a-z][a-z-]*:.*## .*$/gm) ?? []);
  if (wanted.endsWith('=')) {
    const names = lines.flatMap((line) => line.match(/\b[A-Z]+=/g) ?? []);
    throw badInput(
      `no verb takes ${JSON.stringify(wanted)}${didYouMean(wanted, names)} (make help says what each takes)`,
    );
  }
  const verbs = lines.map((line) => line.split(':')[0]!);
  throw badInput(
    `there is no verb and no file ${JSON.stringify(wanted)}${didYouMean(wanted, verbs)} (make help lists the verbs)`,
  );
});
