/** Makes the raw file from its declared source: simulated, downloaded from UCI and checked, or there already. */
import { existsSync } from 'node:fs';
import { csvFormatRow } from 'd3-dsv';
import { unzipSync } from 'fflate';
import { loadProject, type Project } from '../lib/config/load.ts';
import { settingsHash } from '../lib/config/settings.ts';
import { AI4I_HEADER, simulateAi4i } from '../lib/data/simulate-ai4i.ts';
import { badInput, failed } from '../lib/fault.ts';
import { currentCommit, describeCommit } from '../lib/files/git.ts';
import { sha256, sha256File } from '../lib/files/hash.ts';
import { touch, writeAtomic } from '../lib/files/write.ts';
import { recordArtefacts } from '../lib/registry/ledgers.ts';
import { formatCount, progress, run, say } from '../lib/terminal.ts';

run(async () => {
  const project = loadProject();
  const { data } = project.config;
  const path = project.path(data.raw_path);

  if (data.source === 'file') {
    if (!existsSync(path)) throw badInput(`${path} is missing: data.source is "file", so put your CSV there`);
    return;
  }
  const { text, origin } = data.source === 'uci' ? await download(project) : simulate(project);

  if (existsSync(path)) {
    if (sha256File(path) !== sha256(text)) {
      throw badInput(
        `${path} exists with other content than data.source "${data.source}" gives now, and raw data is never overwritten.\n` +
          '           Set data.raw_path to a new file, then make prepare VERSION=v2 (or the next free version).',
      );
    }
    touch(path);
    return;
  }
  writeAtomic(path, text);
  const rows = text.trimEnd().split('\n').length - 1;
  recordArtefacts(project, [
    {
      time: new Date().toISOString(),
      version: 'raw',
      path: data.raw_path,
      sha256: sha256(text),
      rows,
      columns: text.slice(0, text.indexOf('\n')).split(',').length,
      source: data.source,
      script: 'scripts/data-ingest.ts',
      commit: describeCommit(currentCommit(project.configPath)),
      config: settingsHash(project.config, 'raw'),
    },
  ]);
  say('raw', `${path}   ${formatCount(rows)} rows, ${origin}, sha256 ${sha256(text).slice(0, 12)}…`);
});

function simulate({ config }: Project): { text: string; origin: string } {
  const { rows, seed } = config.data.simulation;
  const missing = AI4I_HEADER.filter((name) => config.schema[name] === undefined);
  if (missing.length > 0)
    throw badInput(`data.source "simulated" makes the AI4I columns, but the schema has no "${missing[0]}"`);
  const lines = [[...AI4I_HEADER], ...simulateAi4i(rows, seed)].map((cells) => csvFormatRow(cells));
  return { text: `${lines.join('\n')}\n`, origin: `simulated (seed ${seed}, Matzka's recipe)` };
}

async function download({ config }: Project): Promise<{ text: string; origin: string }> {
  const { url, member, sha256: expected } = config.data.uci;
  const archive = await fetchBytes(url);
  let file: Uint8Array | undefined;
  try {
    file = unzipSync(archive, { filter: ({ name }) => name === member })[member];
  } catch {
    throw failed(`${url} did not give a zip archive (${archive.length} bytes)`);
  }
  if (file === undefined) throw failed(`${url} holds no ${member}`);
  const actual = sha256(file);
  if (actual !== expected)
    throw failed(
      `${member} from ${url} has sha256 ${actual}, not the ${expected} of data.uci.sha256: refused`,
    );
  return { text: Buffer.from(file).toString('utf8'), origin: `UCI, sha256 as declared` };
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url).catch((error: Error) => {
    throw failed(
      `cannot download ${url}: ${(error.cause as Error | undefined)?.message ?? error.message}. data.source "simulated" needs no network.`,
    );
  });
  if (!response.ok || response.body === null) throw failed(`cannot download ${url}: HTTP ${response.status}`);
  const total = Number(response.headers.get('content-length') ?? 0);
  const bar = progress('raw', total);
  const pieces: Uint8Array[] = [];
  let received = 0;
  for await (const piece of response.body) {
    pieces.push(piece);
    received += piece.length;
    bar.update(received);
  }
  bar.stop();
  return Buffer.concat(pieces);
}
