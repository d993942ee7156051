/** validation.csv of a version: label and out-of-fold scores of every training row. */
import type { Project } from '../config/load.ts';
import { readRecords } from '../files/csv.ts';
import { versionPath } from './versions.ts';

/** Class index per row, and scores, rows × outputs. */
export function readValidation(
  project: Project,
  version: string,
): { labels: Uint8Array; scores: Float64Array } {
  const labels: number[] = [];
  const scores: number[] = [];
  readRecords(versionPath(project, version, 'validation.csv'), ([label, ...given], line) => {
    if (line === 1) return;
    labels.push(Number(label));
    for (const score of given) scores.push(Number(score));
  });
  return { labels: Uint8Array.from(labels), scores: Float64Array.from(scores) };
}
