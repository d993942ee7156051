/** The registry: a folder per version, written once, and a ledger line for each. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { editConfig } from '../config/edit.ts';
import { VERSION } from '../config/values.ts';
import { badInput, failed } from '../fault.ts';
import type { Commit } from '../files/git.ts';
import { sha256, sha256File } from '../files/hash.ts';
import { parseFile } from '../files/json-file.ts';
import { appendLedger } from '../files/ledger.ts';
import { withLock } from '../files/lock.ts';
import { formatLogfmt, parseLogfmt } from '../files/logfmt.ts';
import { json, namesIn, readIfThere, writeAtomic, writeFolder } from '../files/write.ts';
import type { Thresholds } from '../numbers/outputs.ts';
import { headsOf, type Ledgers, linesOf } from '../record/catalogue.ts';
import type { Metrics } from '../train/build.ts';
import { didYouMean } from '../words.ts';

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
  /** The later rows of that data version, that scores in production are compared with; null without any. */
  readonly later: { readonly path: string; readonly sha256: string; readonly rows: number } | null;
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

/** A folder of versions and pointers, and the ledgers that tell of them. */
export interface Registry {
  readonly models: string;
  readonly ledgers: Ledgers;
}

/** Kept with the version but outside its content hash: comments in a config change no model. */
export const CONFIG_COPY = 'config.yaml';

export function versionNumber(version: string): number {
  return Number(version.slice(1));
}

/** Held while a version is written and registered. */
export function registryLock(registry: Registry): string {
  return join(registry.models, '.registry.lock');
}

/** Registered versions, oldest first. */
export function listVersions(registry: Registry): string[] {
  return namesIn(registry.models)
    .filter((name) => VERSION.test(name))
    .sort((a, b) => versionNumber(a) - versionNumber(b));
}

/** What latest.json says: which version the current data and settings gave. Make compares its time. */
const latestSchema = v.object({
  version: v.pipe(v.string(), v.regex(VERSION)),
  summary: v.string(),
  content_sha256: v.string(),
});

export function latestPath(registry: Registry): string {
  return join(registry.models, 'latest.json');
}

/** The version that make train gave last. */
export function lastTrained(registry: Registry): string {
  const text = readIfThere(latestPath(registry));
  if (text === undefined) throw failed('no model version yet: make train makes the first');
  return parseFile(latestPath(registry), text, latestSchema).version;
}

/** Says, on record and then in latest.json, which version the current data and settings give. */
export function keepLatest(registry: Registry, { version, algorithm, data, content_sha256 }: Metadata): void {
  const { path, format } = registry.ledgers.models;
  if (registeredLatest(registry) !== version) {
    const { role: _, ...line } = registrationOf(registry, version)!;
    appendLedger(path, format, [formatLogfmt({ ...line, time: new Date().toISOString(), role: 'latest' })]);
  }
  const summary = `${version} (${algorithm}, data ${data.version})`;
  writeAtomic(latestPath(registry), json({ version, summary, content_sha256 }));
}

/** The version that the ledger names last as what make train gave; undefined for ledgers older than that word. */
function registeredLatest(registry: Registry): string | undefined {
  return readRegistrations(registry)
    .filter(({ role }) => role === 'latest')
    .at(-1)?.version;
}

/** latest.json says what the ledger of registrations says last. */
export function latestProblems(registry: Registry): string[] {
  const path = latestPath(registry);
  if (!existsSync(path)) return [];
  const version = registeredLatest(registry);
  const same = version === undefined || readIfThere(path) === latestText(readMetadata(registry, version));
  return same ? [] : [`${path} is not what make train wrote last: make doctor writes it again`];
}

/** Writes latest.json again as the ledger says. */
export function mendLatest(registry: Registry): string[] {
  if (latestProblems(registry).length === 0) return [];
  writeAtomic(latestPath(registry), latestText(readMetadata(registry, registeredLatest(registry)!)));
  return [`${latestPath(registry)}: written again from the ledger of versions`];
}

function latestText({ version, algorithm, data, content_sha256 }: Metadata): string {
  return json({ version, summary: `${version} (${algorithm}, data ${data.version})`, content_sha256 });
}

export function versionPath(registry: Registry, version: string, ...parts: string[]): string {
  return join(registry.models, version, ...parts);
}

