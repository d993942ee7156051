/** Takes in what the folder of the base table got since: each new file is an increment, once. */
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { nextIncrementPath, readIncrements } from '../../../lib/record/increments.ts';
import { inputsOf, nextDataVersion, readManifest } from '../../../lib/record/manifest.ts';
import { keepIncrement } from '../../../lib/registry/take-increment.ts';
import { step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { baseFiles, bring, readLookups, recordBrought } from '../bring.ts';
import { SOURCES } from '../settings.ts';

const SCRIPT = 'chapters/sources/scripts/sources-ingest.ts';

step({ chapters, lock: 'increment' }, async (project) => {
  const { config, ledgers } = project;
  const { source, raw_path, processed_dir } = config.data;
  if (source !== SOURCES)
    throw badInput(
      `${project.configPath}  data.source is "${source}": make ingest takes in what comes to the folder of chapters.sources.base`,
    );
  const raw = readManifest(ledgers)
    .filter(({ path }) => path === raw_path)
    .at(-1);
  if (raw === undefined) throw badInput(`${raw_path} is not made yet: make raw`);
  const taken = new Map(readIncrements(ledgers).map(({ from, fromSha256 }) => [from, fromSha256]));
  for (const { path, sha256 } of inputsOf(raw)) taken.set(path, sha256);
  const files = await baseFiles(project);
  const changed = files.find(({ name, sha256 }) => taken.has(name) && taken.get(name) !== sha256);
  if (changed !== undefined)
    throw badInput(
      `${changed.path} was taken in with other content (${taken.get(changed.name)!.slice(0, 12)}…): what came once is never changed, a correction is a file of its own`,
    );
  const known = new Set(taken.values());
  const fresh = files.filter(({ sha256 }) => !known.has(sha256));
  if (fresh.length === 0) {
    say('ingest', 'up to date: no file is new');
    return;
  }
  const lookups = await readLookups(project);
  for (const file of fresh) {
    if (known.has(file.sha256)) {
      say('ingest', `${file.name}  is another file to the byte: passed over`);
      continue;
    }
    known.add(file.sha256);
    const to = nextIncrementPath(config, ledgers);
    const brought = await bring(project, [file], lookups, to);
    const { composed, staged, setAside } = brought;
    if (composed.rowsOut === 0) {
      staged.drop();
      say(
        'ingest',
        `${file.name}  has no row to take in${setAside === undefined ? '' : `: all were set aside (${setAside})`}`,
      );
      continue;
    }
    recordBrought(project, to, brought, [file], 'increment', SCRIPT);
    const about = {
      rows: composed.rowsOut,
      from: file.name,
      fromSha256: file.sha256,
      by: 'ingest',
      why: 'a new file',
    };
    keepIncrement(project, staged, to, about, SCRIPT);
    const lost = composed.rowsIn - composed.rowsOut;
    say(
      'ingest',
      `${file.name}  ${formatCount(composed.rowsOut)} of ${formatMany(composed.rowsIn, 'row')}: ${to}${lost === 0 ? '' : `, ${formatCount(lost)} set aside (${setAside})`}`,
    );
  }
  say(
    '',
    `make prepare VERSION=${nextDataVersion(ledgers, project.path(processed_dir))} makes a data version with them`,
  );
});
