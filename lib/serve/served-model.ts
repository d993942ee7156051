/** A loaded version made ready to answer. */
import { transformRow } from '../features/pipeline.ts';
import { classAt, type Thresholds } from '../learn/outputs.ts';
import type { LoadedVersion } from '../registry/load.ts';
import { type ParsedRows, type Rows, rowParser } from './input.ts';

/** What is said of one row. */
export interface Given {
  /** Of the positive class; with more than two classes, of the class that is given. */
  readonly probability: number;
  readonly class: string;
  /** With more than two classes, of each. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

export interface ServedModel {
  readonly version: string;
  readonly sha256: string;
  readonly thresholds: Thresholds;
  readonly since: string;
  readonly loaded: LoadedVersion;
  parse(rows: readonly unknown[]): ParsedRows;
  /** Probabilities, rows × outputs; fails rather than give what is no probability. */
  score(rows: Rows): Float64Array;
  /** What the scores say of a row. */
  give(scores: Float64Array, row: number): Given;
}

export function serveModel(loaded: LoadedVersion, configured: number | 'model', since: string): ServedModel {
  const { pipeline, scorer, signature } = loaded;
  const { classes, outputs } = signature.output;
  const thresholds = configured === 'model' ? signature.output.thresholds : [configured];
  const inputs = pipeline.inputs.length;
  const width = pipeline.features.length;
  const row = new Float64Array(inputs);
  return {
    version: loaded.version,
    sha256: loaded.sha256,
    thresholds,
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
    give(scores, row) {
      const at = row * outputs.length;
      const k = classAt(scores, at, thresholds);
      if (outputs.length === 1) return { probability: scores[at]!, class: classes[k]! };
      return {
        probability: scores[at + k]!,
        class: classes[k]!,
        probabilities: Object.fromEntries(outputs.map((name, output) => [name, scores[at + output]!])),
      };
    },
  };
}
