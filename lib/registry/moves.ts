/** Moving pointers: one at a time under a lock, first a line in the deployment log, then the files that servers follow. */
import { existsSync, statSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { ALIAS, VERSION } from '../config/schema.ts';
import { badInput, failed } from '../fault.ts';
import { withLock } from '../files/lock.ts';
import { readIfThere, writeIfChanged } from '../files/write.ts';
import { pointersAfter, readDeployments } from './deployments.ts';
import { json } from './json.ts';
import { recordDeployment } from './ledgers.ts';
import {
  applyMove,
  checkAliasName,
  checkTraffic,
  describeMove,
  type Move,
  NO_TRAFFIC,
  type Pointers,
  STAGES,
  type Stage,
  stageOf,
  type Traffic,
  usesOf,
} from './pointers.ts';
import { listVersions, readMetadata } from './versions.ts';

const FILES = ['stages', 'traffic', 'aliases'] as const;

export function pointersPath(project: Project, name: (typeof FILES)[number]): string {
  return project.path(project.config.paths.models, `${name}.json`);
}

/** Changes whenever a pointer file does. */
export function pointersStamp(project: Project): string {
  return FILES.map((name) => {
    const stats = statSync(pointersPath(project, name), { throwIfNoEntry: false });
    return stats === undefined ? '' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
  }).join();
}

export function readPointers(project: Project): Pointers {
  const isVersion = (version: unknown) => VERSION.test(String(version));
  const aliases = readPointerFile(
    project,
    'aliases',
    (name, version) => ALIAS.test(name) && isVersion(version),
  );
  const stages = readPointerFile(
    project,
    'stages',
    (version, stage) => isVersion(version) && STAGES.includes(stage as Stage),
  );
  const traffic = readPointerFile(
    project,
    'traffic',
    (key, value) => (key === 'split' || key === 'shadow') && typeof value === 'object',
  );
  return {
    aliases: (aliases ?? {}) as Pointers['aliases'],
    stages: (stages ?? {}) as Pointers['stages'],
    traffic: traffic === undefined ? undefined : checkTraffic({ ...NO_TRAFFIC, ...traffic }),
  };
}

function readPointerFile(
  project: Project,
  name: (typeof FILES)[number],
  isRight: (key: string, value: unknown) => boolean,
): Record<string, unknown> | undefined {
  const path = pointersPath(project, name);
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const entries = JSON.parse(text) as Record<string, unknown>;
    const wrong = Object.entries(entries).find(([key, value]) => !isRight(key, value));
    if (wrong !== undefined) throw new Error(`${wrong[0]} points to ${JSON.stringify(wrong[1])}`);
    return entries;
  } catch (error) {
    throw failed(
      `${path} cannot be read: ${(error as Error).message.replace(/\s+/g, ' ')}. make doctor writes it again from the deployment log.`,
    );
  }
}

/** The pointers as the deployment log tells them. */
export function recordedPointers(project: Project): Pointers {
  return pointersAfter(readDeployments(project));
}

/** An empty file is made for nothing: that aliases.json is there means that something is live. */
export function writePointers(project: Project, { aliases, stages, traffic }: Pointers): void {
  const files = { stages, traffic: traffic ?? {}, aliases };
  for (const name of FILES) {
    const path = pointersPath(project, name);
    if (Object.keys(files[name]).length > 0 || existsSync(path)) writeIfChanged(path, json(files[name]));
  }
}

/** The version that a version, an alias, latest or a stage stands for; fails where it stands for none. */
export function resolveVersion(project: Project, name: string): string {
  if (VERSION.test(name)) return name;
  if (name === 'latest') {
    const newest = listVersions(project).at(-1);
    if (newest === undefined) throw failed('no model version yet: make train makes the first');
    return newest;
  }
  const pointers = readPointers(project);
  const { aliases } = pointers;
  if (STAGES.includes(name as Stage)) {
    const staged = listVersions(project).filter((version) => stageOf(pointers, version) === name);
    const version = staged.includes(aliases.champion ?? '') ? aliases.champion : staged.at(-1);
    if (version === undefined) throw failed(`no version is in stage ${name}: make registry lists them`);
    return version;
  }
  if (!ALIAS.test(name)) {
    const known = listVersions(project).join(', ') || 'none yet: make train makes the first';
    throw badInput(`there is no model version ${JSON.stringify(name)} (registered: ${known})`);
  }
  const version = aliases[name];
  if (version === undefined)
    throw failed(
      name === 'champion'
        ? 'no version is champion yet: make promote VERSION=v1 names one'
        : `no version is ${name}: make alias NAME=${name} VERSION=v1 names one`,
    );
  return version;
}

