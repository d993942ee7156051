/** The pointers as small files that servers follow: aliases.json, stages.json and traffic.json. */
import { existsSync, statSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { ALIAS, VERSION } from '../config/schema.ts';
import { badInput, failed } from '../fault.ts';
import { readIfThere, writeIfChanged } from '../files/write.ts';
import { pointersAfter, readDeployments } from './deployments.ts';
import { json } from './json.ts';
import { checkTraffic, NO_TRAFFIC, type Pointers, STAGES, type Stage, stageOf } from './pointers.ts';
import { listVersions } from './versions.ts';

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
