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
import { parseConfig } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { FAILED, failed } from '../../../lib/fault.ts';
import { git } from '../../../lib/files/git.ts';
import { sha256File } from '../../../lib/files/hash.ts';
import { writeAtomic } from '../../../lib/files/write.ts';
import type { Project } from '../../../lib/project.ts';
import { ledgersOf } from '../../../lib/record/catalogue.ts';
import { readIncrements, recordIncrement } from '../../../lib/record/increments.ts';
import { inputsOf, readManifest } from '../../../lib/record/manifest.ts';
import { CONFIG_COPY, type Metadata, readMetadata, versionPath } from '../../../lib/registry/versions.ts';
import { step, versionOrTrained } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { firstDifference } from '../difference.ts';

step({ chapters, args: { VERSION: versionOrTrained } }, (project, { VERSION: version }) => {
  const metadata = readMetadata(project, version);
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-reproduce-'));
  try {
    const code = layOutCode(metadata, folder);
    layOutInputs(project, metadata, folder);
    const config = relative('.', project.configPath);
    runScript(folder, config, 'scripts/data-prepare.ts', metadata.data.version);
    const data = join(folder, dirname(config), metadata.data.path);
    if (sha256File(data) !== metadata.data.sha256)
      differs(`${metadata.data.path}: ${firstDifference(project.path(metadata.data.path), data)}`, code);
    runScript(folder, config, 'scripts/model-train.ts', '');
    const names = Object.keys(metadata.files).filter((name) => name !== CONFIG_COPY);
    const made = (name: string) => join(folder, dirname(config), project.config.paths.models, 'v1', name);
    for (const name of names)
      if (sha256File(made(name)) !== metadata.files[name])
        differs(`${name}: ${firstDifference(versionPath(project, version, name), made(name))}`, code);
    const restored = restore(project, version, metadata, names, made);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(
      'reproduce',
      `${version}  the same bytes: data ${metadata.data.version} and ${names.length} files, in ${seconds} s, with ${code}${restored}`,
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
    for (const name of ['scripts', 'lib', 'chapters', 'package.json', 'tsconfig.json'])
      if (existsSync(name)) cpSync(name, join(folder, name), { recursive: true });
    if (!existsSync('chapters')) {
      mkdirSync(join(folder, 'chapters'));
      writeFileSync(join(folder, 'chapters', 'index.ts'), 'export {};\n');
    }
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
  const before = parseConfig(text, versionPath(project, version, CONFIG_COPY));
  const config = join(folder, relative('.', project.configPath));
  mkdirSync(dirname(config), { recursive: true });
  writeFileSync(config, text);
  const line = readManifest(project.ledgers)
    .filter(({ path, sha256 }) => path === data.path && sha256 === data.sha256)
    .at(-1);
  const inputs = inputsOf(line ?? {});
  if (inputs.length === 0) throw failed(`the manifest does not say what ${data.path} was made from`);
  const labelled = project.ledgers.labelled.path;
  if (existsSync(labelled)) {
    const to = join(dirname(config), relative(project.path('.'), labelled));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(labelled, to);
  }
  const { increments } = ledgersOf(before, (...parts) => join(dirname(config), ...parts));
  mkdirSync(dirname(increments.path), { recursive: true });
  for (const increment of readIncrements(project.ledgers))
    if (inputs.some(({ path }) => path === increment.path)) recordIncrement({ increments }, increment);
  for (const { path, sha256: recorded } of inputs) {
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

/** The code may be older than arguments by the environment, so a version is an option too. */
function runScript(folder: string, config: string, script: string, version: string): void {
  const options = version === '' ? [] : ['--version', version];
  const done = spawnSync(process.execPath, ['--import', 'tsx', script, ...options], {
    cwd: folder,
    env: { ...process.env, CONFIG: config, VERSION: version },
    encoding: 'utf8',
  });
  if (done.status !== 0) throw failed(`${script} failed in the clean folder:\n${done.stderr}`);
}

/** Puts files that were damaged since back, now that their registered bytes have been made again. */
function restore(
  project: Project,
  version: string,
  { files }: Metadata,
  names: readonly string[],
  made: (name: string) => string,
): string {
  const damaged = names.filter((name) => {
    const path = versionPath(project, version, name);
    return !existsSync(path) || sha256File(path) !== files[name];
  });
  for (const name of damaged)
    writeAtomic(versionPath(project, version, name), readFileSync(made(name), 'utf8'));
  return damaged.length === 0 ? '' : `; ${damaged.join(', ')} had been damaged and is restored`;
}

function differs(what: string, code: string): never {
  console.error(`the first thing that differs: ${what}   (with ${code})`);
  process.exit(FAILED);
}
