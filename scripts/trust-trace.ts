/** Follows one prediction back to the model, the data version, the script, the commit and the raw file. */
import { existsSync } from 'node:fs';
import { rawFiles } from '../lib/config/settings.ts';
import { chapters } from '../lib/door.ts';
import { FAILED } from '../lib/fault.ts';
import { sha256File } from '../lib/files/hash.ts';
import type { Project } from '../lib/project.ts';
import type { PredictionLine } from '../lib/record/events.ts';
import { inputsOf, readManifest } from '../lib/record/manifest.ts';
import { findPrediction } from '../lib/record/predictions.ts';
import { followTruth, truthOf } from '../lib/record/truth.ts';
import { isRoutedRight } from '../lib/registry/split.ts';
import { readMetadata, verifyVersion } from '../lib/registry/versions.ts';
import { required, step } from '../lib/step.ts';
import { formatTime } from '../lib/words.ts';

let trouble = false;

step(
  { chapters, args: { ID: required('which prediction? make trace ID=… (of an answer or the log)') } },
  (project, { ID }) => {
    const { line, place, problem } = findPrediction(project.ledgers, ID);
    if (problem !== undefined) trouble = true;
    const truth = knownTruth(project, ID);
    print(0, `prediction ${ID}`, [
      formatTime(line.time),
      `${line.class} (probability ${line.probability.toFixed(3)})`,
      truth,
      ...routeOf(line),
      problem === undefined ? 'chain ok' : `CHAIN BROKEN (${problem})`,
      place,
    ]);
    traceModel(project, line);
    if (trouble) process.exitCode = FAILED;
  },
);

/** Who said what was true, and when; a damaged stream says nothing of it. */
function knownTruth(project: Project, id: string): string {
  try {
    followTruth(project.ledgers);
  } catch (error) {
    trouble = true;
    return `truth not read: ${(error as Error).message}`;
  }
  const truth = truthOf(project.ledgers, [id]).get(id);
  if (truth === undefined) return 'truth not known';
  return `true class ${truth.label}, says ${truth.by} at ${formatTime(truth.time)}`;
}

/** Under a split: by what the version was drawn, and whether it is drawn again. */
function routeOf(line: PredictionLine): string[] {
  if (line.split === undefined) return [];
  const right = isRoutedRight(line);
  if (!right) trouble = true;
  return [
    `${line.route} of ${line.split} by key ${line.key}${right ? ', drawn again the same' : ': NOT WHAT THE KEY DRAWS'}`,
  ];
}

function traceModel(project: Project, { model, sha256 }: PredictionLine): void {
  const problems = verifyVersion(project, model);
  const metadata = readMetadata(project, model);
  const same = metadata.files['model.json'] === sha256;
  if (!same || problems.length > 0) trouble = true;
  print(1, `model ${model}`, [
    `sha256 ${sha256.slice(0, 12)}… ${same && problems.length === 0 ? '= registry = evaluated' : `DIFFERS: ${problems[0] ?? 'another model is registered'}`}`,
    metadata.algorithm,
    `trained ${formatTime(metadata.training_date)}`,
    `commit ${metadata.git.commit.slice(0, 12)}${metadata.git.dirty ? ' (dirty)' : ''}`,
  ]);
  traceArtefact(project, metadata.data.path, metadata.data.sha256, `data ${metadata.data.version}`, 2);
}

/** An artefact and, under it, what the manifest says it was made from. */
function traceArtefact(project: Project, path: string, recorded: string, title: string, depth: number): void {
  const line = readManifest(project.ledgers)
    .filter((entry) => entry.path === path && entry.sha256 === recorded)
    .at(-1);
  const file = project.path(path);
  const state = !existsSync(file) ? 'MISSING' : sha256File(file) === recorded ? 'ok' : 'DIFFERS';
  if (state !== 'ok') trouble = true;
  const made =
    line === undefined
      ? []
      : [`${line.script} @ ${line.commit}`, ...(line.source === undefined ? [] : [line.source])];
  print(depth, title, [path, `sha256 ${recorded.slice(0, 12)}… ${state}`, ...made]);
  const raw = rawFiles(project.config);
  for (const input of inputsOf(line ?? {}))
    traceArtefact(project, input.path, input.sha256, raw.includes(input.path) ? 'raw' : 'from', depth + 1);
}

function print(depth: number, title: string, facts: readonly string[]): void {
  console.log(`${depth === 0 ? '' : `${'   '.repeat(depth - 1)} └ `}${title}   ${facts.join('   ')}`);
}
