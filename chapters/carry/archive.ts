/** What a project must have elsewhere to go on: its ledgers, its versions of data and models. Not what production sent, nor any secret. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { badInput, failed } from '../../lib/fault.ts';
import { temporaryName } from '../../lib/files/write.ts';
import type { Project } from '../../lib/project.ts';
import { listVersions, verifyVersion } from '../../lib/registry/versions.ts';

/** Paths of the config that are carried, as they stand in it. */
export function carried({ config }: Pick<Project, 'config'>): string[] {
  const { paths, data } = config;
  return [paths.manifest, paths.deployment_log, paths.models, dirname(data.raw_path), data.processed_dir];
}

/** Writes them into one file; returns which were there. */
export function pack(project: Project, to: string): string[] {
  const there = carried(project).filter((path) => existsSync(project.path(path)));
  const outside = there.find((path) => relative(project.root, join(project.root, path)).startsWith('..'));
  if (outside !== undefined) throw badInput(`${outside} lies outside of the project: it cannot be carried`);
  const temporary = temporaryName(to);
  mkdirSync(dirname(to), { recursive: true });
  try {
    tar([
      '-czf',
      temporary,
      '-C',
      project.root,
      '--exclude=*.lock',
      '--exclude=*.clockwork-tmp-*',
      '--',
      ...there,
    ]);
    renameSync(temporary, to);
  } finally {
    rmSync(temporary, { force: true });
  }
  return there;
}

/**
 * Puts them where a project has no version yet. What the archive holds besides, links, and names that lead elsewhere are refused, and so is a
 * version that is not what its ledger says; then no version stays.
 */
export function restore(project: Project, from: string): string[] {
  if (listVersions(project).length > 0)
    throw failed(`there are versions in ${project.models} already: restore into a fresh project`);
  const wanted = carried(project);
  const names = tar(['-tzf', from])
    .split('\n')
    .filter((name) => name !== '');
  const strange = names.find(
    (name) =>
      name.split('/').includes('..') ||
      !wanted.some((path) => `${name}/`.startsWith(`${path}/`) || isAbove(name, path)),
  );
  if (strange !== undefined)
    throw badInput(`${from}  holds ${JSON.stringify(strange)}, which no project carries: refused`);
  const link = tar(['-tvzf', from])
    .split('\n')
    .find((line) => line !== '' && !/^[-d]/.test(line));
  if (link !== undefined)
    throw badInput(`${from}  holds what is neither file nor folder: ${link.slice(0, 120)}`);
  const aside = project.state('restore.clockwork-tmp-0');
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  try {
    tar(['-xzf', from, '-C', aside, '--no-same-owner', '--no-same-permissions']);
    for (const path of wanted.filter((each) => existsSync(join(aside, each)))) {
      const to = project.path(path);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(aside, path), to, { recursive: true, force: true });
    }
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  const versions = listVersions(project);
  const problems = versions.flatMap((version) => verifyVersion(project, version));
  if (problems.length > 0) {
    for (const version of versions) rmSync(join(project.models, version), { recursive: true, force: true });
    throw failed(`${from}  is not whole: ${problems[0]}`);
  }
  return versions;
}

/** A folder on the way to a path. */
function isAbove(name: string, path: string): boolean {
  return name.endsWith('/') && path.startsWith(name);
}

function tar(args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('tar', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) throw failed('tar is not here: pack and restore need it');
  if (status !== 0) throw failed(`tar: ${stderr.trim().split('\n')[0]}`);
  return stdout;
}
