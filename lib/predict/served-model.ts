/** A loaded version made ready to answer. */
import { conformalLimits, conformalSet } from '../measure/conformal.ts';
import { classAt, type DecisionRule, type Thresholds, thresholdsFor } from '../numbers/outputs.ts';
import type { Fields, Given, ModelShape } from '../record/events.ts';
import type { LoadedVersion } from '../registry/load.ts';
import { transformRows } from '../train/pipeline.ts';
import { type ParsedRows, type Rows, rowParser } from './input.ts';

export interface ServedModel {
  readonly version: string;
  readonly sha256: string;
  readonly thresholds: Thresholds;
  readonly since: string;
  readonly loaded: LoadedVersion;
  /** What its predictions on record have in common. */
  readonly shape: ModelShape;
  parse(rows: readonly unknown[]): ParsedRows;
  /** Row-major features of parsed rows. */
  features(rows: Rows): Float64Array;
  /** Probabilities, rows × outputs; fails rather than give what is no probability. */
  score(rows: Rows): Float64Array;
  /** What the scores say of a row, and of its group where groups have thresholds of their own. */
  give(scores: Float64Array, row: number, sensitive?: Fields): Given;
  /** Which classes hold the true one with this confidence, by what was given; undefined where training left nothing to say so. */
  sets(confidence: number): ((given: Given) => PredictionSet) | undefined;
}

export interface PredictionSet {
  readonly set: readonly string[];
  /** Whether it says nothing: it holds no class or every one. */
  readonly abstain: boolean;
}

export function serveModel(loaded: LoadedVersion, configured: number | 'model', since: string): ServedModel {
  const { pipeline, scorer, signature } = loaded;
  const { classes, outputs } = signature.output;
  const rule: DecisionRule = configured === 'model' ? signature.output : { thresholds: [configured] };
  const { thresholds } = rule;
  const features = ({ rows, values }: Rows) => transformRows(pipeline, values, rows.length);
  const groupIn = (sensitive: Fields | undefined) => {
    const group = rule.by_group && sensitive?.[rule.by_group.column];
    return typeof group === 'string' ? group : undefined;
  };
  return {
    version: loaded.version,
    sha256: loaded.sha256,
    thresholds,
    since,
    loaded,
    shape: {
      version: loaded.version,
      sha256: loaded.sha256,
      ids: signature.ids.map(({ name }) => name),
      input: signature.inputs.map(({ name }) => name),
    },
    parse: rowParser(signature),
    features,
    score(rows) {
      const probabilities = scorer(features(rows), rows.rows.length);
      for (const probability of probabilities)
        if (!(probability >= 0 && probability <= 1))
          throw new Error(`${loaded.version} gave ${probability} for a probability`);
      return probabilities;
    },
    give(scores, index, sensitive) {
      const at = index * outputs.length;
      const k = classAt(scores, at, thresholdsFor(rule, groupIn(sensitive)));
      if (outputs.length === 1) return { probability: scores[at]!, class: classes[k]! };
      return {
        probability: scores[at + k]!,
        class: classes[k]!,
        probabilities: Object.fromEntries(outputs.map((name, output) => [name, scores[at + output]!])),
      };
    },
    sets: (confidence) => setsOf(loaded, confidence),
  };
}

export function setsOf(
  { conformal, signature }: Pick<LoadedVersion, 'conformal' | 'signature'>,
  confidence: number,
): ((given: Given) => PredictionSet) | undefined {
  if (conformal === undefined) return undefined;
  const { classes, outputs } = signature.output;
  const limits = conformalLimits(conformal, confidence);
  return ({ probability, probabilities }) => {
    const each =
      outputs.length === 1 ? [1 - probability, probability] : classes.map((name) => probabilities![name]!);
    const set = conformalSet(limits, each).map((k) => classes[k]!);
    return { set, abstain: set.length === 0 || set.length === classes.length };
  };
}
