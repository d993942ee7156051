/** A loaded version made ready to answer. */
import { type Explainer, explainerOf, type Method, type Space } from '../explain/explain.ts';
import { inputGroups, sumByInput } from '../explain/inputs.ts';
import { transformRows } from '../features/pipeline.ts';
import { classAt, type DecisionRule, type Thresholds, thresholdsFor } from '../learn/outputs.ts';
import type { LoadedVersion } from '../registry/load.ts';
import { type Fields, type ParsedRows, type Rows, rowParser } from './input.ts';

/** What is said of one row. */
export interface Given {
  /** Of the positive class; with more than two classes, of the class that is given. */
  readonly probability: number;
  readonly class: string;
  /** With more than two classes, of each. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

/** Why a row got what it got. */
export interface RowExplanation extends Given {
  readonly model: string;
  readonly sha256: string;
  readonly method: Method;
  /** What base and contributions add up in. */
  readonly space: Space;
  /** The class whose output is explained. */
  readonly of: string;
  readonly base: number;
  readonly contributions: Readonly<Record<string, number>>;
  readonly output: number;
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
  /** Contributions to what is given for each row; fails if they do not add up. */
  explain(rows: Rows): RowExplanation[];
  /** What the scores say of a row, and of its group where groups have thresholds of their own. */
  give(scores: Float64Array, row: number, sensitive?: Fields): Given;
}

/** `explainer` is prepared when an explanation is first asked for. */
export function serveModel(
  loaded: LoadedVersion,
  configured: number | 'model',
  since: string,
  prepareExplainer: () => Explainer = () => explainerOf(loaded.model),
): ServedModel {
  let explainer: Explainer | undefined;
  const groups = inputGroups(loaded.pipeline);
  const { pipeline, scorer, signature } = loaded;
  const { classes, outputs } = signature.output;
  const rule: DecisionRule = configured === 'model' ? signature.output : { thresholds: [configured] };
  const { thresholds } = rule;
  const width = pipeline.features.length;
  const featuresOf = ({ rows, values }: Rows) => transformRows(pipeline, values, rows.length);
  const score = (rows: Rows): Float64Array => {
    const probabilities = scorer(featuresOf(rows), rows.rows.length);
    for (const probability of probabilities)
      if (!(probability >= 0 && probability <= 1))
        throw new Error(`${loaded.version} gave ${probability} for a probability`);
    return probabilities;
  };
  const groupIn = (sensitive: Fields | undefined) => {
    const group = rule.by_group && sensitive?.[rule.by_group.column];
    return typeof group === 'string' ? group : undefined;
  };
  const give = (scores: Float64Array, index: number, sensitive?: Fields): Given => {
    const at = index * outputs.length;
    const k = classAt(scores, at, thresholdsFor(rule, groupIn(sensitive)));
    if (outputs.length === 1) return { probability: scores[at]!, class: classes[k]! };
    return {
      probability: scores[at + k]!,
      class: classes[k]!,
      probabilities: Object.fromEntries(outputs.map((name, output) => [name, scores[at + output]!])),
    };
  };
  return {
    version: loaded.version,
    sha256: loaded.sha256,
    thresholds,
    since,
    loaded,
    parse: rowParser(signature),
    score,
    give,
    explain(rows) {
      explainer ??= prepareExplainer();
      const { method, space, explain } = explainer;
      const [scores, features] = [score(rows), featuresOf(rows)];
      return rows.rows.map((_, i) => {
        const given = give(scores, i, rows.rows[i]!.sensitive);
        const output = outputs.length === 1 ? 0 : outputs.indexOf(given.class);
        const { base, contributions, output: sum } = explain(features, i * width, output);
        const sums = sumByInput(groups, contributions);
        return {
          model: loaded.version,
          sha256: loaded.sha256,
          ...given,
          method,
          space,
          of: outputs[output]!,
          base,
          contributions: Object.fromEntries(groups.names.map((name, group) => [name, sums[group]!])),
          output: sum,
        };
      });
    },
  };
}
