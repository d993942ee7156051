/** The explainer of a registered version, by the settings of the config. */
import { existsSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { type Dataset, readDataset } from '../data/dataset.ts';
import { transform } from '../features/pipeline.ts';
import { type Matrix, takeRows } from '../learn/matrix.ts';
import type { LoadedVersion } from '../registry/load.ts';
import { type Explainer, explainerOf } from './explain.ts';

/** Fails where the background is asked for and the version's training rows are not there. */
export function versionExplainer(project: Project, { metadata, model, pipeline }: LoadedVersion): Explainer {
  const { method, background } = project.config.explain;
  if (method === 'path_dependent' || model.algorithm === 'LogisticRegression') return explainerOf(model);
  const { inputs } = readDataset(project.path(metadata.data.path), project.config.schema);
  return explainerOf(model, transform(pipeline, spread(inputs, background)));
}

export interface ExplainedRows extends Dataset {
  readonly path: string;
}

/** The later rows of the version's data, or its training rows where there are none; `limit` of them at even distances. */
export function rowsToExplain(project: Project, { metadata }: LoadedVersion, limit: number): ExplainedRows {
  const later = `${project.config.data.processed_dir}/${metadata.data.version}_test.csv`;
  const path = project.path(existsSync(project.path(later)) ? later : metadata.data.path);
  const { inputs, sensitive, target, entities } = readDataset(path, project.config.schema);
  const rows = evenly(inputs.rows, limit);
  return {
    path,
    inputs: takeRows(inputs, rows),
    sensitive: takeRows(sensitive, rows),
    target: Uint8Array.from(rows, (row) => target[row]!),
    entities: Int32Array.from(rows, (row) => entities[row]!),
  };
}

function spread(matrix: Matrix, limit: number): Matrix {
  return takeRows(matrix, evenly(matrix.rows, limit));
}

function evenly(rows: number, limit: number): number[] {
  const count = Math.min(rows, limit);
  return Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));
}
