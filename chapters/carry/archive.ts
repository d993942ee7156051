/**
 * What a project must have elsewhere to go on: its ledgers, its versions of data and models, the labelled rows that data versions joined.
 * Nothing else that production sent, nor any secret.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { badInput, failed } from '../../lib/fault.ts';
import { temporaryName } from '../../lib/files/write.ts';
import type { Project } from '../../lib/project.ts';
import { readLabelled } from '../../lib/record/labelled.ts';
import { recordLeftBehind } from '../../lib/record/retention.ts';
import { missingIn } from '../../lib/registry/audit.ts';
import { listVersions, verifyVersion } from '../../lib/registry/versions.ts';

/** Paths of the config that are carried, as they stand in it. */
function carried({ config }: Project): string[] {
  const { paths, data } = config;
  return [paths.manifest, paths.deployment_log, paths.models, dirname(data.raw_path), data.processed_dir];
}

/** The ledger of labelled rows, and whatever file it names, in the folder of what production sent. */
function isLabelled({ config }: Project, name: string): boolean {
  const [folder, file] = [dirname(name), basename(name)];
  return folder === config.data.production_dir && /^labelled(_v\d+(_before)?)?\.csv$/.test(file);
}

/** Writes them into one file; returns which were there. */
export function pack(project: Project, to: string): string[] {
  const ledger = `${project.config.data.production_dir}/labelled.csv`;
  const labelled = [...readLabelled(project.ledgers).values()].flat().map(({ path }) => path);
  const paths = [...carried(project), ...new Set([ledger, ...labelled])];
  const there = paths.filter((path) => existsSync(project.path(path)));
  const outside = there.find((path) => relative(project.root, join(project.root, path)).startsWith('..'));
  if (outside !== undefined) throw badInput(`${outside} lies outside of the project: it cannot be carried`);
  if (!existsSync(dirname(to))) throw badInput(`${to}  ${dirname(to)} is no folder`);
  const temporary = temporaryName(to);
  // Ctrl-C ends tar, and this goes on to leave nothing of the file.
  process.once('SIGINT', () => {});
  try {
    tar(to, [
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
  const names = tar(from, ['-tzf', from])
    .split('\n')
    .filter((name) => name !== '');
  const strange = names.find(
    (name) =>
      name.split('/').includes('..') ||
      !(
        isLabelled(project, name) ||
        wanted.some((path) => `${name}/`.startsWith(`${path}/`) || isAbove(name, path))
      ),
  );
  if (strange !== undefined)
    throw badInput(`${from}  holds ${JSON.stringify(strange)}, which no project carries: refused`);
  const link = tar(from, ['-tvzf', from])
    .split('\n')
    .find((line) => line !== '' && !/^[-d]/.test(line));
  if (link !== undefined)
    throw badInput(`${from}  holds what is neither file nor folder: ${link.slice(0, 120)}`);
  const aside = project.state('restore.clockwork-tmp-0');
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  try {
    tar(from, ['-xzf', from, '-C', aside, '--no-same-owner', '--no-same-permissions']);
    for (const path of [...wanted, ...names.filter((name) => isLabelled(project, name))].filter((each) =>
      existsSync(join(aside, each)),
    )) {
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
  recordLeftBehind(project.ledgers, missingIn(project, project.config.data.production_dir));
  return versions;
}

/** A folder on the way to a path. */
function isAbove(name: string, path: string): boolean {
  return name.endsWith('/') && path.startsWith(name);
}

function tar(archive: string, args: readonly string[]): string {
  const { status, signal, stdout, stderr, error } = spawnSync('tar', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (error !== undefined) throw failed('tar is not here: pack and restore need it');
  if (signal !== null) throw failed(`${archive}  stopped by ${signal}`);
  const said = stderr.trim().split('\n')[0] ?? '';
  if (status !== 0 && args[0] === '-czf') throw failed(`${archive}  is not written: ${said}`);
  if (status !== 0) throw badInput(`${archive}  is no whole archive of make pack: ${said}`);
  return stdout;
}
