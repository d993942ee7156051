/** The explainer of a registered version, by the settings of the config. */
import { existsSync } from 'node:fs';
import { sectionOf } from '../../lib/config/parse.ts';
import { type Dataset, readDataset, takeDataset } from '../../lib/data/dataset.ts';
import { type Matrix, takeRows } from '../../lib/numbers/matrix.ts';
import type { Project } from '../../lib/project.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import { transform } from '../../lib/train/pipeline.ts';
import { type Explainer, explainerOf } from './explain.ts';
import { explainSection } from './settings.ts';

/** Fails where the background is asked for and the version's training rows are not there. */
export function versionExplainer(project: Project, { metadata, model, pipeline }: LoadedVersion): Explainer {
  const { method, background } = sectionOf(project.config, explainSection);
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
  const data = readDataset(path, project.config.schema);
  return { path, ...takeDataset(data, evenly(data.inputs.rows, limit)) };
}

function spread(matrix: Matrix, limit: number): Matrix {
  return takeRows(matrix, evenly(matrix.rows, limit));
}

function evenly(rows: number, limit: number): Int32Array {
  const count = Math.min(rows, limit);
  return Int32Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));
}
