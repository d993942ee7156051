/** validation.csv of a version: label, class given and out-of-fold scores of every training row. */
import { readRecords } from '../files/csv.ts';
import { type Registry, versionPath } from './versions.ts';

export interface Validation {
  /** Class indices. */
  readonly labels: Uint8Array;
  readonly given: Uint8Array;
  /** rows × outputs */
  readonly scores: Float64Array;
}

export function readValidation(registry: Registry, version: string): Validation {
  const labels: number[] = [];
  const classes: number[] = [];
  const scores: number[] = [];
  readRecords(versionPath(registry, version, 'validation.csv'), ([label, given, ...probabilities], line) => {
    if (line === 1) return;
    labels.push(Number(label));
    classes.push(Number(given));
    for (const probability of probabilities) scores.push(Number(probability));
  });
  return {
    labels: Uint8Array.from(labels),
    given: Uint8Array.from(classes),
    scores: Float64Array.from(scores),
  };
}
