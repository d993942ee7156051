/** Trains on one data version, evaluates out of fold, and registers the result as the next model version. */
import { existsSync } from 'node:fs';
import { programHashes } from '../config/programs.ts';
import { readDataset } from '../data/dataset.ts';
import { currentCommit } from '../files/git.ts';
import { sha256File } from '../files/hash.ts';
import type { Project } from '../project.ts';
import { readDeployments } from '../record/deployments.ts';
import {
  buildVersion,
  type TrainingChange,
  trainingSettings,
  type Version,
  versionFiles,
} from '../train/build.ts';
import { partPath, rawSource } from './data-versions.ts';
import { describeCheck, judgeGate } from './gate.ts';
import { setStage } from './moves.ts';
import { type Keep, outcomeOf, tryOut } from './tried.ts';
import { type Metadata, registerVersion } from './versions.ts';

export interface TrainedVersion {
  readonly version: string;
  /** False where the same bytes were registered before. */
  readonly isNew: boolean;
  /** Whether it passes the gate and nobody moved it yet, and so is in stage Staging now. */
  readonly isCandidate: boolean;
  readonly metadata: Metadata;
  readonly metrics: Version['metrics'];
  readonly labels: Uint8Array;
}

export interface Training {
  readonly changes: readonly TrainingChange[];
  /** The files that training runs, the chapters that change it among them; their hashes go on record. */
  readonly program: readonly string[];
  /** Gets what was tried and what came of it, though nothing did. */
  readonly keep: readonly Keep[];
}

export async function trainVersion(
  project: Project,
  dataVersion: string,
  { changes, program, keep }: Training,
  role: 'latest' | 'challenger',
  onProgress: (share: number) => void,
): Promise<TrainedVersion> {
  const { config } = project;
  const path = partPath(project, dataVersion, 'train');
  const data = readDataset(project.path(path), config.schema);
  const about = {
    data: { version: dataVersion, path, sha256: sha256File(project.path(path)), rows: data.inputs.rows },
    settings: trainingSettings(config, changes),
    code: programHashes(program),
  };
  const kind = role === 'latest' ? 'train' : 'retrain';
  return tryOut(project, { kind, ...about }, keep, async () => {
    const laterPath = partPath(project, dataVersion, 'test');
    const later = existsSync(project.path(laterPath))
      ? readDataset(project.path(laterPath), config.schema)
      : undefined;
    const version = await buildVersion(config, data, { later, changes, onProgress });
    const { metrics, log_loss, thresholds } = version.metrics;
    const files = versionFiles(version, data.target);
    const registered = registerVersion(
      project,
      files,
      {
        algorithm: config.model_params.algorithm,
        source: rawSource(project),
        ...about,
        later:
          later === undefined
            ? null
            : { path: laterPath, sha256: sha256File(project.path(laterPath)), rows: later.inputs.rows },
        git: currentCommit(project.configPath),
        node: process.version,
        accuracy: metrics.accuracy.value,
        loss: log_loss,
        metrics,
        thresholds,
      },
      project.text,
      role,
    );
    const gate = judgeGate(config, version.metrics);
    // One that was registered by a training that was killed before this line is staged by the next.
    const wasMoved = readDeployments(project.ledgers).some(
      ({ model_version }) => model_version === registered.version,
    );
    const isCandidate = gate.verdict === 'pass' && !wasMoved;
    if (isCandidate)
      setStage(
        project,
        registered.version,
        'Staging',
        `passes the gate: ${gate.checks.map(describeCheck).join(', ')}`,
      );
    return {
      result: { ...registered, isCandidate, metrics: version.metrics, labels: data.target },
      outcome: { ...outcomeOf(version, files, later), version: registered.version },
    };
  });
}
