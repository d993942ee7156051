/** Follows one prediction back to the model, the data version, the script, the commit and the raw file. */
import { existsSync } from 'node:fs';
import { loadProject, type Project } from '../lib/config/load.ts';
import { rawFiles } from '../lib/config/settings.ts';
import { FAILED } from '../lib/fault.ts';
import { sha256File } from '../lib/files/hash.ts';
import { readManifest } from '../lib/registry/manifest.ts';
import { readMetadata, verifyVersion } from '../lib/registry/versions.ts';
import { readLabels } from '../lib/serve/labels.ts';
import type { PredictionLine } from '../lib/serve/prediction-lines.ts';
import { isRoutedRight } from '../lib/serve/split.ts';
import { run } from '../lib/terminal.ts';
import { findPrediction } from '../lib/watch/find-prediction.ts';

let trouble = false;

run(() => {
  const project = loadProject();
  const { line, place, problem } = findPrediction(project, process.argv[2], 'trace');
  const { id } = line;
  if (problem !== undefined) trouble = true;
  const label = readLabels(project).get(id);
  print(0, `prediction ${id}`, [
    minute(line.time),
    `${line.class} (probability ${line.probability.toFixed(3)})`,
    label === undefined ? 'truth not known' : `true class ${label}`,
    ...routeOf(line),
    problem === undefined ? 'chain ok' : `CHAIN BROKEN (${problem})`,
    place,
  ]);
  traceModel(project, line);
  if (trouble) process.exitCode = FAILED;
});

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
    `trained ${minute(metadata.training_date)}`,
    `commit ${metadata.git.commit.slice(0, 12)}${metadata.git.dirty ? ' (dirty)' : ''}`,
  ]);
  traceArtefact(project, metadata.data.path, metadata.data.sha256, `data ${metadata.data.version}`, 2);
}

/** An artefact and, under it, what the manifest says it was made from. */
function traceArtefact(project: Project, path: string, recorded: string, title: string, depth: number): void {
  const line = readManifest(project)
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
  for (const input of line?.inputs?.split(',') ?? []) {
    const [inputPath, inputSha] = input.split('@') as [string, string];
    traceArtefact(
      project,
      inputPath,
      inputSha,
      rawFiles(project.config).includes(inputPath!) ? 'raw' : 'from',
      depth + 1,
    );
  }
}

function print(depth: number, title: string, facts: readonly string[]): void {
  console.log(`${depth === 0 ? '' : `${'   '.repeat(depth - 1)} └ `}${title}   ${facts.join('   ')}`);
}

function minute(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}
