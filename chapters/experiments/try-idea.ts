/** An idea is trained and evaluated as make train would, and registered nowhere. */
import { existsSync } from 'node:fs';
import { programHashes } from '../../lib/config/programs.ts';
import type { Config } from '../../lib/config/schema.ts';
import { readDataset } from '../../lib/data/dataset.ts';
import { failed } from '../../lib/fault.ts';
import { sha256File } from '../../lib/files/hash.ts';
import type { Project } from '../../lib/project.ts';
import { partPath } from '../../lib/registry/data-versions.ts';
import { type Keep, outcomeOf, type Tried, tryOut } from '../../lib/registry/tried.ts';
import { buildVersion, type TrainingChange, trainingSettings, versionFiles } from '../../lib/train/build.ts';

/** What an idea's training depends on: its run has the id of a make train with these settings. */
export function aboutIdea(
  project: Project,
  config: Config,
  name: string,
  changes: readonly TrainingChange[],
  code: Readonly<Record<string, string>>,
  sha256: string,
): Omit<Tried, 'git' | 'began' | 'spent' | 'outcome'> {
  const { current_version: version } = project.config.data;
  return {
    kind: 'idea',
    name,
    settings: trainingSettings(config, changes),
    data: { version, sha256, rows: 0 },
    code,
  };
}

export function trainingData(project: Project): { path: string; sha256: string } {
  const path = project.path(partPath(project, project.config.data.current_version, 'train'));
  if (!existsSync(path)) throw failed(`${path} is missing: make prepare makes it`);
  return { path, sha256: sha256File(path) };
}

/** The files that make train runs. */
export function trainingCode(files: readonly string[]): Record<string, string> {
  return programHashes(['scripts/model-train.ts', ...files]);
}

export async function tryIdea(
  project: Project,
  config: Config,
  name: string,
  {
    changes,
    code,
    keep,
  }: { changes: readonly TrainingChange[]; code: Readonly<Record<string, string>>; keep: Keep },
): Promise<void> {
  const { path, sha256 } = trainingData(project);
  const { schema, data } = config;
  const rows = readDataset(path, schema);
  const laterPath = project.path(partPath(project, data.current_version, 'test'));
  const later = existsSync(laterPath) ? readDataset(laterPath, schema) : undefined;
  const about = aboutIdea(project, config, name, changes, code, sha256);
  const tried = { ...about, data: { ...about.data, rows: rows.inputs.rows } };
  await tryOut(project, tried, [keep], async () => {
    const built = await buildVersion(config, rows, { later, changes });
    return { result: undefined, outcome: outcomeOf(built, versionFiles(built, rows.target), later) };
  });
}
