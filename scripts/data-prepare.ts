/** Checks, splits and cleans the raw rows into the training and test rows of one data version. */
import { VERSION as IS_VERSION } from '../lib/config/values.ts';
import { chapters, handedIn } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import { makeDataVersion } from '../lib/registry/data-versions.ts';
import { optional, step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { formatCount } from '../lib/words.ts';

step({ chapters, args: { VERSION: optional } }, async (project, { VERSION }) => {
  const { data, schema } = project.config;
  const version = VERSION ?? data.current_version;
  if (!IS_VERSION.test(version)) throw badInput(`"${version}" is no data version: v1, v2, v3 …`);
  const judges = await Promise.all(handedIn('data').map(({ load }) => load()));
  const { isNew, hasLabelled, prepared, said } = makeDataVersion(project, version, judges);
  if (!isNew) {
    say('prepare', `${version} unchanged: the same rows as before`);
    return;
  }
  const { train, test, invalid, imputed } = prepared;
  const where = invalid.length > 0 ? ` (${data.quarantine_dir}/${version}.csv)` : '';
  say(
    'prepare',
    `${version}  ${formatCount(train.length)} train · ${formatCount(test.length)} ${hasLabelled ? 'held out' : 'production'} · ${invalid.length} quarantined${where}`,
  );
  for (const [column, count] of Object.entries(imputed))
    say('', `${count} missing in "${column}" filled (${schema[column]!.missing})`);
  if (said.length > 0) say('', ...said);
});
