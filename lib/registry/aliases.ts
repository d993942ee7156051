/** aliases.json: which version is champion, and which was before it. Every move is a line of the deployment log. */
import type { Project } from '../config/load.ts';
import { ALIAS, VERSION } from '../config/schema.ts';
import { failed } from '../fault.ts';
import { takeLock } from '../files/lock.ts';
import { readIfThere, writeAtomic } from '../files/write.ts';
import { json } from './json.ts';
import { recordDeployment } from './ledgers.ts';
import { readMetadata } from './versions.ts';

export type Aliases = Readonly<Record<string, string>>;

export function aliasesPath(project: Project): string {
  return project.path(project.config.paths.models, 'aliases.json');
}

export function readAliases(project: Project): Aliases {
  const text = readIfThere(aliasesPath(project));
  if (text === undefined) return {};
  try {
    const aliases = JSON.parse(text) as Record<string, unknown>;
    const wrong = Object.entries(aliases).find(
      ([name, version]) => !ALIAS.test(name) || !VERSION.test(String(version)),
    );
    if (wrong !== undefined) throw new Error(`${wrong[0]} points to ${String(wrong[1])}`);
    return aliases as Aliases;
  } catch (error) {
    throw failed(
      `${aliasesPath(project)} cannot be read: ${(error as Error).message.replace(/\s+/g, ' ')}. make audit says what the deployment log knows.`,
    );
  }
}

/** The version that an alias or version name stands for; fails where an alias points nowhere. */
export function resolveVersion(project: Project, name: string): string {
  if (VERSION.test(name)) return name;
  const version = readAliases(project)[name];
  if (version === undefined) throw failed(`no version is ${name} yet: make promote VERSION=v1 names one`);
  return version;
}

/** Makes a version champion and remembers the one before; two at once follow one another. Returns the one before. */
export function promote(project: Project, version: string, reason: string): string | undefined {
  return moveChampion(project, 'promotion', () => version, reason);
}

/** Makes the previous champion champion again, once `check` has found it whole. */
export function rollback(
  project: Project,
  reason: string,
  check: (version: string) => void,
): { version: string; from: string } {
  let version = '';
  const from = moveChampion(
    project,
    'rollback',
    (aliases) => {
      if (aliases.previous === undefined) throw failed('there is no previous champion to go back to');
      version = aliases.previous;
      check(version);
      return version;
    },
    reason,
  );
  return { version, from: from! };
}

function moveChampion(
  project: Project,
  event: 'promotion' | 'rollback',
  choose: (aliases: Aliases) => string,
  reason: string,
): string | undefined {
  const release = takeLock(`${aliasesPath(project)}.lock`, 10_000);
  try {
    const aliases = readAliases(project);
    const version = choose(aliases);
    if (aliases.champion === version) return version;
    const metadata = readMetadata(project, version);
    const previous = aliases.champion === undefined ? {} : { previous: aliases.champion };
    recordDeployment(project, {
      event,
      version,
      sha256: metadata.files['model.json']!,
      dataVersion: metadata.data.version,
      reason: `${aliases.champion ?? 'nothing'} -> ${version}: ${reason}`,
    });
    writeAtomic(aliasesPath(project), json({ ...aliases, ...previous, champion: version }));
    return aliases.champion;
  } finally {
    release();
  }
}
