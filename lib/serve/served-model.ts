/** A loaded version made ready to answer. */
import { transformRow } from '../features/pipeline.ts';
import type { LoadedVersion } from '../registry/load.ts';
import { type ParsedRows, type Rows, rowParser } from './input.ts';

export interface ServedModel {
  readonly version: string;
  readonly sha256: string;
  readonly threshold: number;
  readonly since: string;
  readonly loaded: LoadedVersion;
  parse(rows: readonly unknown[]): ParsedRows;
  /** P(positive) of each row; fails rather than give what is no probability. */
  score(rows: Rows): Float64Array;
  classOf(probability: number): string;
}

export function serveModel(loaded: LoadedVersion, configured: number | 'model', since: string): ServedModel {
  const { pipeline, scorer, signature } = loaded;
  const threshold = configured === 'model' ? signature.output.threshold : configured;
  const [negative, positive] = signature.output.classes as [string, string];
  const inputs = pipeline.inputs.length;
  const width = pipeline.features.length;
  const row = new Float64Array(inputs);
  return {
    version: loaded.version,
    sha256: loaded.sha256,
    threshold,
    since,
    loaded,
    parse: rowParser(signature),
    score({ rows, values }) {
      const features = new Float64Array(rows.length * width);
      for (let i = 0; i < rows.length; i++) {
        for (let f = 0; f < inputs; f++) row[f] = values[i * inputs + f]!;
        transformRow(pipeline, row, features, i * width);
      }
      const probabilities = scorer(features, rows.length);
      for (const probability of probabilities)
        if (!(probability >= 0 && probability <= 1))
          throw new Error(`${loaded.version} gave ${probability} for a probability`);
      return probabilities;
    },
    classOf: (probability) => (probability >= threshold ? positive : negative),
  };
}