/** Fails where it is not the file that was registered: nothing rests on what an audit would reject. */
export function readMetadata(registry: Registry, version: string): Metadata {
  if (!VERSION.test(version) || !existsSync(versionPath(registry, version))) {
    const known = listVersions(registry);
    throw badInput(
      `there is no model version ${JSON.stringify(version)}${didYouMean(version, known)} (registered: ${known.join(', ') || 'none yet: make train makes the first'})`,
    );
  }
  const path = versionPath(registry, version, 'metadata.json');
  const registered = registrationOf(registry, version)?.metadata_sha256;
  const problem = registered === undefined ? undefined : hashProblem(path, registered);
  if (problem !== undefined) throw failed(`${problem}. make audit shows what else is damaged.`);
  return readVersionFile(registry, version, 'metadata.json') as Metadata;
}

export function readVersionFile(registry: Registry, version: string, name: string): unknown {
  const path = versionPath(registry, version, name);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw failed(
      `${path} cannot be read: ${(error as Error).message}. make audit shows what else is damaged.`,
    );
  }
}

/** What differs between a file and its registered hash; undefined where nothing does. A link is no file of the version. */
function hashProblem(path: string, recorded: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return `${path} is missing`;
  if (!stats.isFile()) return `${path} is no file of its own, but a link or a folder`;
  const actual = sha256File(path);
  if (actual === recorded) return undefined;
  return `${path} does not match its registered sha256 (${actual.slice(0, 12)}… ≠ ${recorded.slice(0, 12)}…)`;
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

/** Lines of the ledger of registrations, oldest first. */
function readRegistrations(registry: Registry): Record<string, string>[] {
  return linesOf(registry.ledgers.models).map(({ body }) => parseLogfmt(body));
}

/** The ledger line of a version, undefined if it has none. */
export function registrationOf(registry: Registry, version: string): Record<string, string> | undefined {
  return readRegistrations(registry)
    .filter((line) => line.version === version)
    .at(-1);
}

/** What differs between a version's files, its metadata and the ledger; empty when all is well. */
export function verifyVersion(registry: Registry, version: string): string[] {
  const registration = registrationOf(registry, version);
  if (registration === undefined)
    return [`${versionPath(registry, version)} is not in the ledger of registrations`];
  const metadataPath = versionPath(registry, version, 'metadata.json');
  const damaged = hashProblem(metadataPath, registration.metadata_sha256!);
  if (damaged !== undefined) return [damaged];
  const { files } = readMetadata(registry, version);
  const problems = Object.entries(files).flatMap(
    ([name, recorded]) => hashProblem(versionPath(registry, version, name), recorded) ?? [],
  );
  if (files['model.json'] !== registration.model_sha256)
    problems.push(`${metadataPath} and the ledger name different models`);
  return problems;
}

/**
 * Registers the files as the next version, or finds the version that holds the same bytes. Appends the ledger line
 * after the folder is whole: a version without a line was interrupted, and is replaced. A challenger is registered
 * without being what the current settings give.
 */
export function registerVersion(
  registry: Registry,
  files: Record<string, string>,
  about: Omit<Metadata, 'version' | 'files' | 'content_sha256' | 'heads' | 'training_date'>,
  configText: string,
  role: 'latest' | 'challenger',
): { version: string; isNew: boolean; metadata: Metadata } {
  return withLock(registryLock(registry), 10_000, () => {
    const hashes = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(text)]));
    const content = contentHash(hashes);
    const registered = listVersions(registry).filter(
      (version) => registrationOf(registry, version) !== undefined,
    );
    for (const version of registered) {
      const metadata = readMetadata(registry, version);
      if (metadata.content_sha256 === content && metadata.data.version === about.data.version)
        return { version, isNew: false, metadata };
    }
    const version = `v${versionNumber(registered.at(-1) ?? 'v0') + 1}`;
    const { name, path, format } = registry.ledgers.models;
    const config = editConfig(configText, { 'data.current_version': about.data.version });
    const metadata: Metadata = {
      version,
      training_date: new Date().toISOString(),
      ...about,
      files: { ...hashes, [CONFIG_COPY]: sha256(config) },
      content_sha256: content,
      heads: headsOf(registry.ledgers, name),
    };
    const text = json(metadata);
    writeFolder(versionPath(registry, version), {
      ...files,
      [CONFIG_COPY]: config,
      'metadata.json': text,
    });
    const line = formatLogfmt({
      time: metadata.training_date,
      version,
      role,
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
  });
}
