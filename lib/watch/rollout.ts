/** How far a rollout has come, in a file, so that it goes on after whatever interrupted it. */
import { rmSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { readIfThere, writeAtomic } from '../files/write.ts';
import { json } from '../registry/json.ts';
import { recordDeployment } from '../registry/ledgers.ts';
import { readMetadata } from '../registry/versions.ts';
import { readLabels } from '../serve/labels.ts';
import type { Side } from './judge-step.ts';
import { readPredictionLogs } from './window.ts';

export interface Rollout {
  readonly version: string;
  /** The model that it is compared with. */
  readonly model: string;
  readonly reason: string;
  readonly started: string;
  /** Index into deployment.rollout.steps. */
  readonly step: number;
  /** When this step's share was set. */
  readonly since: string;
}

function rolloutPath(project: Project): string {
  return project.path(project.config.paths.models, 'rollout.json');
}

export function readRollout(project: Project): Rollout | undefined {
  const text = readIfThere(rolloutPath(project));
  return text === undefined ? undefined : (JSON.parse(text) as Rollout);
}

export function writeRollout(project: Project, rollout: Rollout): void {
  writeAtomic(rolloutPath(project), json(rollout));
}

export function endRollout(project: Project): void {
  rmSync(rolloutPath(project), { force: true });
}

/** A line of the deployment log: "step 1 of 3, 5 %: pass". */
export function recordStep(project: Project, version: string, change: string, reason: string): void {
  const { files, data } = readMetadata(project, version);
  recordDeployment(project, {
    event: 'rollout',
    change,
    version,
    sha256: files['model.json']!,
    dataVersion: data.version,
    reason,
  });
}

/** What the log holds of the model since the rollout began, and of the new version since its step began. */
export function evidenceOf(
  project: Project,
  { version, model, started, since }: Rollout,
): { model: Side; next: Side } {
  const { predictions, refusals } = readPredictionLogs(project);
  const labels = readLabels(project);
  const side = (name: string, from: string): Side => ({
    predictions: predictions
      .filter((line) => line.model === name && line.time >= from)
      .map((line) => ({ ...line, label: labels.get(line.id) })),
    failures: refusals.filter((line) => line.route === 'failed' && line.model === name && line.time >= from)
      .length,
  });
  return { model: side(model, started), next: side(version, since) };
}
