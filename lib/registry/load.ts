/** Loading a version for scoring, or refusing it: bytes as registered, golden rows scored as in training. */
import type { Schema } from '../config/schema.ts';
import type { Dataset } from '../data/dataset.ts';
import { groupingsOf, groupNames } from '../data/groups.ts';
import { failed } from '../fault.ts';
import { type Calibration, UNCALIBRATED } from '../learn/calibration.ts';
import { modelProblem } from '../learn/check-model.ts';
import { calibratedScorer, type Model, type Scorer } from '../learn/estimator.ts';
import type { Strangeness } from '../measure/conformal.ts';
import type { Matrix } from '../numbers/matrix.ts';
import { classify } from '../numbers/outputs.ts';
import type { Metrics } from '../train/build.ts';
import type { DriftReference, Golden } from '../train/frozen.ts';
import { type Pipeline, transform } from '../train/pipeline.ts';
import type { Signature } from '../train/signature.ts';
import {
  type Metadata,
  type Registry,
  readMetadata,
  readVersionFile,
  verifyVersion,
  versionPath,
} from './versions.ts';

export interface LoadedVersion {
  readonly version: string;
  /** sha256 of model.json. */
  readonly sha256: string;
  readonly metadata: Metadata;
  readonly signature: Signature;
  readonly metrics: Metrics;
  readonly pipeline: Pipeline;
  readonly model: Model;
  readonly calibration: Calibration;
  /** How strange training rows look as of their class; undefined of versions older than that. */
  readonly conformal: Strangeness | undefined;
  readonly scorer: Scorer;
}

const TOLERANCE = 1e-9;

/** Fails with what is wrong and what to do about it; never returns a version that is not whole. */
export function loadVersion(registry: Registry, version: string): LoadedVersion {
  const metadata = readMetadata(registry, version);
  const problems = verifyVersion(registry, version);
  if (problems.length > 0) {
    throw failed(
      `${problems[0]}: refused. make audit shows what else is damaged; make reproduce VERSION=${version} makes it again.`,
    );
  }
  const read = (name: string) => readVersionFile(registry, version, name);
  const pipeline = read('pipeline.json') as Pipeline;
  const signature = read('signature.json') as Signature;
  const model = read('model.json') as Model;
  const problem = modelProblem(model, pipeline.features, signature.output.classes);
  if (problem !== undefined)
    throw failed(`${versionPath(registry, version, 'model.json')} is no model: ${problem}: refused`);
  // Of versions older than it there is none.
  const calibration =
    metadata.files['calibration.json'] === undefined
      ? UNCALIBRATED
      : (read('calibration.json') as Calibration);
  const scorer = calibratedScorer(model, calibration);
  checkGolden(version, pipeline, scorer, read('golden.json') as Golden);
  return {
    version,
    sha256: metadata.files['model.json']!,
    metadata,
    signature,
    metrics: read('metrics.json') as Metrics,
    pipeline,
    model,
    calibration,
    conformal:
      metadata.files['conformal.json'] === undefined ? undefined : (read('conformal.json') as Strangeness),
    scorer,
  };
}

export function readReference(registry: Registry, version: string): DriftReference {
  const reference = readVersionFile(registry, version, 'reference.json') as DriftReference;
  if (reference.inputs.some(({ counts }) => counts === undefined))
    throw failed(
      `${versionPath(registry, version, 'reference.json')} was frozen before drift was tested by counts: train again to watch it`,
    );
  return reference;
}

function checkGolden(version: string, pipeline: Pipeline, scorer: Scorer, golden: Golden): void {
  const names = pipeline.inputs;
  const inputs: Matrix = {
    names,
    rows: golden.rows.length,
    values: Float64Array.from(golden.rows.flat(), (x) => x ?? Number.NaN),
  };
  const scores = scoreInputs({ pipeline, scorer }, inputs);
  const at = golden.scores.findIndex((score, i) => !(Math.abs(score - scores[i]!) <= TOLERANCE));
  if (at >= 0) {
    const row = Math.floor((at * golden.rows.length) / scores.length);
    throw failed(
      `${version} scores golden row ${row} ${scores[at]} where training gave ${golden.scores[at]}: refused`,
    );
  }
}

/** Scores of a table, rows × outputs, and the class that its rows are given. */
export function giveClasses(
  { pipeline, scorer, signature }: Pick<LoadedVersion, 'pipeline' | 'scorer' | 'signature'>,
  { inputs, sensitive }: Pick<Dataset, 'inputs' | 'sensitive'>,
  schema: Schema,
): { scores: Float64Array; given: Uint8Array } {
  const scores = scoreInputs({ pipeline, scorer }, inputs);
  const rule = signature.output;
  const groups = groupNames(groupingsOf(sensitive, schema), rule.by_group?.column);
  return { scores, given: classify(scores, rule, groups) };
}

/** Scores of raw inputs, rows × outputs. */
export function scoreInputs(
  { pipeline, scorer }: { pipeline: Pipeline; scorer: Scorer },
  inputs: Matrix,
): Float64Array {
  const features = transform(pipeline, inputs);
  return scorer(features.values, features.rows);
}
