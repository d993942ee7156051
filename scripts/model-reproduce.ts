/** Trains a version again in a clean folder from its recorded code, config and inputs, and compares bytes. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { loadProject, type Project, parseConfig } from '../lib/config/load.ts';
import { FAILED, failed } from '../lib/fault.ts';
import { git } from '../lib/files/git.ts';
import { sha256File } from '../lib/files/hash.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { firstDifference } from '../lib/registry/difference.ts';
import { readManifest } from '../lib/registry/manifest.ts';
import {
  CONFIG_COPY,
  latestVersion,
  type Metadata,
  readMetadata,
  versionPath,
} from '../lib/registry/versions.ts';
import { run, say } from '../lib/terminal.ts';

run(() => {
  const project = loadProject();
  const version = process.argv[2] || latestVersion(project);
  const metadata = readMetadata(project, version);
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-reproduce-'));
  try {
    const code = layOutCode(metadata, folder);
    layOutInputs(project, metadata, folder);
    const config = relative('.', project.configPath);
    runScript(folder, config, 'scripts/data-prepare.ts', '--version', metadata.data.version);
    const data = join(folder, dirname(config), metadata.data.path);
    if (sha256File(data) !== metadata.data.sha256)
      differs(`${metadata.data.path}: ${firstDifference(project.path(metadata.data.path), data)}`, code);
    runScript(folder, config, 'scripts/model-train.ts');
    const names = Object.keys(metadata.files).filter((name) => name !== CONFIG_COPY);
    for (const name of names) {
      const made = join(folder, dirname(config), project.config.paths.models, 'v1', name);
      if (sha256File(made) !== metadata.files[name])
        differs(`${name}: ${firstDifference(versionPath(project, version, name), made)}`, code);
    }
    const restored = restore(
      project,
      version,
      metadata,
      names,
      join(folder, dirname(config), project.config.paths.models, 'v1'),
    );
    say(
      'reproduce',
      `${version}  the same bytes: data ${metadata.data.version} and ${names.length} files, in ${((performance.now() - started) / 1000).toFixed(1)} s, with ${code}${restored}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The commit that trained the version where it is known and was clean, else the code of today. Says which. */
function layOutCode(metadata: Metadata, folder: string): string {
  const { commit, dirty } = metadata.git;
  const archive = dirty
    ? null
    : spawnSync('git', ['archive', '--format=tar', commit], { maxBuffer: 1 << 30 });
  if (archive !== null && archive.status === 0) {
    spawnSync('tar', ['-x', '-C', folder], { input: archive.stdout });
  } else {
    for (const name of ['scripts', 'lib', 'package.json', 'tsconfig.json'])
      cpSync(name, join(folder, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const changed = Object.entries(metadata.code).find(
    ([file, hash]) => !existsSync(join(folder, file)) || sha256File(join(folder, file)) !== hash,
  );
  if (archive?.status === 0) return `the code of commit ${commit.slice(0, 12)}`;
  const why =
    commit === 'none'
      ? 'it was trained outside git'
      : dirty
        ? 'it was trained with uncommitted changes'
        : `commit ${commit.slice(0, 12)} is not in this repository`;
  const state = changed === undefined ? 'the same as then' : `not the same as then: ${changed[0]} differs`;
  return `the code of today (${why}; ${git('rev-parse', '--short', 'HEAD') ?? 'no git'}), ${state}`;
}

/** The config as it was, and the raw and labelled files, each checked against what the manifest recorded. */
function layOutInputs(project: Project, { version, data }: Metadata, folder: string): void {
  const text = readFileSync(versionPath(project, version, CONFIG_COPY), 'utf8');
  parseConfig(text, versionPath(project, version, CONFIG_COPY));
  const config = join(folder, relative('.', project.configPath));
  mkdirSync(dirname(config), { recursive: true });
  writeFileSync(config, text);
  const line = readManifest(project)
    .filter(({ path, sha256 }) => path === data.path && sha256 === data.sha256)
    .at(-1);
  if (line?.inputs === undefined) throw failed(`the manifest does not say what ${data.path} was made from`);
  for (const input of line.inputs.split(',')) {
    const [path, recorded] = input.split('@') as [string, string];
    const file = project.path(path);
    if (!existsSync(file)) throw failed(`the first input that differs: ${file} is missing`);
    const actual = sha256File(file);
    if (actual !== recorded)
      throw failed(
        `the first input that differs: ${file} has sha256 ${actual.slice(0, 12)}…, recorded was ${recorded.slice(0, 12)}…`,
      );
    const to = join(dirname(config), path);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(file, to);
  }
}

function runScript(folder: string, config: string, ...args: string[]): void {
  const done = spawnSync(process.execPath, ['--import', 'tsx', ...args], {
    cwd: folder,
    env: { ...process.env, CONFIG: config },
    encoding: 'utf8',
  });
  if (done.status !== 0) throw failed(`${args[0]} failed in the clean folder:\n${done.stderr}`);
}

/** Puts files that were damaged since back, now that their registered bytes have been made again. */
function restore(
  project: Project,
  version: string,
  { files }: Metadata,
  names: readonly string[],
  made: string,
): string {
  const damaged = names.filter((name) => {
    const path = versionPath(project, version, name);
    return !existsSync(path) || sha256File(path) !== files[name];
  });
  for (const name of damaged)
    writeAtomic(versionPath(project, version, name), readFileSync(join(made, name), 'utf8'));
  return damaged.length === 0 ? '' : `; ${damaged.join(', ')} had been damaged and is restored`;
}

function differs(what: string, code: string): never {
  console.error(`the first thing that differs: ${what}   (with ${code})`);
  process.exit(FAILED);
}
