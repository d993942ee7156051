/** Makes the raw file from its declared source: simulated, downloaded from UCI and checked, or there already. */
import { existsSync } from 'node:fs';
import { csvFormatRow } from 'd3-dsv';
import { rawFiles, settingsHash } from '../lib/config/settings.ts';
import { downloadMembers } from '../lib/data/download.ts';
import { AI4I_HEADER, simulateAi4i } from '../lib/data/simulate-ai4i.ts';
import { chapters } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import { sha256, sha256File } from '../lib/files/hash.ts';
import { touch, writeAtomic } from '../lib/files/write.ts';
import { commitOf, type Project } from '../lib/project.ts';
import { recordArtefacts } from '../lib/record/manifest.ts';
import { step } from '../lib/step.ts';
import { progress, say } from '../lib/terminal.ts';
import { formatCount } from '../lib/words.ts';

step({ chapters }, async (project) => {
  const { data } = project.config;
  const paths = rawFiles(project.config);
  if (data.source === 'file') {
    const missing = paths.map((path) => project.path(path)).find((path) => !existsSync(path));
    if (missing !== undefined)
      throw badInput(`${missing} is missing: data.source is "file", so put your CSV there`);
    return;
  }
  const bringer = chapters.find(
    ({ section, source }) => section?.name === data.source && source !== undefined,
  );
  if (bringer !== undefined) {
    const bring = await bringer.source!.load();
    return bring(project);
  }
  if (data.source === 'uci' && keepWhatIsThere(project, paths)) return;
  const { texts, origin } = data.source === 'uci' ? await download(project) : simulate(project);
  for (const [i, path] of paths.entries()) keepRaw(project, path, texts[i]!, origin);
});

interface Raw {
  /** One per raw file. */
  readonly texts: readonly string[];
  readonly origin: string;
}

function simulate({ config }: Project): Raw {
  const { rows, seed } = config.data.simulation;
  const missing = AI4I_HEADER.filter((name) => config.schema[name] === undefined);
  if (missing.length > 0)
    throw badInput(`data.source "simulated" makes the AI4I columns, but the schema has no "${missing[0]}"`);
  const lines = [[...AI4I_HEADER], ...simulateAi4i(rows, seed)].map((cells) => csvFormatRow(cells));
  return { texts: [`${lines.join('\n')}\n`], origin: `simulated (seed ${seed}, Matzka's recipe)` };
}

/** The members of the archive that are raw files, each with the sha256 that it must have. */
function membersOf({ config }: Project): { name: string; sha256: string; key: string }[] {
  const { member, sha256: digest, test_member, test_sha256 } = config.data.uci;
  const first = { name: member, sha256: digest, key: 'data.uci.sha256' };
  if (config.split.method !== 'file') return [first];
  return [first, { name: test_member!, sha256: test_sha256!, key: 'data.uci.test_sha256' }];
}

async function download(project: Project): Promise<Raw> {
  const bar = progress('raw', 1);
  const texts = await downloadMembers(project.config.data.uci.url, membersOf(project), (share) =>
    bar.update(share),
  );
  bar.stop();
  return { texts, origin: 'UCI, sha256 as declared' };
}

/** Files that lie there already and are what would be downloaded need no network. */
function keepWhatIsThere(project: Project, paths: readonly string[]): boolean {
  const members = membersOf(project);
  const isThere = (path: string, i: number) =>
    existsSync(project.path(path)) && sha256File(project.path(path)) === members[i]!.sha256;
  if (!paths.every(isThere)) return false;
  for (const path of paths) touch(project.path(path));
  return true;
}

/** Writes a raw file and its line in the manifest; one that is there already must be the same. */
function keepRaw(project: Project, name: string, text: string, origin: string): void {
  const path = project.path(name);
  const { data } = project.config;
  const digest = sha256(text);
  if (existsSync(path)) {
    if (sha256File(path) !== digest) {
      throw badInput(
        `${path} exists with other content than data.source "${data.source}" gives now, and raw data is never overwritten.\n` +
          '           Set data.raw_path to a new file, then make prepare VERSION=v2 (or the next free version).',
      );
    }
    touch(path);
    return;
  }
  writeAtomic(path, text);
  const rows = text.trimEnd().split('\n').length - (data.csv.header ? 1 : 0);
  recordArtefacts(project.ledgers, { script: 'scripts/data-ingest.ts', commit: commitOf(project) }, [
    {
      version: 'raw',
      path: name,
      sha256: digest,
      rows,
      columns: text.slice(0, text.indexOf('\n')).split(data.csv.separator).length,
      source: data.source,
      config: settingsHash(project.config, 'raw'),
      inputs: [],
    },
  ]);
  say('raw', `${path}   ${formatCount(rows)} rows, ${origin}, sha256 ${digest.slice(0, 12)}…`);
}
