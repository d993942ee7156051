/** Says what an interrupted run left behind and mends it: half-written files, stale locks, torn lines, a dead server. */
import { type Dirent, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeChanges } from '../lib/config/settings.ts';
import { chapters } from '../lib/door.ts';
import { FAILED } from '../lib/fault.ts';
import { appendLedger } from '../lib/files/ledger.ts';
import { readLedger } from '../lib/files/ledger-reader.ts';
import { isAlive, isHeld, withLock } from '../lib/files/lock.ts';
import { TEMPORARY } from '../lib/files/write.ts';
import type { Project } from '../lib/project.ts';
import { catalogue } from '../lib/record/catalogue.ts';
import { readDeployments } from '../lib/record/deployments.ts';
import { isBeingWritten } from '../lib/record/event-log.ts';
import { mendTruth } from '../lib/record/truth.ts';
import { auditPath, isCutSinceAudit } from '../lib/registry/audit.ts';
import {
  pointersPath,
  readPointers,
  recordedPointers,
  writePointers,
} from '../lib/registry/pointer-files.ts';
import {
  listVersions,
  mendLatest,
  registrationOf,
  registryLock,
  versionNumber,
  versionPath,
} from '../lib/registry/versions.ts';
import { runningServer, serverStatePath } from '../lib/serve/client.ts';
import { step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { mendHours } from '../lib/watch/hours.ts';
import { finishRetraining } from '../lib/watch/retraining.ts';

/** What is wrong and cannot be mended from what is here. */
const trouble: string[] = [];

step({ chapters }, (project) => {
  const mends = [
    temporaryFiles,
    staleLocks,
    tornLines,
    unregistered,
    deadServer,
    pointers,
    mendLatest,
    retraining,
    ({ ledgers }: Project) => mendTruth(ledgers),
    ({ ledgers }: Project) => mendHours(ledgers),
  ];
  const mended = mends.flatMap((mend) => attempt(() => mend(project)));
  for (const line of mended) say('mended', line);
  for (const line of trouble) console.error(line);
  if (trouble.length > 0) process.exitCode = FAILED;
  // What the last audit said is no longer so.
  if (mended.length > 0 && trouble.length === 0) rmSync(auditPath(project.reports), { force: true });
  const others = trouble.length > 0 ? ' else' : '';
  say(
    'doctor',
    mended.length === 0 ? `nothing${others} to mend` : `${mended.length} mended; make audit checks the rest`,
  );
});

/** A mend that cannot be tried, since what it rests on is damaged, says so and keeps the others from nothing. */
function attempt(mend: () => string[]): string[] {
  try {
    return mend();
  } catch (error) {
    trouble.push((error as Error).message);
    return [];
  }
}

interface Found {
  readonly path: string;
  readonly entry: Dirent;
}

/** Everything in the project's own folders. */
function found(project: Project): Found[] {
  const { paths, data } = project.config;
  const folders = [
    paths.models,
    paths.reports,
    data.processed_dir,
    data.quarantine_dir,
    data.production_dir,
    '.make',
  ].map((folder) => project.path(folder));
  const list = (folder: string): Found[] =>
    existsSync(folder)
      ? readdirSync(folder, { withFileTypes: true }).map((entry) => ({
          path: join(folder, entry.name),
          entry,
        }))
      : [];
  const walk = (folder: string): Found[] =>
    list(folder).flatMap((each) =>
      each.entry.isDirectory() && !TEMPORARY.test(each.entry.name) ? walk(each.path) : [each],
    );
  const all = [...folders.flatMap(walk), ...list(project.path('.'))];
  return [...new Map(all.map((each) => [each.path, each])).values()];
}

/**
 * Half-written files belong to nobody once their process is gone. Of folders only a version that was being written is one of
 * ours: anybody may have named one of their own like that.
 */
function temporaryFiles(project: Project): string[] {
  const models = project.path(project.config.paths.models);
  return found(project)
    .filter(({ path, entry }) => {
      const [, base, pid] = /([^/]+)\.clockwork-tmp-(?:stale-)?(\d+)$/.exec(path) ?? [];
      if (pid === undefined || isAlive(Number(pid))) return false;
      const isVersion = entry.isDirectory() && path.startsWith(models) && /^v\d+$/.test(base!);
      if (!entry.isFile() && !isVersion) return false;
      rmSync(path, { recursive: true, force: true });
      return true;
    })
    .map(({ path }) => `${path}: half-written, removed`);
}

/** Of another machine's lock only the age is known: what holds one longer than this is gone or stuck. */
const FOREIGN_LOCK_MS = 3_600_000;

function staleLocks(project: Project): string[] {
  return found(project)
    .filter(({ path, entry }) => {
      if (!path.endsWith('.lock') || !entry.isFile()) return false;
      const isOld = Date.now() - statSync(path).mtimeMs > FOREIGN_LOCK_MS;
      if (isHeld(readFileSync(path, 'utf8')) ?? !isOld) return false;
      rmSync(path);
      return true;
    })
    .map(({ path }) => `${path}: lock of a process that is gone, removed`);
}

/** A torn last line was never confirmed to anyone; opening the ledger for writing takes it back. */
function tornLines(project: Project): string[] {
  return catalogue(project.ledgers).flatMap(({ path, format }) => {
    if (isBeingWritten(path) !== false) return [];
    if (!readLedger(path, format).problems.some(({ kind }) => kind === 'torn')) return [];
    appendLedger(path, format, []);
    return [`${path}: torn last line taken back`];
  });
}

/**
 * The next version, when its folder has no ledger line, was interrupted before it counted. Any other folder without a line
 * means that the ledger was damaged: it is named and left alone.
 */
function unregistered(project: Project): string[] {
  const { path, format } = project.ledgers.models;
  return withLock(registryLock(project), 10_000, () => {
    const versions = listVersions(project);
    const isSound = readLedger(path, format).problems.length === 0;
    const without = isSound
      ? versions.filter((version) => registrationOf(project, version) === undefined)
      : versions;
    const highest = Math.max(0, ...versions.filter((v) => !without.includes(v)).map(versionNumber));
    if (without.length === 0) return [];
    const isNamed = new Set(readDeployments(project.ledgers).map(({ model_version }) => model_version));
    return without.flatMap((version) => {
      const folder = versionPath(project, version);
      if (!isSound || versionNumber(version) !== highest + 1 || isNamed.has(version)) {
        trouble.push(
          `${folder}: ${path} has no line for it that holds; left as it is (restore the ledger from a backup)`,
        );
        return [];
      }
      rmSync(folder, { recursive: true });
      return [`${folder}: never registered, removed (make train makes it again)`];
    });
  });
}

function deadServer(project: Project): string[] {
  if (!existsSync(serverStatePath(project)) || runningServer(project) !== undefined) return [];
  rmSync(serverStatePath(project));
  return [`${serverStatePath(project)}: of a server that is gone, removed`];
}

/** A move that was put on record and not carried out, or files that were lost: the deployment log says where they point. */
function pointers(project: Project): string[] {
  const { path, format } = project.ledgers.deployments;
  return withLock(`${pointersPath(project, 'aliases')}.lock`, 10_000, () => {
    const isSound = readLedger(path, format).problems.length === 0;
    if (isCutSinceAudit(project.reports, project.ledgers.deployments)) {
      trouble.push(
        `${path}  its tail was cut since the last audit: the pointers are left as they are (restore it from a backup)`,
      );
      return [];
    }
    const recorded = isSound ? recordedPointers(project) : undefined;
    try {
      if (recorded !== undefined && describeChanges(recorded, readPointers(project)).length === 0) return [];
    } catch {}
    const isLost = recorded?.aliases.champion === undefined && existsSync(pointersPath(project, 'aliases'));
    if (recorded === undefined || isLost) {
      if (isLost)
        trouble.push(
          `${path} does not say where the pointers were; they are left as they are (restore it from a backup)`,
        );
      return [];
    }
    writePointers(project, recorded);
    return ['aliases, stages and traffic: written again from the deployment log'];
  });
}

function retraining(project: Project): string[] {
  return existsSync(project.path(project.config.paths.models, '.retrain.lock'))
    ? []
    : finishRetraining(project);
}
