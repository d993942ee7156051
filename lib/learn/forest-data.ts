/** What a forest grows from. */
import type { Edges } from './bins.ts';

export interface ForestData {
  readonly rows: number;
  /** Column-major: feature × rows + row. */
  readonly bins: Uint8Array;
  readonly edges: Edges;
  /** Class index per row. */
  readonly target: Uint8Array;
  readonly classes: number;
}

export interface ForestTreeParams {
  readonly maxDepth: number;
  readonly minSamplesLeaf: number;
  /** Features drawn at each split. */
  readonly maxFeatures: number;
  /** Weight per class in impurity and in leaf shares. */
  readonly classWeights: readonly number[];
  readonly seed: number;
}