/** Chooses a move from the pointers as they are, puts it on record and carries it out; two at once follow one another. */
export function movePointers(
  project: Project,
  reason: string,
  choose: (pointers: Pointers) => Move,
): { before: Pointers; after: Pointers; move: Move } {
  return withLock(`${pointersPath(project, 'aliases')}.lock`, 10_000, () => {
    const before = readPointers(project);
    const move = choose(before);
    const after = applyMove(before, move);
    if (JSON.stringify(after) === JSON.stringify(before)) return { before, after, move };
    const subject = subjectOf(move) ?? after.aliases.champion ?? listVersions(project).at(-1)!;
    const metadata = readMetadata(project, subject);
    recordDeployment(project, {
      event: move.event,
      change: describeMove(before, move),
      version: subject,
      sha256: metadata.files['model.json']!,
      dataVersion: metadata.data.version,
      reason,
    });
    writePointers(project, after);
    return { before, after, move };
  });
}

function subjectOf(move: Move): string | undefined {
  if (move.event !== 'traffic') return move.version;
  return Object.keys(move.traffic.split)[0] ?? move.traffic.shadow[0];
}

/** Makes a version champion; the one before becomes previous. Returns the one before. */
export function promote(project: Project, version: string, reason: string): string | undefined {
  return movePointers(project, reason, (pointers) => {
    refuseArchived(pointers, version);
    return { event: 'promotion', version };
  }).before.aliases.champion;
}

/**
 * Undoes the last step that gave a version traffic: ends a canary where there is one, else makes the previous champion
 * champion again, once `check` has found it whole.
 */
export function rollback(
  project: Project,
  reason: string,
  check: (version: string) => void,
): { version: string; from: string } {
  const { before, move } = movePointers(project, reason, ({ aliases, traffic }) => {
    if (traffic !== undefined && Object.keys(traffic.split).length > 0)
      return { event: 'traffic', traffic: { ...traffic, split: {} } };
    if (aliases.previous === undefined) throw failed('there is no previous champion to go back to');
    check(aliases.previous);
    return { event: 'rollback', version: aliases.previous };
  });
  const { champion = 'none' } = before.aliases;
  return move.event === 'traffic'
    ? { version: champion, from: Object.keys(before.traffic!.split).join(', ') }
    : { version: before.aliases.previous!, from: champion };
}

/** Points an alias at a version, or with undefined takes it away. Returns where it pointed. */
export function setAlias(
  project: Project,
  name: string,
  version: string | undefined,
  reason: string,
): string | undefined {
  checkAliasName(name);
  return movePointers(project, reason, (pointers) => {
    if (version !== undefined) refuseArchived(pointers, version);
    return { event: 'alias', name, version };
  }).before.aliases[name];
}

/** Sets a version's stage; Production is what promotion gives. Returns the stage before. */
export function setStage(project: Project, version: string, stage: string, reason: string): Stage {
  if (!STAGES.includes(stage as Stage))
    throw badInput(`there is no stage ${JSON.stringify(stage)}: ${STAGES.join(', ')}`);
  const { before } = movePointers(project, reason, (pointers) => {
    if (stage === 'Production' && pointers.aliases.champion !== version)
      throw badInput(`Production is what promotion gives: make promote VERSION=${version}`);
    if (stage !== 'Production' && pointers.aliases.champion === version)
      throw failed(`${version} is champion, so it is in Production: promote another version first`);
    return { event: 'stage', version, stage: stage as Stage };
  });
  return stageOf(before, version);
}

/** Archives every version that nothing points at, except the newest. Returns which. */
export function archiveUnused(project: Project, reason: string): string[] {
  const pointers = readPointers(project);
  const unused = listVersions(project)
    .slice(0, -1)
    .filter((version) => usesOf(pointers, version).length === 0 && stageOf(pointers, version) !== 'Archived');
  for (const version of unused) setStage(project, version, 'Archived', reason);
  return unused;
}

/** Changes who gets which share of the traffic. `choose` gets what is in force now. */
export function setTraffic(
  project: Project,
  reason: string,
  choose: (traffic: Traffic) => Traffic,
): { before: Traffic; after: Traffic } {
  const now = ({ traffic }: Pointers): Traffic => {
    const { split, shadow } = traffic ?? project.config.deployment.traffic;
    return { split, shadow };
  };
  const { before, after } = movePointers(project, reason, (pointers) => {
    const traffic = checkTraffic(choose(now(pointers)));
    for (const version of [...Object.keys(traffic.split), ...traffic.shadow]) {
      readMetadata(project, version);
      refuseArchived(pointers, version);
    }
    return { event: 'traffic', traffic };
  });
  return { before: now(before), after: now(after) };
}

function refuseArchived(pointers: Pointers, version: string): void {
  if (stageOf(pointers, version) === 'Archived')
    throw failed(`${version} is archived: make stage VERSION=${version} STAGE=Staging brings it back`);
}
