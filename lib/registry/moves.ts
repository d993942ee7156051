/** Moving pointers: one at a time under a lock, first a line in the deployment log, then the files that servers follow. */
import { badInput, failed } from '../fault.ts';
import { withLock } from '../files/lock.ts';
import { commitOf, type Project } from '../project.ts';
import { recordDeployment } from '../record/deployments.ts';
import { describeGate, judgeGate, refuseUnfit, refuseUnproven } from './gate.ts';
import { loadVersion } from './load.ts';
import { pointersPath, readPointers, resolveVersion, writePointers } from './pointer-files.ts';
import {
  aliasOf,
  applyMove,
  checkAliasName,
  checkTraffic,
  describeMove,
  type Move,
  type Pointers,
  STAGES,
  type Stage,
  stageOf,
  type Traffic,
  usesOf,
} from './pointers.ts';
import { listVersions, readMetadata } from './versions.ts';

/** Chooses a move from the pointers as they are, puts it on record and carries it out; two at once follow one another. */
export function movePointers(
  project: Project,
  reason: string,
  choose: (pointers: Pointers) => Move,
  waitMs = 10_000,
): { before: Pointers; after: Pointers; move: Move } {
  return withLock(`${pointersPath(project, 'aliases')}.lock`, waitMs, () => {
    const before = readPointers(project);
    const move = choose(before);
    const after = applyMove(before, move);
    if (JSON.stringify(after) === JSON.stringify(before)) return { before, after, move };
    const subject = subjectOf(move) ?? after.aliases.champion ?? listVersions(project).at(-1)!;
    const metadata = readMetadata(project, subject);
    recordDeployment(
      project.ledgers,
      {
        event: move.event,
        change: describeMove(before, move),
        version: subject,
        sha256: metadata.files['model.json']!,
        dataVersion: metadata.data.version,
        reason,
        commit: commitOf(project),
      },
      waitMs,
    );
    writePointers(project, after);
    return { before, after, move };
  });
}

function subjectOf(move: Move): string | undefined {
  if (move.event !== 'traffic') return move.version;
  return Object.keys(move.traffic.split)[0] ?? move.traffic.shadow[0];
}

/** A version that gets a share of the traffic is whole and does not fail the gate. */
function refuseUnready(project: Project, version: string): void {
  refuseUnfit(project.config, loadVersion(project, version));
}

/**
 * Makes a version champion; the one before becomes previous. Returns the one before. A version that does not pass the gate is
 * refused, unless a person `insists`: then the ledger says that, and what the gate says.
 */
export function promote(
  project: Project,
  version: string,
  reason: string,
  insists = false,
): string | undefined {
  const loaded = loadVersion(project, version);
  if (!insists) refuseUnproven(project, loaded);
  const gate = judgeGate(project.config, loaded.metrics);
  const why = gate.verdict === 'pass' ? reason : `${reason} (insisted: the gate says ${describeGate(gate)})`;
  return movePointers(project, why, (pointers) => {
    refuseArchived(pointers, version);
    return { event: 'promotion', version };
  }).before.aliases.champion;
}

/**
 * Undoes the last step that gave a version traffic: ends a canary where there is one, else makes the previous champion
 * champion again, if it is whole.
 */
export function rollback(project: Project, reason: string): { version: string; from: string } {
  const { before, move } = movePointers(project, reason, ({ aliases, traffic }) => {
    if (traffic !== undefined && Object.keys(traffic.split).length > 0)
      return { event: 'traffic', traffic: { ...traffic, split: {} } };
    if (aliases.previous === undefined)
      throw failed(
        'there is no previous champion to go back to: make promote VERSION=v1 puts any version live',
      );
    loadVersion(project, aliases.previous);
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
  const { before } = movePointers(project, reason, (pointers) => {
    if (version !== undefined) refuseArchived(pointers, version);
    return { event: 'alias', name, version };
  });
  return aliasOf(before, name);
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
    const uses = stage === 'Archived' ? usesIn(project, pointers, version) : [];
    if (uses.length > 0) throw failed(`${version} is in use (${uses.join(', ')}) and cannot be archived`);
    return { event: 'stage', version, stage: stage as Stage };
  });
  return stageOf(before, version);
}

/** What a version is used for, by pointers or by config. */
function usesIn(project: Project, pointers: Pointers, version: string): string[] {
  const { model, traffic } = project.config.deployment;
  const configured =
    pointers.traffic === undefined ? usesOf({ aliases: {}, stages: {}, traffic }, version) : [];
  const isModel = (() => {
    try {
      return resolveVersion(project, model) === version;
    } catch {
      return false;
    }
  })();
  return [...usesOf(pointers, version), ...configured, ...(isModel ? [`deployment.model: ${model}`] : [])];
}

/**
 * Archives every version that nothing points at, neither a pointer nor the config, except the newest, and where there is no
 * previous champion the version that could take the champion's place. Returns which.
 */
export function archiveUnused(project: Project, reason: string): string[] {
  const pointers = readPointers(project);
  const versions = listVersions(project).filter((version) => stageOf(pointers, version) !== 'Archived');
  const { champion, previous } = pointers.aliases;
  const wayBack = previous ?? versions.filter((version) => version !== champion).at(-1);
  const kept = new Set([versions.at(-1), wayBack]);
  const unused = versions.filter(
    (version) => !kept.has(version) && usesIn(project, pointers, version).length === 0,
  );
  for (const version of unused) setStage(project, version, 'Archived', reason);
  return unused;
}

/** Changes who gets which share of the traffic. `choose` gets what is in force now; who is given a share must be ready. */
export function setTraffic(
  project: Project,
  reason: string,
  choose: (traffic: Traffic) => Traffic,
  waitMs?: number,
): { before: Traffic; after: Traffic } {
  const now = ({ traffic }: Pointers): Traffic => {
    const { split, shadow } = traffic ?? project.config.deployment.traffic;
    return { split, shadow };
  };
  const { before, after } = movePointers(
    project,
    reason,
    (pointers) => {
      const before = now(pointers);
      const traffic = checkTraffic(choose(before));
      const model = resolveVersion(project, project.config.deployment.model);
      if (traffic.split[model] !== undefined)
        throw badInput(`${model} is the model itself: it has what the others leave`);
      for (const version of [...Object.keys(traffic.split), ...traffic.shadow])
        refuseArchived(pointers, version);
      for (const version of Object.keys(traffic.split))
        if (before.split[version] === undefined) refuseUnready(project, version);
      for (const version of traffic.shadow) loadVersion(project, version);
      return { event: 'traffic', traffic };
    },
    waitMs,
  );
  return { before: now(before), after: now(after) };
}

function refuseArchived(pointers: Pointers, version: string): void {
  if (stageOf(pointers, version) === 'Archived')
    throw failed(`${version} is archived: make stage VERSION=${version} STAGE=Staging brings it back`);
}
