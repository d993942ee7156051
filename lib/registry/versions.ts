/** The registry: a folder per version, written once, and a ledger line for each. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { VERSION } from '../config/schema.ts';
import { badInput, failed } from '../fault.ts';
import type { Commit } from '../files/git.ts';
import { sha256, sha256File } from '../files/hash.ts';
import { appendLedger, readLedger } from '../files/ledger.ts';
import { takeLock } from '../files/lock.ts';
import { formatLogfmt, parseLogfmt } from '../files/logfmt.ts';
import { readIfThere, writeFolder } from '../files/write.ts';
import type { Thresholds } from '../learn/outputs.ts';
import type { Metrics } from './build.ts';
import { json } from './json.ts';
import { headsOf, ledgersOf } from './ledgers.ts';

/** The content of metadata.json: what differs between two runs of the same training, and the hash of what does not. */
export interface Metadata {
  readonly version: string;
  readonly training_date: string;
  readonly algorithm: string;
  /** Where the raw data came from: simulated data says so everywhere. */
  readonly source: string;
  readonly data: {
    readonly version: string;
    readonly path: string;
    readonly sha256: string;
    readonly rows: number;
  };
  readonly git: Commit;
  readonly node: string;
  readonly accuracy: number;
  /** Log loss. */
  readonly loss: number;
  readonly metrics: Metrics['metrics'];
  readonly thresholds: Thresholds;
  /** The settings that training used. */
  readonly settings: Record<string, unknown>;
  /** sha256 of every program file that training ran. */
  readonly code: Record<string, string>;
  /** sha256 of every other file of the version. */
  readonly files: Record<string, string>;
  /** sha256 over the files that follow from data and settings alone. */
  readonly content_sha256: string;
  /** Heads of the other ledgers when this version was made. */
  readonly heads: string;
}

/** Kept with the version but outside its content hash: comments in a config change no model. */
export const CONFIG_COPY = 'config.yaml';

export function versionNumber(version: string): number {
  return Number(version.slice(1));
}

/** Held while a version is written and registered. */
export function registryLock(project: Project): string {
  return project.path(project.config.paths.models, '.registry.lock');
}

/** Registered versions, oldest first. */
export function listVersions(project: Project): string[] {
  const folder = project.path(project.config.paths.models);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => VERSION.test(name))
    .sort((a, b) => versionNumber(a) - versionNumber(b));
}

/** The version that the current data and settings gave: what make train wrote last. */
export function latestVersion(project: Project): string {
  const text = readIfThere(project.path(project.config.paths.models, 'latest.json'));
  if (text === undefined) throw failed('no model version yet: make train makes the first');
  return (JSON.parse(text) as { version: string }).version;
}

export function versionPath(project: Project, version: string, ...parts: string[]): string {
  return project.path(project.config.paths.models, version, ...parts);
}

export function readMetadata(project: Project, version: string): Metadata {
  if (!VERSION.test(version) || !existsSync(versionPath(project, version))) {
    const known = listVersions(project).join(', ') || 'none yet: make train makes the first';
    throw badInput(`there is no model version ${JSON.stringify(version)} (registered: ${known})`);
  }
  return readVersionFile(project, version, 'metadata.json') as Metadata;
}

export function readVersionFile(project: Project, version: string, name: string): unknown {
  const path = versionPath(project, version, name);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw failed(
      `${path} cannot be read: ${(error as Error).message}. make audit shows what else is damaged.`,
    );
  }
}

/** sha256 over name and hash of each file. */
export function contentHash(hashes: Record<string, string>): string {
  return sha256(
    Object.keys(hashes)
      .sort()
      .map((name) => `${hashes[name]}  ${name}\n`)
      .join(''),
  );
}

/** The ledger line of a version, undefined if it has none. */
export function registrationOf(project: Project, version: string): Record<string, string> | undefined {
  const { path, format } = ledgersOf(project).models;
  return readLedger(path, format)
    .lines.map(({ body }) => parseLogfmt(body))
    .filter((line) => line.version === version)
    .at(-1);
}

/** What differs between a version's files, its metadata and the ledger; empty when all is well. */
export function verifyVersion(project: Project, version: string): string[] {
  const problems: string[] = [];
  const registration = registrationOf(project, version);
  const metadataPath = versionPath(project, version, 'metadata.json');
  if (registration === undefined)
    return [`${versionPath(project, version)} is not in the ledger of registrations`];
  const compare = (path: string, recorded: string) => {
    if (!existsSync(path)) problems.push(`${path} is missing`);
    else {
      const actual = sha256File(path);
      if (actual !== recorded)
        problems.push(
          `${path} does not match its registered sha256 (${actual.slice(0, 12)}… ≠ ${recorded.slice(0, 12)}…)`,
        );
    }
  };
  compare(metadataPath, registration.metadata_sha256!);
  if (problems.length > 0) return problems;
  const { files } = readMetadata(project, version);
  for (const [name, recorded] of Object.entries(files))
    compare(versionPath(project, version, name), recorded);
  const expected = files['model.json'];
  if (expected !== registration.model_sha256)
    problems.push(`${metadataPath} and the ledger name different models`);
  return problems;
}

/**
 * Registers the files as the next version, or finds the version that holds the same bytes. Appends the ledger line
 * after the folder is whole: a version without a line was interrupted, and is replaced.
 */
export function registerVersion(
  project: Project,
  files: Record<string, string>,
  about: Omit<Metadata, 'version' | 'files' | 'content_sha256' | 'heads' | 'training_date'>,
): { version: string; isNew: boolean; metadata: Metadata } {
  const release = takeLock(registryLock(project), 10_000);
  try {
    const hashes = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(text)]));
    const content = contentHash(hashes);
    const registered = listVersions(project).filter(
      (version) => registrationOf(project, version) !== undefined,
    );
    for (const version of registered) {
      const metadata = readMetadata(project, version);
      if (metadata.content_sha256 === content && metadata.data.version === about.data.version) {
        return { version, isNew: false, metadata };
      }
    }
    const version = `v${versionNumber(registered.at(-1) ?? 'v0') + 1}`;
    const { name, path, format } = ledgersOf(project).models;
    const metadata: Metadata = {
      version,
      training_date: new Date().toISOString(),
      ...about,
      files: { ...hashes, [CONFIG_COPY]: sha256(project.text) },
      content_sha256: content,
      heads: headsOf(project, name),
    };
    const text = json(metadata);
    writeFolder(versionPath(project, version), {
      ...files,
      [CONFIG_COPY]: project.text,
      'metadata.json': text,
    });
    const line = formatLogfmt({
      time: metadata.training_date,
      version,
      algorithm: about.algorithm,
      source: about.source,
      data_version: about.data.version,
      data_sha256: about.data.sha256,
      model_sha256: hashes['model.json']!,
      metadata_sha256: sha256(text),
      accuracy: about.accuracy.toFixed(4),
      loss: about.loss.toFixed(4),
      recall: about.metrics.recall.value.toFixed(4),
      f1: about.metrics.f1.value.toFixed(4),
      pr_auc: about.metrics.pr_auc.value.toFixed(4),
      commit: about.git.commit,
    });
    appendLedger(path, format, [line]);
    return { version, isNew: true, metadata };
  } finally {
    release();
  }
}
