/** The pointers as small files that servers follow: aliases.json, stages.json and traffic.json. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { ALIAS, VERSION } from '../config/values.ts';
import { badInput, failed } from '../fault.ts';
import { parseFile } from '../files/json-file.ts';
import { json, readIfThere, writeIfChanged } from '../files/write.ts';
import { readDeployments } from '../record/deployments.ts';
import { pointersAfter } from './live.ts';
import {
  aliasOf,
  checkTraffic,
  type Pointers,
  STAGES,
  type Stage,
  stageOf,
  type Traffic,
} from './pointers.ts';
import { listVersions, type Registry } from './versions.ts';

const FILES = ['stages', 'traffic', 'aliases'] as const;

export function pointersPath(registry: Registry, name: (typeof FILES)[number]): string {
  return join(registry.models, `${name}.json`);
}

/** Changes whenever a pointer file does. */
export function pointersStamp(registry: Registry): string {
  return FILES.map((name) => {
    const stats = statSync(pointersPath(registry, name), { throwIfNoEntry: false });
    return stats === undefined ? '' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
  }).join();
}

const version = v.pipe(v.string(), v.regex(VERSION));
const SCHEMAS = {
  aliases: v.record(v.pipe(v.string(), v.regex(ALIAS)), version),
  stages: v.record(version, v.picklist(STAGES)),
  traffic: v.strictObject({ split: v.record(version, v.number()), shadow: v.array(version) }),
};

export function readPointers(registry: Registry): Pointers {
  const read = <Name extends keyof typeof SCHEMAS>(name: Name) =>
    readPointerFile(registry, name) as v.InferOutput<(typeof SCHEMAS)[Name]> | undefined;
  return { aliases: read('aliases') ?? {}, stages: read('stages') ?? {}, traffic: read('traffic') };
}

function readPointerFile(registry: Registry, name: keyof typeof SCHEMAS): unknown {
  const path = pointersPath(registry, name);
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const read = parseFile(path, text, SCHEMAS[name] as v.GenericSchema);
    return name === 'traffic' ? checkTraffic(read as Traffic) : read;
  } catch (error) {
    const { message } = error as Error;
    const named = message.startsWith(path) ? message : `${path}  ${message}`;
    throw failed(`${named}. make doctor writes it again from the deployment log.`);
  }
}

/** The pointers as the deployment log tells them. */
export function recordedPointers(registry: Registry): Pointers {
  return pointersAfter(readDeployments(registry.ledgers));
}

/** An empty file is made for nothing: that aliases.json is there means that something is live. */
export function writePointers(registry: Registry, { aliases, stages, traffic }: Pointers): void {
  const files = { stages, traffic: traffic ?? {}, aliases };
  for (const name of FILES) {
    const path = pointersPath(registry, name);
    if (Object.keys(files[name]).length > 0 || existsSync(path)) writeIfChanged(path, json(files[name]));
  }
}

/** The version that a version, an alias, latest or a stage stands for; fails where it stands for none. */
export function resolveVersion(registry: Registry, name: string): string {
  if (VERSION.test(name)) return name;
  if (name === 'latest') {
    const newest = listVersions(registry).at(-1);
    if (newest === undefined) throw failed('no model version yet: make train makes the first');
    return newest;
  }
  const pointers = readPointers(registry);
  const { aliases } = pointers;
  if (STAGES.includes(name as Stage)) {
    const staged = listVersions(registry).filter((version) => stageOf(pointers, version) === name);
    const version = staged.includes(aliases.champion ?? '') ? aliases.champion : staged.at(-1);
    if (version === undefined) throw failed(`no version is in stage ${name}: make registry lists them`);
    return version;
  }
  if (!ALIAS.test(name)) {
    const known = listVersions(registry).join(', ') || 'none yet: make train makes the first';
    throw badInput(`there is no model version ${JSON.stringify(name)} (registered: ${known})`);
  }
  const version = aliasOf(pointers, name);
  if (version === undefined && listVersions(registry).length === 0)
    throw failed('no model version yet: make train makes the first');
  if (version === undefined)
    throw failed(
      name === 'champion'
        ? 'no version is champion yet: make promote VERSION=v1 names one'
        : `no version is ${name}: make alias NAME=${name} VERSION=v1 names one`,
    );
  return version;
}
