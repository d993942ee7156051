/**
 * The end of a retraining as one step: what is about to go live is noted first, then the challenger is promoted, and the
 * config's line moves last. Whoever finds the note of a run that was killed finishes it, or forgets it where nothing went live.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { moveDataVersion } from '../config/edit.ts';
import { VERSION } from '../config/values.ts';
import { parseFile } from '../files/json-file.ts';
import { json, readIfThere, writeAtomic } from '../files/write.ts';
import type { Project } from '../project.ts';
import { readDecisions, recordDecision } from '../record/decisions.ts';
import { promote, setTraffic } from '../registry/moves.ts';
import { readPointers, recordedPointers, writePointers } from '../registry/pointer-files.ts';
import { stageOf } from '../registry/pointers.ts';
import { keepLatest, readMetadata } from '../registry/versions.ts';

const version = v.pipe(v.string(), v.regex(VERSION));
const noteSchema = v.strictObject({
  /** What becomes champion, and the data version that the config is to read with it. */
  version,
  data_version: version,
  /** Why, for the deployment log and for the ledger of decisions. */
  reason: v.string(),
  verdict: v.string(),
  evidence: v.string(),
  /** It waits for somebody to promote it, who may also leave it. */
  waits: v.optional(v.boolean(), false),
});
export type RetrainingNote = v.InferInput<typeof noteSchema>;

function notePath(models: string): string {
  return join(models, 'retraining.json');
}

/** Puts the challenger live and moves the config to its data; killed anywhere, it is as before or finishRetraining ends it. */
export function concludeRetraining(project: Project, note: RetrainingNote): void {
  writeAtomic(notePath(project.models), json(note));
  promote(project, note.version, note.reason);
  settle(project, note);
}

/** Percent of the traffic that a challenger gets where retraining.promotion is canary. */
const CANARY = 10;

/** Leaves the promotion to somebody: to a person, or to the traffic that the challenger gets a share of. */
export function proposeRetraining(project: Project, note: RetrainingNote, how: 'canary' | 'approve'): void {
  writeAtomic(notePath(project.models), json({ ...note, waits: true }));
  if (how === 'canary')
    setTraffic(project, note.reason, (now) => ({ ...now, split: { ...now.split, [note.version]: CANARY } }));
}

/** The challenger that waits for its promotion, if one does. */
export function waitingChallenger(project: Project): string | undefined {
  const text = readIfThere(notePath(project.models));
  if (text === undefined) return undefined;
  const { waits, version } = parseFile(notePath(project.models), text, noteSchema);
  const isOpen = waits && stageOf(readPointers(project), version) !== 'Archived';
  return isOpen && recordedPointers(project).aliases.champion !== version ? version : undefined;
}

/** Says what it finished or forgot of a retraining that was killed or decided since; nothing where there is none. */
export function finishRetraining(project: Project): string[] {
  const text = readIfThere(notePath(project.models));
  if (text === undefined || waitingChallenger(project) !== undefined) return [];
  const note = parseFile(notePath(project.models), text, noteSchema);
  const recorded = recordedPointers(project);
  if (recorded.aliases.champion !== note.version) {
    rmSync(notePath(project.models));
    return [`${notePath(project.models)}: of a retraining that put nothing live, removed`];
  }
  writePointers(project, recorded);
  settle(project, note);
  return [
    `${notePath(project.models)}: ${note.version} was live already; ${project.configPath} reads data ${note.data_version} now`,
  ];
}

function settle(project: Project, { version, data_version, verdict, evidence }: RetrainingNote): void {
  const decided = readDecisions(project.ledgers).at(-1);
  if (decided?.decision !== 'promoted' || decided.version !== version)
    recordDecision(project.ledgers, 'promoted', version, [`${version} ${verdict}`], evidence);
  keepLatest(project, readMetadata(project, version));
  moveDataVersion(project, data_version);
  rmSync(notePath(project.models));
}
