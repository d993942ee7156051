/** How far a rollout has come, in a file, so that it goes on after whatever interrupted it. */
import { rmSync } from 'node:fs';
import * as v from 'valibot';
import { VERSION } from '../../lib/config/values.ts';
import { parseFile } from '../../lib/files/json-file.ts';
import { json, readIfThere, writeAtomic } from '../../lib/files/write.ts';
import { commitOf, type Project } from '../../lib/project.ts';
import { recordDeployment } from '../../lib/record/deployments.ts';
import { recentPredictions } from '../../lib/record/predictions.ts';
import { followTruth, truthOf } from '../../lib/record/truth.ts';
import { readMetadata } from '../../lib/registry/versions.ts';
import { observe } from '../../lib/watch/window.ts';
import { requestsOf, type Side } from './evidence.ts';

const version = v.pipe(v.string(), v.regex(VERSION));
const time = v.pipe(v.string(), v.isoTimestamp());
const schema = v.strictObject({
  version,
  /** The model that it is compared with. */
  model: version,
  reason: v.string(),
  started: time,
  /** Index into chapters.rollout.steps. */
  step: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Whether a person insists on it though the gate does not say pass. */
  insists: v.boolean(),
  /** When this step's share was set. */
  since: time,
});
export type Rollout = v.InferOutput<typeof schema>;

function rolloutPath(project: Project): string {
  return project.path(project.config.paths.models, 'rollout.json');
}

export function readRollout(project: Project): Rollout | undefined {
  const path = rolloutPath(project);
  const text = readIfThere(path);
  return text === undefined ? undefined : parseFile(path, text, schema);
}

export function writeRollout(project: Project, rollout: Rollout): void {
  writeAtomic(rolloutPath(project), json(rollout));
}

export function endRollout(project: Project): void {
  rmSync(rolloutPath(project), { force: true });
}

const PATIENCE_MS = 10_000;

/** A line of the deployment log: "step 1 of 3, 5 %: pass". */
export function recordStep(project: Project, version: string, change: string, reason: string): void {
  const { files, data } = readMetadata(project, version);
  recordDeployment(
    project.ledgers,
    {
      event: 'rollout',
      change,
      version,
      sha256: files['model.json']!,
      dataVersion: data.version,
      reason,
      commit: commitOf(project),
    },
    PATIENCE_MS,
  );
}

/** What the log holds of both versions since the rollout began, and how many requests of each since its step did. */
export function evidenceOf(
  project: Project,
  { version, model, started, since }: Rollout,
): { model: Side; next: Side; answered: { model: number; next: number } } {
  const stream = followTruth(project.ledgers);
  const { predictions, refusals } = recentPredictions(stream, {
    versions: [model, version],
    since: started,
  });
  const truth = truthOf(
    project.ledgers,
    predictions.map(({ id }) => id),
  );
  const side = (name: string): Side => ({
    predictions: observe(
      predictions.filter((line) => line.model === name),
      truth,
    ),
    failures: refusals
      .filter((line) => line.route === 'failed' && line.model === name)
      .map(({ time }) => time),
  });
  const [ofModel, ofNext] = [side(model), side(version)];
  const inStep = (of: Side) => requestsOf(of).filter(({ time }) => time >= since).length;
  return { model: ofModel, next: ofNext, answered: { model: inStep(ofModel), next: inStep(ofNext) } };
}
