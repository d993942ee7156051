/**
 * What production was in a stretch of time, as counts on points that do not move: two of them add up to one, in any order the
 * same bytes.
 */
import { countBins, type Reference } from '../measure/drift-reference.ts';
import type { PredictionLine } from '../record/events.ts';
import type { SignatureInput } from '../train/signature.ts';
import { columnOf } from './columns.ts';

export type Counts = Readonly<Record<string, number>>;

export interface Summary {
  readonly rows: number;
  readonly refused: number;
  /** By class: what was given. */
  readonly given: Counts;
  /** "given true" → how many of the rows whose truth came. */
  readonly truth: Counts;
  /** Probability that was given, in twentieths. */
  readonly scores: Counts;
  /** Milliseconds by the bins of logBin. */
  readonly latency: Counts;
  /** "bin class": seconds from a prediction to its first truth, by class. */
  readonly delay: Counts;
  /** Of each input the rows in each of its frozen bins. */
  readonly inputs: readonly Counts[];
}

export const NOTHING: Summary = {
  rows: 0,
  refused: 0,
  given: {},
  truth: {},
  scores: {},
  latency: {},
  delay: {},
  inputs: [],
};

/** What a window or an hour adds up. */
export type Fact =
  | { readonly kind: 'prediction'; readonly line: PredictionLine }
  | { readonly kind: 'refusal' }
  | {
      readonly kind: 'truth';
      readonly line: PredictionLine;
      readonly label: string;
      readonly isFirst: boolean;
      /** −1 takes back what a correction makes untrue. */
      readonly weight: 1 | -1;
      readonly delaySeconds: number;
    };

/** Bins that grow by 2 %, so that a quantile is within 1 % (DDSketch, Masson, Rim & Lee 2019, with counts alone). */
const GROWTH = Math.log(1.02);
const LEAST = 1e-3;
const SCORES = 20;

function logBin(value: number): string {
  return String(Math.max(0, Math.ceil(Math.log(Math.max(value, LEAST) / LEAST) / GROWTH)));
}

/** A quantile of counts by logBin; undefined of none. */
export function quantileOf(counts: Counts, q: number): number | undefined {
  const bins = Object.entries(counts)
    .map(([bin, count]) => [Number(bin), count] as const)
    .sort(([a], [b]) => a - b);
  const total = bins.reduce((sum, [, count]) => sum + count, 0);
  let rank = Math.floor(q * (total - 1));
  for (const [bin, count] of bins) {
    if (rank < count) return LEAST * Math.exp((bin - 0.5) * GROWTH);
    rank -= count;
  }
  return undefined;
}

/** Adds facts, with the inputs of predictions by the frozen bins of their version. */
export function summarise(
  facts: readonly Fact[],
  references: readonly Reference[],
  inputs: readonly SignatureInput[],
): Summary {
  const lines = facts.flatMap((fact) => (fact.kind === 'prediction' ? [fact.line] : []));
  const truths = facts.flatMap((fact) => (fact.kind === 'truth' ? [fact] : []));
  return {
    rows: lines.length,
    refused: facts.filter(({ kind }) => kind === 'refusal').length,
    given: countBy(lines, (line) => line.class),
    truth: countBy(
      truths,
      ({ line, label }) => JSON.stringify([line.class, label]),
      ({ weight }) => weight,
    ),
    scores: countBy(lines, ({ probability }) =>
      String(Math.min(SCORES - 1, Math.floor(probability * SCORES))),
    ),
    latency: countBy(lines, ({ latency_ms }) => logBin(latency_ms)),
    delay: countBy(
      truths.filter(({ weight }) => weight > 0),
      ({ label, delaySeconds }) => `${logBin(delaySeconds)} ${label}`,
    ),
    inputs: references.map((reference) => {
      const column = inputs.find(({ name }) => name === reference.name)!;
      const counts = countBins(reference, columnOf(lines, column));
      return Object.fromEntries(
        Array.from(counts, (count, bin) => [String(bin), count] as const).filter(([, count]) => count > 0),
      );
    }),
  };
}

function countBy<T>(
  values: readonly T[],
  nameOf: (value: T) => string,
  weightOf: (value: T) => number = () => 1,
): Counts {
  const counts = new Map<string, number>();
  for (const value of values) {
    const name = nameOf(value);
    counts.set(name, (counts.get(name) ?? 0) + weightOf(value));
  }
  return sorted(counts);
}

function sorted(counts: Iterable<readonly [string, number]>): Counts {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function mergeSummaries(a: Summary, b: Summary): Summary {
  const counts = (of: (summary: Summary) => Counts) => addCounts(of(a), of(b));
  return {
    rows: a.rows + b.rows,
    refused: a.refused + b.refused,
    given: counts(({ given }) => given),
    truth: counts(({ truth }) => truth),
    scores: counts(({ scores }) => scores),
    latency: counts(({ latency }) => latency),
    delay: counts(({ delay }) => delay),
    inputs: Array.from({ length: Math.max(a.inputs.length, b.inputs.length) }, (_, i) =>
      addCounts(a.inputs[i] ?? {}, b.inputs[i] ?? {}),
    ),
  };
}

function addCounts(a: Counts, b: Counts): Counts {
  const sum = new Map(Object.entries(a));
  for (const [name, count] of Object.entries(b)) sum.set(name, (sum.get(name) ?? 0) + count);
  return sorted(sum);
}

/** Rows whose truth came, and how many of them were wrong. */
export function errorsIn({ truth }: Summary): { labelled: number; wrong: number } {
  let [labelled, wrong] = [0, 0];
  for (const [pair, count] of Object.entries(truth)) {
    const [given, label] = JSON.parse(pair) as [string, string];
    labelled += count;
    if (given !== label) wrong += count;
  }
  return { labelled, wrong };
}
