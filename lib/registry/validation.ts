/** validation.csv of a version: label, class given and out-of-fold scores of every training row, and where they repeat its entity. */
import { readRecords } from '../files/csv.ts';
import { type Registry, versionPath } from './versions.ts';

export interface Validation {
  /** Class indices. */
  readonly labels: Uint8Array;
  readonly given: Uint8Array;
  /** rows × outputs */
  readonly scores: Float64Array;
  /** Rows of one entity share a number; undefined where each row is one of its own. */
  readonly entities: Int32Array | undefined;
}

export function readValidation(registry: Registry, version: string): Validation {
  return readValidationFile(versionPath(registry, version, 'validation.csv'));
}

export function readValidationFile(path: string): Validation {
  const labels: number[] = [];
  const classes: number[] = [];
  const scores: number[] = [];
  const entities: number[] = [];
  let hasEntities = false;
  readRecords(path, (fields, line) => {
    if (line === 1) {
      hasEntities = fields.at(-1) === 'entity';
      return;
    }
    if (hasEntities) entities.push(Number(fields.pop()));
    const [label, given, ...probabilities] = fields;
    labels.push(Number(label));
    classes.push(Number(given));
    for (const probability of probabilities) scores.push(Number(probability));
  });
  return {
    labels: Uint8Array.from(labels),
    given: Uint8Array.from(classes),
    scores: Float64Array.from(scores),
    entities: hasEntities ? Int32Array.from(entities) : undefined,
  };
}
