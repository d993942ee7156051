/** validation.csv of a version: label and out-of-fold score of every training row. */
import type { Project } from '../config/load.ts';
import { readRecords } from '../files/csv.ts';
import { versionPath } from './versions.ts';

export function readValidation(
  project: Project,
  version: string,
): { labels: Uint8Array; scores: Float64Array } {
  const labels: number[] = [];
  const scores: number[] = [];
  readRecords(versionPath(project, version, 'validation.csv'), ([label, score], line) => {
    if (line === 1) return;
    labels.push(Number(label));
    scores.push(Number(score));
  });
  return { labels: Uint8Array.from(labels), scores: Float64Array.from(scores) };
}
