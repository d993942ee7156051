/** Makes the raw file from its declared source: simulated, downloaded from UCI and checked, or there already. */
import { existsSync } from 'node:fs';
import { csvFormatRow } from 'd3-dsv';
import { unzipSync } from 'fflate';
import { loadProject, type Project } from '../lib/config/load.ts';
import { rawFiles, settingsHash } from '../lib/config/settings.ts';
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
  const paths = rawFiles(project.config);
  if (data.source === 'file') {
    const missing = paths.map((path) => project.path(path)).find((path) => !existsSync(path));
    if (missing !== undefined)
      throw badInput(`${missing} is missing: data.source is "file", so put your CSV there`);
    return;
  }
  const { texts, origin } = data.source === 'uci' ? await download(project) : simulate(project);
  for (const [i, path] of paths.entries()) keepRaw(project, path, texts[i]!, origin);
});

/** Writes a raw file and its line in the manifest; one that is there already must be the same. */
function keepRaw(project: Project, name: string, text: string, origin: string): void {
  const path = project.path(name);
  const { data } = project.config;
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
  const rows = text.trimEnd().split('\n').length - (data.csv.header ? 1 : 0);
  recordArtefacts(project, [
    {
      time: new Date().toISOString(),
      version: 'raw',
      path: name,
      sha256: sha256(text),
      rows,
      columns: text.slice(0, text.indexOf('\n')).split(data.csv.separator).length,
      source: data.source,
      script: 'scripts/data-ingest.ts',
      commit: describeCommit(currentCommit(project.configPath)),
      config: settingsHash(project.config, 'raw'),
    },
  ]);
  say('raw', `${path}   ${formatCount(rows)} rows, ${origin}, sha256 ${sha256(text).slice(0, 12)}…`);
}

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

async function download({ config }: Project): Promise<Raw> {
  const { url, member, sha256: digest, test_member, test_sha256 } = config.data.uci;
  const wanted = [[member, digest] as const];
  if (config.split.method === 'file') wanted.push([test_member!, test_sha256!]);
  const archive = await fetchBytes(url);
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(archive, { filter: ({ name }) => wanted.some(([each]) => each === name) });
  } catch {
    throw failed(`${url} did not give a zip archive (${archive.length} bytes)`);
  }
  const texts = wanted.map(([name, expected], i) => {
    const file = files[name];
    if (file === undefined) throw failed(`${url} holds no ${name}`);
    const actual = sha256(file);
    const key = i === 0 ? 'sha256' : 'test_sha256';
    if (actual !== expected)
      throw failed(
        `${name} from ${url} has sha256 ${actual}, not the ${expected} of data.uci.${key}: refused`,
      );
    return Buffer.from(file).toString('utf8');
  });
  return { texts, origin: 'UCI, sha256 as declared' };
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
