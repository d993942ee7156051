/** Says what an interrupted run left behind and mends it: half-written files, stale locks, torn lines, a dead server. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { loadProject, type Project } from '../lib/config/load.ts';
import { describeChanges } from '../lib/config/settings.ts';
import { appendLedger, readLedger } from '../lib/files/ledger.ts';
import { isAlive } from '../lib/files/lock.ts';
import { TEMPORARY } from '../lib/files/write.ts';
import { allLedgers } from '../lib/registry/ledgers.ts';
import { readPointers, recordedPointers, writePointers } from '../lib/registry/pointer-files.ts';
import { listVersions, registrationOf, versionPath } from '../lib/registry/versions.ts';
import { runningServer, serverStatePath } from '../lib/serve/client.ts';
import { isBeingWritten } from '../lib/serve/prediction-log.ts';
import { run, say } from '../lib/terminal.ts';

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
  say(
    'doctor',
    mended.length === 0 ? 'nothing to mend' : `${mended.length} mended; make audit checks the rest`,
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

function staleLocks(project: Project): string[] {
  return filesOf(project)
    .filter((path) => {
      if (!path.endsWith('.lock')) return false;
      const [pid, host] = readFileSync(path, 'utf8').trim().split(' ');
      if (host !== hostname() || isAlive(Number(pid))) return false;
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

/** A version folder without a ledger line was interrupted before it counted. */
function unregistered(project: Project): string[] {
  return listVersions(project)
    .filter((version) => registrationOf(project, version) === undefined)
    .map((version) => {
      rmSync(versionPath(project, version), { recursive: true });
      return `${versionPath(project, version)}: never registered, removed (make train makes it again)`;
    });
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
  const recorded = recordedPointers(project);
  try {
    if (describeChanges(recorded, readPointers(project)).length === 0) return [];
  } catch {}
  writePointers(project, recorded);
  return ['aliases, stages and traffic: written again from the deployment log'];
}
