/** Follows one prediction back to the model, the data version, the script, the commit and the raw file. */
import { existsSync } from 'node:fs';
import { loadProject, type Project } from '../lib/config/load.ts';
import { badInput, FAILED, failed } from '../lib/fault.ts';
import { sha256File } from '../lib/files/hash.ts';
import { readLedger } from '../lib/files/ledger.ts';
import { predictionLedgers } from '../lib/registry/ledgers.ts';
import { readManifest } from '../lib/registry/manifest.ts';
import { readMetadata, verifyVersion } from '../lib/registry/versions.ts';
import { PREDICTION_ID, readLabels } from '../lib/serve/labels.ts';
import { type PredictionLine, predictionsIn } from '../lib/serve/prediction-log.ts';
import { isRoutedRight } from '../lib/serve/split.ts';
import { run } from '../lib/terminal.ts';

let trouble = false;

run(() => {
  const id = process.argv[2];
  if (!id || !PREDICTION_ID.test(id))
    throw badInput('which prediction? make trace ID=… (20 hexadecimal digits, from the answer or the log)');
  const project = loadProject();
  const { line, path, chain } = findPrediction(project, id);
  const label = readLabels(project).get(id);
  print(0, `prediction ${id}`, [
    minute(line.time),
    `${line.class} (probability ${line.probability.toFixed(3)})`,
    label === undefined ? 'truth not known' : `true class ${label}`,
    ...routeOf(line),
    chain,
    path,
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

function findPrediction(project: Project, id: string): { line: PredictionLine; path: string; chain: string } {
  for (const { path, format } of predictionLedgers(project)) {
    const { lines, problems } = readLedger(path, format);
    const found = lines
      .filter(({ body }) => body.includes(`{"id":"${id}"`))
      .flatMap(({ body, number }) => predictionsIn(JSON.parse(body)).map((line) => ({ line, number })))
      .find(({ line }) => line.id === id);
    if (found === undefined) continue;
    const broken = problems.length > 0;
    if (broken) trouble = true;
    return {
      line: found.line,
      path: `${path}:${found.number}`,
      chain: broken ? `CHAIN BROKEN (${problems[0]})` : 'chain ok',
    };
  }
  throw failed(`no log holds a prediction ${id}`);
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
      inputPath === project.config.data.raw_path ? 'raw' : 'from',
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
