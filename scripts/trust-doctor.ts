/** Says what an interrupted run left behind and mends it: half-written files, stale locks, torn lines, a dead server. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadProject, type Project } from '../lib/config/load.ts';
import { describeChanges } from '../lib/config/settings.ts';
import { FAILED } from '../lib/fault.ts';
import { appendLedger, readLedger } from '../lib/files/ledger.ts';
import { isAlive, isHeld, withLock } from '../lib/files/lock.ts';
import { TEMPORARY } from '../lib/files/write.ts';
import { readDeployments } from '../lib/registry/deployments.ts';
import { allLedgers, ledgersOf } from '../lib/registry/ledgers.ts';
import {
  pointersPath,
  readPointers,
  recordedPointers,
  writePointers,
} from '../lib/registry/pointer-files.ts';
import {
  listVersions,
  registrationOf,
  registryLock,
  versionNumber,
  versionPath,
} from '../lib/registry/versions.ts';
import { runningServer, serverStatePath } from '../lib/serve/client.ts';
import { isBeingWritten } from '../lib/serve/prediction-log.ts';
import { run, say } from '../lib/terminal.ts';

/** What is wrong and cannot be mended from what is here. */
const trouble: string[] = [];

run(() => {
  const project = loadProject();
  const mended = [
    ...temporaryFiles(project),
    ...staleLocks(project),
    ...tornLines(project),
    ...unregistered(project),
    ...candidate(project),
    ...deadServer(project),
    ...pointers(project),
  ];
  for (const line of mended) say('mended', line);
  for (const line of trouble) console.error(line);
  if (trouble.length > 0) process.exitCode = FAILED;
  // What the last audit said is no longer so.
  if (mended.length > 0) rmSync(project.path(project.config.paths.reports, 'audit.json'), { force: true });
  say(
    'doctor',
    mended.length === 0
      ? `nothing${trouble.length > 0 ? ' else' : ''} to mend`
      : `${mended.length} mended; make audit checks the rest`,
  );
});

/** Every file of the project's own folders. */
function filesOf(project: Project): string[] {
  const { paths, data } = project.config;
  const folders = [
    paths.models,
    paths.reports,
    data.processed_dir,
    data.quarantine_dir,
    data.production_dir,
    '.make',
  ].map((folder) => project.path(folder));
  const walk = (folder: string): string[] =>
    existsSync(folder)
      ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
          const path = join(folder, entry.name);
          return entry.isDirectory() && !TEMPORARY.test(entry.name) ? walk(path) : [path];
        })
      : [];
  const here = readdirSync(project.root).map((name) => project.path(name));
  return [...new Set([...folders.flatMap(walk), ...here])];
}

/** Half-written files belong to nobody once their process is gone. */
function temporaryFiles(project: Project): string[] {
  return filesOf(project)
    .filter((path) => {
      const pid = /\.tmp-(?:stale-)?(\d+)$/.exec(path)?.[1];
      if (pid === undefined || isAlive(Number(pid))) return false;
      rmSync(path, { recursive: true, force: true });
      return true;
    })
    .map((path) => `${path}: half-written, removed`);
}

/** Of another machine's lock only the age is known: what holds one longer than this is gone or stuck. */
const FOREIGN_LOCK_MS = 3_600_000;

function staleLocks(project: Project): string[] {
  return filesOf(project)
    .filter((path) => {
      if (!path.endsWith('.lock')) return false;
      const isOld = Date.now() - statSync(path).mtimeMs > FOREIGN_LOCK_MS;
      if (isHeld(readFileSync(path, 'utf8')) ?? !isOld) return false;
      rmSync(path);
      return true;
    })
    .map((path) => `${path}: lock of a process that is gone, removed`);
}

/** A torn last line was never confirmed to anyone; opening the ledger for writing takes it back. */
function tornLines(project: Project): string[] {
  return allLedgers(project).flatMap(({ path, format }) => {
    if (isBeingWritten(path) !== false) return [];
    if (!readLedger(path, format).problems.some((problem) => problem.includes('is torn'))) return [];
    appendLedger(path, format, []);
    return [`${path}: torn last line taken back`];
  });
}

/**
 * The next version, when its folder has no ledger line, was interrupted before it counted. Any other folder without a line
 * means that the ledger was damaged: it is named and left alone.
 */
function unregistered(project: Project): string[] {
  const { path, format } = ledgersOf(project).models;
  return withLock(registryLock(project), 10_000, () => {
    const versions = listVersions(project);
    const without = versions.filter((version) => registrationOf(project, version) === undefined);
    const highest = Math.max(0, ...versions.filter((v) => !without.includes(v)).map(versionNumber));
    const isSound = readLedger(path, format).problems.length === 0;
    const isNamed = new Set(readDeployments(project).map(({ model_version }) => model_version));
    return without.map((version) => {
      const folder = versionPath(project, version);
      if (!isSound || versionNumber(version) !== highest + 1 || isNamed.has(version)) {
        trouble.push(
          `${folder}: ${path} has no line for it; left as it is (restore the ledger from a backup)`,
        );
        return '';
      }
      rmSync(folder, { recursive: true });
      return `${folder}: never registered, removed (make train makes it again)`;
    });
  }).filter((line) => line !== '');
}

/** The candidate config of a retraining that was interrupted. */
function candidate(project: Project): string[] {
  const path = project.configPath.replace(/(\.ya?ml)?$/, '.candidate$1');
  if (!existsSync(path) || existsSync(project.path(project.config.paths.models, '.retrain.lock'))) return [];
  rmSync(path);
  return [`${path}: of an interrupted retraining, removed (make retrain decides again)`];
}

function deadServer(project: Project): string[] {
  if (!existsSync(serverStatePath(project)) || runningServer(project) !== undefined) return [];
  rmSync(serverStatePath(project));
  return [`${serverStatePath(project)}: of a server that is gone, removed`];
}

/** A move that was put on record and not carried out, or files that were lost: the deployment log says where they point. */
function pointers(project: Project): string[] {
  const { path, format } = ledgersOf(project).deployments;
  return withLock(`${pointersPath(project, 'aliases')}.lock`, 10_000, () => {
    const recorded = recordedPointers(project);
    try {
      if (describeChanges(recorded, readPointers(project)).length === 0) return [];
    } catch {}
    if (readLedger(path, format).problems.length > 0 || recorded.aliases.champion === undefined) {
      if (existsSync(pointersPath(project, 'aliases')))
        trouble.push(
          `${path} does not say where the pointers were; they are left as they are (restore it from a backup)`,
        );
      return [];
    }
    writePointers(project, recorded);
    return ['aliases, stages and traffic: written again from the deployment log'];
  });
}
